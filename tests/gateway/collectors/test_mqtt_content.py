"""What messages become, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.model import Attribute, Batch, Flag, Receipts
from simulators.servers.nats_broker import NatsBroker
from tests.gateway.collectors.mqtt_rig import TOPIC, mqtt_collector, mqtt_settings, numbered, values
from tests.gateway.collectors.rig import (
    Broker,
    RecordingJournal,
    WatchedHealth,
    collecting,
    publish,
)


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
        settings = mqtt_settings(broker, in_flight=2)
        async with collecting(mqtt_collector(settings, health), journal):
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
    async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
        await health.until_ok()

        await publish(broker, [("lifeline/stranger/up", b'{"ch4":1}'), *numbered(1)])
        await journal.until(lambda: len(journal.rows) == 1)

    assert [kept.reason for kept in journal.quarantine] == ["unknown topic"]
    assert journal.quarantine[0].source == "district lifeline/stranger/up"


async def test_a_payload_without_a_time_takes_its_time_of_receipt(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth, clock: SystemClock
) -> None:
    before_ns = clock.now().utc_ns
    async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
        await health.until_ok()

        await publish(broker, [(TOPIC, b'{"ch4":1}')])
        await journal.until(lambda: len(journal.rows) == 1)

    batch = next(record for record in journal.records if isinstance(record, Batch))
    assert before_ns <= batch.time_ns[0] <= batch.received_ns
    assert batch.flags[0] == Flag.NO_SOURCE_TIME
    assert [len(record.hashes) for record in journal.records if isinstance(record, Receipts)] == [1]


async def test_a_retained_message_without_a_time_is_doubted_and_taken_once(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    await publish(broker, [(TOPIC, b'{"ch4":7}')], retain=True)
    collector = mqtt_collector(mqtt_settings(broker), health)
    async with collecting(collector, journal):
        await journal.until(lambda: len(journal.rows) == 1)

    async with collecting(collector, journal):
        await publish(broker, numbered(1))
        await journal.until(lambda: 0.0 in values(journal))

    assert sorted(values(journal)) == [0.0, 7.0]
    batch = next(record for record in journal.records if isinstance(record, Batch))
    assert batch.quality.tolist() == [3]


async def test_a_message_of_quality_0_is_taken(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
        await health.until_ok()

        await publish(broker, numbered(1), qos=0)
        await journal.until(lambda: len(journal.rows) == 1)

    assert values(journal) == [0.0]


async def test_a_text_point_is_an_attribute_of_its_device(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
        await health.until_ok()

        await publish(broker, [(TOPIC, b'{"ts":1760000000000,"ch4":1,"firmware":"2.1"}')])
        await journal.until(lambda: len(journal.rows) == 1)

    assert Attribute("gas-1", "firmware", "2.1", 1_760_000_000_000_000_000) in journal.records


async def test_what_a_device_publishes_is_journaled_with_its_own_time(
    broker: Broker, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(mqtt_collector(mqtt_settings(broker), health), journal):
        await health.until_ok()

        await publish(broker, [(TOPIC, b'{"ts":1760000000123,"ch4":12.5,"temperature":21}')])
        await journal.until(lambda: len(journal.rows) == 2)

    time_ns = 1_760_000_000_123_000_000
    assert journal.rows == [(1, time_ns, 12.5), (2, time_ns, 21.0)]
