"""The MQTT collector's promise against real brokers: durable, then acknowledged, and nothing twice."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from gateway.model import Receipts
from gateway.settings import MqttSettings
from tests.gateway.collectors.mqtt_rig import TOPIC, mqtt_collector, mqtt_settings, numbered, values
from tests.gateway.collectors.rig import (
    Broker,
    RecordingJournal,
    WatchedHealth,
    collecting,
    leave_session,
    publish,
)


@pytest.mark.slow
async def test_a_backlogged_session_is_not_acknowledged_before_it_is_durable(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    """The trap: what the broker kept arrives right behind the CONNACK, before any code after connecting runs."""
    settings = mqtt_settings(broker, in_flight=1_000)
    await leave_session(broker, settings.client_id, "lifeline/+/up")
    await publish(broker, numbered(50))
    journal.hold()
    task = asyncio.create_task(mqtt_collector(settings, health).run(journal))
    await journal.until(lambda: journal.calls > 0)
    await health.until_ok()
    killed, journal.records = journal.records, []
    await abandon(task, health)

    journal.release()
    again = RecordingJournal()
    async with collecting(mqtt_collector(settings, WatchedHealth()), again):
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
    settings = mqtt_settings(broker)
    async with collecting(mqtt_collector(settings, health), journal):
        await health.until_ok()
        await publish(broker, numbered(300))
        await journal.until(lambda: len(journal.rows) == 300)

    # mosquitto reads one packet of each client a turn, and throws away what a replaced client still had to say.
    await publish(broker, [("elsewhere", b"")] * 40)
    again = RecordingJournal()
    second = WatchedHealth()
    async with collecting(mqtt_collector(settings, second), again):
        await second.until_ok()
        await publish(broker, numbered(1, start=300))
        await again.until(lambda: 300.0 in values(again))

    assert values(journal) == [float(n) for n in range(300)]
    assert values(again) == [300.0]


async def test_half_a_window_hurries_the_commit(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(mqtt_collector(mqtt_settings(broker, in_flight=2), health), journal):
        await health.until_ok()

        await publish(broker, numbered(3))
        await journal.until(lambda: len(journal.rows) == 3)

    assert all(journal.urgent)


async def test_a_lone_message_does_not_hurry(broker: Broker, journal: RecordingJournal, health: WatchedHealth) -> None:
    async with collecting(mqtt_collector(mqtt_settings(broker, in_flight=20), health), journal):
        await health.until_ok()

        await publish(broker, numbered(1))
        await journal.until(lambda: len(journal.rows) == 1)

    assert journal.urgent == [False]


@pytest.mark.slow
async def test_a_redelivered_payload_without_a_time_is_the_same_message_again(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    """Killed between commit and PUBACK: the journal holds the receipt, the broker delivers again."""
    settings = mqtt_settings(broker)
    await leave_session(broker, settings.client_id, "lifeline/+/up")
    await publish(broker, [(TOPIC, b'{"ch4":1}')])
    first = MqttCollectorThatDiesBeforeAcknowledging(settings, health)
    await first.run_until_durable(journal)
    receipts = tuple(digest for record in journal.records if isinstance(record, Receipts) for digest in record.hashes)

    again = RecordingJournal()
    second = WatchedHealth()
    async with collecting(mqtt_collector(settings, second, recent=receipts), again):
        await second.until_ok()
        await second.until(lambda: ("collector:district", "dropped", "redelivery") in second.counts())
        await publish(broker, [(TOPIC, b'{"ch4":1}')])
        await again.until(lambda: len(again.rows) == 1)

    assert values(journal) == [1.0]
    assert values(again) == [1.0]


class MqttCollectorThatDiesBeforeAcknowledging:
    """A collector whose connection breaks off when its messages are on disk."""

    def __init__(self, settings: MqttSettings, health: WatchedHealth) -> None:
        self._collector = mqtt_collector(settings, health)

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


@pytest.mark.slow
async def test_a_journal_that_takes_nothing_costs_no_message(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    journal.is_broken = True
    async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
        await health.until_ok()
        await publish(broker, numbered(20))
        await journal.until(lambda: journal.calls > 1)

        journal.is_broken = False
        await journal.until(lambda: len(set(values(journal))) == 20, seconds=20)

    assert set(values(journal)) == set(range(20))
