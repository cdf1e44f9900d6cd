"""Times of devices whose clock is wrong, set right on their way to the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from gateway.app.device_clocks import DeviceClocks
from gateway.health import Health
from gateway.inventory import Device, Inventory
from gateway.model import SECOND, Batch, ClockCorrection, Flag, Instant, Record, batch_of
from gateway.profiles import read_profile
from tests.gateway.detection.scene import START, channel

CH4 = "MH-1.gas-1.ch4"
HOUR = 3_600


def clocks(folder: Path, policy: Literal["trust", "correct", "ignore"]) -> DeviceClocks:
    device = Device("gas-1", read_profile("gas/manhole_methane"), "broker", "MH-1", clock=policy)
    inventory = Inventory("site", "", "UTC", {}, {"gas-1": device}, {CH4: channel(CH4)})
    return DeviceClocks(inventory, {CH4: 3}, folder, Health())


def message(second: float, *ahead: float, flags: int = 0) -> Batch:
    now_ns = START + round(second * SECOND)
    rows = [(3, now_ns + round(each * SECOND), 1.0, 1, flags) for each in ahead]
    return batch_of(rows, Instant(now_ns, now_ns, "boot"))


def stored(found: list[Record]) -> Batch:
    (batch,) = (one for one in found if isinstance(one, Batch))
    return batch


def corrections(found: list[Record]) -> list[ClockCorrection]:
    return [one for one in found if isinstance(one, ClockCorrection)]


@pytest.fixture
def corrected(tmp_path: Path) -> DeviceClocks:
    """Return clocks that know that a device is an hour ahead."""
    found = clocks(tmp_path, "correct")
    for minute in range(7):
        found(message(60 * minute, HOUR))
    return found


def test_a_trusted_clock_is_left_alone(tmp_path: Path) -> None:
    trusting = clocks(tmp_path, "trust")

    for minute in range(20):
        batch = message(60 * minute, HOUR)
        assert trusting(batch) == [batch]


def test_an_offset_is_journaled_with_the_first_reading_it_is_applied_to(tmp_path: Path) -> None:
    correcting = clocks(tmp_path, "correct")

    found = [correcting(message(60 * minute, HOUR)) for minute in range(7)]

    assert [len(corrections(each)) for each in found] == [0, 0, 0, 0, 0, 1, 0]
    (record,) = corrections(found[5])
    assert record == ClockCorrection("gas-1", HOUR * SECOND, START + 300 * SECOND)
    first = stored(found[5])
    assert first.time_ns[0] == START + 300 * SECOND
    assert int(first.time_ns[0]) + record.offset_ns == int(message(300, HOUR).time_ns[0])


def test_a_clock_that_was_set_right_is_no_longer_corrected(corrected: DeviceClocks) -> None:
    found = [corrected(message(60 * minute, 0.0)) for minute in range(7, 20)]

    (record,) = (one for each in found for one in corrections(each))
    assert record.offset_ns == 0
    assert stored(found[-1]).time_ns[0] == message(60 * 19, 0.0).time_ns[0]


def test_after_a_restart_a_reading_delivered_again_gets_the_same_time(corrected: DeviceClocks, tmp_path: Path) -> None:
    batch = message(420, HOUR)
    first = stored(corrected(batch))

    again = stored(clocks(tmp_path, "correct")(batch))

    assert again.time_ns.tolist() == first.time_ns.tolist()


def test_readings_without_a_time_of_their_own_are_not_moved(corrected: DeviceClocks) -> None:
    batch = message(420, 0.0, flags=int(Flag.NO_SOURCE_TIME))

    assert stored(corrected(batch)).time_ns.tolist() == batch.time_ns.tolist()


def test_a_backfill_is_not_taken_for_a_slow_clock(tmp_path: Path) -> None:
    correcting = clocks(tmp_path, "correct")

    found = [correcting(message(60 * minute, -HOUR + 500 * minute)) for minute in range(7)]

    assert [corrections(each) for each in found] == [[]] * 7


def test_an_ignored_clock_gives_the_time_of_receipt_and_keeps_the_steps(tmp_path: Path) -> None:
    batch = stored(clocks(tmp_path, "ignore")(message(60, -5 * HOUR - 2, -5 * HOUR)))

    assert batch.time_ns.tolist() == [START + 58 * SECOND, START + 60 * SECOND]
    assert (batch.flags & Flag.NO_SOURCE_TIME).all()


def test_a_file_that_cannot_be_read_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "device_clocks.json").write_text("{")

    batch = message(0, 0.0)

    assert stored(clocks(tmp_path, "correct")(batch)).time_ns.tolist() == batch.time_ns.tolist()
