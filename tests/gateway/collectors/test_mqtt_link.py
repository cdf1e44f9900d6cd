"""The MQTT collector when the broker, the network or the journal fails."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.settings import MqttSettings
from simulators.servers.child import free_port
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from tests.gateway.collectors.mqtt_rig import mqtt_collector, mqtt_settings, numbered, values
from tests.gateway.collectors.rig import (
    Broker,
    Link,
    RecordingJournal,
    WatchedHealth,
    collecting,
    publish,
)


async def test_a_broker_away_at_the_start_is_said_once_and_caught_up_with(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = mqtt_settings(NatsBroker(tmp_path, port=free_port()))
    with caplog.at_level(logging.INFO, "gateway"), socket.socket() as holder:
        # Bound and not listening: refuses connections, and keeps the port from other tests.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((settings.host, settings.port))
        async with collecting(mqtt_collector(settings, health), journal):
            await health.until(lambda: bool(health.conditions()))
            away = health.conditions()[0]
            with NatsBroker(tmp_path, port=settings.port) as broker:
                await health.until_ok()
                await publish(broker, numbered(1))
                await journal.until(lambda: len(journal.rows) == 1)

    assert not away.ok
    assert f"127.0.0.1:{settings.port}" in away.reason
    assert [record.levelname for record in caplog.records if record.name.startswith("gateway")] == ["WARNING", "INFO"]


async def test_a_broker_killed_and_started_again_loses_nothing(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    with NatsBroker(tmp_path, ack_wait_seconds=1) as broker:
        async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
            await health.until_ok()
            await publish(broker, numbered(50))
            broker.kill()
            broker.start()
            await publish(broker, numbered(50, start=50))
            await journal.until(lambda: len(set(values(journal))) == 100, seconds=20)

    assert set(values(journal)) == set(range(100))


async def test_a_refused_password_is_named(
    journal: RecordingJournal, health: WatchedHealth, need: Callable[[str], str], tmp_path: Path
) -> None:
    extra = "allow_anonymous false"
    with MosquittoBroker(need("mosquitto"), tmp_path / "m", extra=extra) as broker:
        async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
            await health.until(lambda: bool(health.conditions()))

    assert "authori" in health.conditions()[0].reason.lower()


async def test_a_server_that_never_answers_does_not_hold_the_stop(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()[:2]
    settings = MqttSettings("district", host, port, client_id="x", topics=("a/{device}",))

    async with silent, asyncio.timeout(3):
        async with collecting(mqtt_collector(settings, health), journal):
            await asked.wait()
        await left.wait()

    assert journal.calls == 0


@pytest.mark.slow
async def test_a_half_open_link_is_noticed_and_loses_nothing(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with (
        Link(broker) as link,
        collecting(mqtt_collector(mqtt_settings(link, keepalive_seconds=1), health), journal),
    ):
        await health.until_ok()
        await publish(broker, numbered(5))
        await journal.until(lambda: len(journal.rows) == 5)

        link.freeze()
        await publish(broker, numbered(15, start=5))
        await journal.until(lambda: len(set(values(journal))) == 20, seconds=15)

    assert link.accepted >= 2
    assert set(values(journal)) == set(range(20))


@pytest.mark.slow
async def test_a_pause_longer_than_the_keepalive_loses_nothing(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    with NatsBroker(tmp_path, ack_wait_seconds=1) as broker:
        journal.hold()
        settings = mqtt_settings(broker, in_flight=100, keepalive_seconds=1)
        collector = mqtt_collector(settings, health, max_waiting=5)
        async with collecting(collector, journal):
            await health.until_ok()
            await publish(broker, numbered(50))
            await health.until(lambda: health.counted("collector:district", "received") > 0)
            flow = collector._flow
            assert flow is not None
            waiting = flow.waiting
            await flow.connection.lost()

            journal.release()
            await journal.until(lambda: len(set(values(journal))) == 50, seconds=20)

    assert waiting <= 5
    assert set(values(journal)) == set(range(50))


async def test_too_many_waiting_messages_stop_the_reading(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    with NatsBroker(tmp_path, max_ack_pending=10_000) as broker:
        settings = mqtt_settings(broker, in_flight=10_000)
        journal.hold()
        async with collecting(mqtt_collector(settings, health, max_waiting=100), journal):
            await health.until_ok()
            await publish(broker, numbered(500))
            await journal.until(lambda: journal.calls > 0)
            waiting = health.gauges()["collector:district:waiting"]

            journal.release()
            await journal.until(lambda: len(journal.rows) == 500)

    assert waiting <= 100
    assert values(journal) == [float(n) for n in range(500)]
