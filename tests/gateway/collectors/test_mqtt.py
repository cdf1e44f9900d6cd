"""The MQTT collector against real brokers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.collectors.backoff import Backoff
from gateway.collectors.mqtt import MqttCollector
from gateway.model import Batch, Flag, Receipts
from gateway.settings import MqttSettings
from simulators.servers.child import free_port
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from tests.gateway.collectors.rig import (
    Broker,
    RecordingJournal,
    WatchedHealth,
    collecting,
    gas_devices,
    leave_session,
    publish,
)

NOW_MS = 1_760_000_000_000
TOPIC = "lifeline/gas-1/up"


def settings_for(broker: Broker, in_flight: int = 20) -> MqttSettings:
    return MqttSettings(
        "district",
        broker.host,
        broker.port,
        client_id="lifeline-test-district",
        topics=("lifeline/{device}/up",),
        in_flight=in_flight,
    )


def make(
    settings: MqttSettings,
    health: WatchedHealth,
    *,
    recent: tuple[bytes, ...] = (),
    max_waiting: int = 5_000,
    devices: int = 1,
) -> MqttCollector:
    return MqttCollector(
        settings,
        gas_devices(count=devices),
        clock=SystemClock(),
        health=health,
        recent=recent,
        max_waiting=max_waiting,
        backoff=Backoff(0.02, 0.1, seed=1),
    )


def numbered(count: int, start: int = 0) -> list[tuple[str, bytes]]:
    return [(TOPIC, b'{"ts":%d,"ch4":%d}' % (NOW_MS + n, n)) for n in range(start, start + count)]


def values(journal: RecordingJournal) -> list[float]:
    return [value for _, _, value in journal.rows]


async def test_what_a_device_publishes_is_journaled_with_its_own_time(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(make(settings_for(broker), health), journal):
        await health.until_ok()

        await publish(broker, [(TOPIC, b'{"ts":1760000000123,"ch4":12.5,"temperature":21}')])
        await journal.until(lambda: len(journal.rows) == 2)

    time_ns = 1_760_000_000_123_000_000
    assert journal.rows == [(1, time_ns, 12.5), (2, time_ns, 21.0)]


async def test_a_backlogged_session_is_not_acknowledged_before_it_is_durable(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    """The trap: what the broker kept arrives right behind the CONNACK, before any code after connecting runs."""
    settings = settings_for(broker, in_flight=1_000)
    await leave_session(broker, settings.client_id, "lifeline/+/up")
    await publish(broker, numbered(50))
    journal.hold()
    task = asyncio.create_task(make(settings, health).run(journal))
    await journal.until(lambda: journal.calls > 0)
    await health.until_ok()
    killed, journal.records = journal.records, []
    await abandon(task, health)

    journal.release()
    again = RecordingJournal()
    async with collecting(make(settings, WatchedHealth()), again):
        await again.until(lambda: len(set(values(again))) == 50)

    assert killed == []
    assert set(values(again)) == set(range(50))


async def abandon(task: asyncio.Task[None], health: WatchedHealth) -> None:
    """End a collector whose journal is stuck: nothing it holds may be acknowledged."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert health.counts().get(("collector:district", "sent", ""), 0) == 0


async def test_what_was_durable_is_acknowledged_and_does_not_come_again(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    settings = settings_for(broker)
    async with collecting(make(settings, health), journal):
        await health.until_ok()
        await publish(broker, numbered(300))
        await journal.until(lambda: len(journal.rows) == 300)

    # mosquitto reads one packet of each client a turn, and throws away what a replaced client still had to say.
    await publish(broker, [("elsewhere", b"")] * 40)
    again = RecordingJournal()
    second = WatchedHealth()
    async with collecting(make(settings, second), again):
        await second.until_ok()
        await publish(broker, numbered(1, start=300))
        await again.until(lambda: 300.0 in values(again))

    assert values(journal) == [float(n) for n in range(300)]
    assert values(again) == [300.0]


async def test_half_a_window_hurries_the_commit(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(make(settings_for(broker, in_flight=2), health), journal):
        await health.until_ok()

        await publish(broker, numbered(3))
        await journal.until(lambda: len(journal.rows) == 3)

    assert all(journal.urgent)


async def test_a_lone_message_does_not_hurry(broker: Broker, journal: RecordingJournal, health: WatchedHealth) -> None:
    async with collecting(make(settings_for(broker, in_flight=20), health), journal):
        await health.until_ok()

        await publish(broker, numbered(1))
        await journal.until(lambda: len(journal.rows) == 1)

    assert journal.urgent == [False]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", "json", id="empty"),
        pytest.param(b"\xff\xfe\x00", "json", id="not text"),
        pytest.param(b"[" * 100_000, "json", id="deep"),
        pytest.param(b"{" + b" " * (1 << 20) + b"}", "too long", id="long"),
        pytest.param(b'{"ts":1,"ch4":NaN}', "json", id="nan"),
        pytest.param(b'{"ts":1,"other":1}', "no known field", id="other fields"),
        pytest.param(b'{"ts":"yesterday","ch4":1}', "time", id="wrong time"),
        pytest.param(b'{"ts":1,"ch4":"12"}', "field type", id="wrong type"),
        pytest.param(b'{"ts":1,"ch4":true}', "field type", id="boolean"),
    ],
)
async def test_bad_bytes_are_kept_counted_acknowledged_and_passed(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path, payload: bytes, reason: str
) -> None:
    with NatsBroker(tmp_path, extra="max_payload: 2MB") as broker:
        settings = settings_for(broker, in_flight=2)
        async with collecting(make(settings, health), journal):
            await health.until_ok()
            await publish(broker, [(TOPIC, payload), *numbered(5)])
            await journal.until(lambda: len(journal.rows) == 5)

    assert [(kept.source, kept.reason) for kept in journal.quarantine] == [(f"district {TOPIC}", reason)]
    assert payload.startswith(journal.quarantine[0].payload)
    assert health.counts()["collector:district", "failed", reason] == 1
    assert health.counts()["collector:district", "sent", ""] == 6


async def test_an_unknown_device_is_kept_and_does_not_hold_its_neighbours(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(make(settings_for(broker), health), journal):
        await health.until_ok()

        await publish(broker, [("lifeline/stranger/up", b'{"ch4":1}'), *numbered(1)])
        await journal.until(lambda: len(journal.rows) == 1)

    assert [kept.reason for kept in journal.quarantine] == ["unknown topic"]
    assert journal.quarantine[0].source == "district lifeline/stranger/up"


async def test_a_payload_without_a_time_takes_its_time_of_receipt(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth, clock: SystemClock
) -> None:
    before_ns = clock.now().utc_ns
    async with collecting(make(settings_for(broker), health), journal):
        await health.until_ok()

        await publish(broker, [(TOPIC, b'{"ch4":1}')])
        await journal.until(lambda: len(journal.rows) == 1)

    batch = next(record for record in journal.records if isinstance(record, Batch))
    assert before_ns <= batch.time_ns[0] <= batch.received_ns
    assert batch.flags[0] == Flag.NO_SOURCE_TIME
    assert [len(record.hashes) for record in journal.records if isinstance(record, Receipts)] == [1]


async def test_a_redelivered_payload_without_a_time_is_the_same_message_again(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    """Killed between commit and PUBACK: the journal holds the receipt, the broker delivers again."""
    settings = settings_for(broker)
    await leave_session(broker, settings.client_id, "lifeline/+/up")
    await publish(broker, [(TOPIC, b'{"ch4":1}')])
    first = MqttCollectorThatDiesBeforeAcknowledging(settings, health)
    await first.run_until_durable(journal)
    receipts = tuple(digest for record in journal.records if isinstance(record, Receipts) for digest in record.hashes)

    again = RecordingJournal()
    second = WatchedHealth()
    async with collecting(make(settings, second, recent=receipts), again):
        await second.until_ok()
        await second.until(lambda: ("collector:district", "dropped", "redelivery") in second.counts())
        await publish(broker, [(TOPIC, b'{"ch4":1}')])
        await again.until(lambda: len(again.rows) == 1)

    assert values(journal) == [1.0]
    assert values(again) == [1.0]


class MqttCollectorThatDiesBeforeAcknowledging:
    """A collector whose connection breaks off when its messages are on disk."""

    def __init__(self, settings: MqttSettings, health: WatchedHealth) -> None:
        self._collector = make(settings, health)

    async def run_until_durable(self, journal: RecordingJournal) -> None:
        task = asyncio.create_task(self._collector.run(journal))
        journal.hold()
        await journal.until(lambda: journal.calls == 1)
        flow = self._collector._flow
        assert flow is not None
        flow.connection.close("killed")
        journal.release()
        await journal.until(lambda: len(journal.rows) == 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_too_many_waiting_messages_stop_the_reading(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    with NatsBroker(tmp_path, max_ack_pending=10_000) as broker:
        settings = settings_for(broker, in_flight=10_000)
        journal.hold()
        async with collecting(make(settings, health, max_waiting=100), journal):
            await health.until_ok()
            await publish(broker, numbered(500))
            await journal.until(lambda: journal.calls > 0)
            waiting = health.gauges()["collector:district:waiting"]

            journal.release()
            await journal.until(lambda: len(journal.rows) == 500)

    assert waiting <= 100
    assert values(journal) == [float(n) for n in range(500)]


async def test_a_journal_that_takes_nothing_costs_no_message(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    journal.is_broken = True
    async with collecting(make(settings_for(broker), health), journal):
        await health.until_ok()
        await publish(broker, numbered(20))
        await journal.until(lambda: journal.calls > 1)

        journal.is_broken = False
        await journal.until(lambda: len(set(values(journal))) == 20, seconds=20)

    assert set(values(journal)) == set(range(20))


async def test_a_broker_away_at_the_start_is_said_once_and_caught_up_with(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(NatsBroker(tmp_path, port=free_port()))
    with caplog.at_level(logging.INFO, "gateway"), socket.socket() as holder:
        # Bound and not listening: refuses connections, and keeps the port from other tests.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((settings.host, settings.port))
        async with collecting(make(settings, health), journal):
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
        async with collecting(make(settings_for(broker), health), journal):
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
    (tmp_path / "acl").write_text("")
    extra = "allow_anonymous false"
    with MosquittoBroker(need("mosquitto"), tmp_path / "m", extra=extra) as broker:
        async with collecting(make(settings_for(broker), health), journal):
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
        async with collecting(make(settings, health), journal):
            await asked.wait()
        await left.wait()

    assert journal.calls == 0


async def test_a_retained_message_without_a_time_is_doubted_and_taken_once(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    await publish(broker, [(TOPIC, b'{"ch4":7}')], retain=True)
    collector = make(settings_for(broker), health)
    async with collecting(collector, journal):
        await journal.until(lambda: len(journal.rows) == 1)

    async with collecting(collector, journal):
        await publish(broker, numbered(1))
        await journal.until(lambda: 0.0 in values(journal))

    assert sorted(values(journal)) == [0.0, 7.0]
    batch = next(record for record in journal.records if isinstance(record, Batch))
    assert batch.quality.tolist() == [3]
