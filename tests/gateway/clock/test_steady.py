from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from gateway.clock import FakeClock, Ntp, Stamps, SteadyClock, is_stamp, monotonic_of
from gateway.model import SECOND, Anchor, ClockCorrection, Record

NOON = 1_700_000_000 * SECOND
HOUR = 3_600
DAY = 24 * HOUR


class Told:
    """A trust that is told what to say."""

    def __init__(self, state: Ntp = Ntp.NONE) -> None:
        self.state = state

    def ntp(self) -> Ntp:
        return self.state


def pass_time(clock: FakeClock, steady: SteadyClock, seconds: int) -> list[Record]:
    """Let time pass, looking every second; return what was found."""
    found: list[Record] = []
    for _ in range(seconds):
        clock.set_monotonic(clock.now().monotonic_ns + SECOND)
        found += steady.look()
    return found


def test_a_plausible_clock_is_believed_at_once_where_no_time_service_runs() -> None:
    clock = FakeClock(NOON)
    steady = SteadyClock(clock, Told(), newest_ns=NOON - HOUR * SECOND)

    found = steady.look()

    assert found == [Anchor("fake", 0, NOON)]
    assert steady.is_sure
    assert not steady.is_vouched


def test_a_step_that_nobody_vouches_for_moves_nothing_and_is_noted_once() -> None:
    for step in (-HOUR, DAY, -NOON // SECOND):
        clock, trust = FakeClock(NOON), Told(Ntp.WAITING)
        trust.state = Ntp.SYNCHRONISED
        steady = SteadyClock(clock, trust)
        steady.look()
        trust.state = Ntp.WAITING

        clock.set_utc(clock.now().utc_ns + step * SECOND)
        found = pass_time(clock, steady, 1_000)

        assert found == [ClockCorrection("gateway", step * SECOND, NOON + SECOND)]
        assert steady.now().utc_ns == NOON + 1_000 * SECOND
        assert "no time service vouches for it" in steady.problem()


def test_a_step_that_network_time_vouches_for_is_followed() -> None:
    clock, trust = FakeClock(NOON), Told(Ntp.SYNCHRONISED)
    steady = SteadyClock(clock, trust)
    steady.look()

    clock.set_utc(NOON + 90 * SECOND)
    found = pass_time(clock, steady, 5)

    assert [type(record) for record in found] == [ClockCorrection, Anchor]
    assert steady.now().utc_ns == NOON + 95 * SECOND
    assert steady.problem() == ""


def test_a_step_is_taken_as_meant_after_ten_minutes_where_no_time_service_runs() -> None:
    clock = FakeClock(NOON)
    steady = SteadyClock(clock, Told())
    steady.look()
    clock.set_utc(NOON + 90 * SECOND)

    pass_time(clock, steady, 590)
    before = steady.now().utc_ns
    pass_time(clock, steady, 20)

    assert before == NOON + 590 * SECOND
    assert steady.now().utc_ns == NOON + 700 * SECOND


def test_a_step_that_is_taken_back_leaves_no_trace_but_two_records() -> None:
    clock = FakeClock(NOON)
    steady = SteadyClock(clock, Told())
    steady.look()

    clock.set_utc(NOON + DAY * SECOND)
    found = pass_time(clock, steady, 60)
    clock.set_utc(clock.now().utc_ns - DAY * SECOND)
    found += pass_time(clock, steady, 1)

    assert [record.offset_ns for record in found if isinstance(record, ClockCorrection)] == [DAY * SECOND, 0]
    assert steady.now().utc_ns == NOON + 61 * SECOND


def test_small_steps_are_the_time_services_ordinary_work() -> None:
    clock = FakeClock(NOON)
    steady = SteadyClock(clock, Told())
    steady.look()

    clock.set_utc(NOON + SECOND // 10)

    assert steady.look() == []
    assert steady.now().utc_ns == NOON + SECOND // 10


def test_a_boot_in_1970_is_unsure_and_goes_on_from_the_newest_time_known() -> None:
    clock, trust = FakeClock(12 * SECOND), Told(Ntp.WAITING)
    steady = SteadyClock(clock, trust, newest_ns=NOON)

    found = pass_time(clock, steady, 5_000)

    assert found == []
    assert not steady.is_sure
    assert steady.now().utc_ns == NOON + 5_000 * SECOND
    assert "readings without a time of their own wait" in steady.problem()


def test_a_boot_behind_the_newest_time_waits_for_network_time_and_is_then_sure() -> None:
    clock, trust = FakeClock(NOON - HOUR * SECOND), Told(Ntp.WAITING)
    steady = SteadyClock(clock, trust, newest_ns=NOON)
    pass_time(clock, steady, 30)

    clock.set_utc(NOON + HOUR * SECOND)
    trust.state = Ntp.SYNCHRONISED
    found = steady.look()

    assert found == [Anchor("fake", 30 * SECOND, NOON + HOUR * SECOND)]
    assert steady.is_vouched


def test_a_time_service_that_finds_no_server_is_not_waited_for_longer_than_ten_minutes_unless_asked() -> None:
    clock, patient = FakeClock(NOON), FakeClock(NOON)
    steady = SteadyClock(clock, Told(Ntp.WAITING))
    waits = SteadyClock(patient, Told(Ntp.WAITING), policy="ntp")

    early, late = pass_time(clock, steady, 599), pass_time(clock, steady, 2)
    pass_time(patient, waits, 5_000)

    assert early == []
    assert [type(record) for record in late] == [Anchor]
    assert not waits.is_sure


def test_a_restart_within_a_boot_goes_on_from_its_anchor_whatever_the_wall_clock_says() -> None:
    clock = FakeClock(NOON)
    clock.set_monotonic(100 * SECOND)
    clock.set_utc(NOON + DAY * SECOND)

    steady = SteadyClock(clock, Told(), anchor=Anchor("fake", 40 * SECOND, NOON), newest_ns=NOON)

    assert steady.is_sure
    assert steady.now().utc_ns == NOON + 60 * SECOND


def test_an_anchor_of_another_boot_says_nothing() -> None:
    steady = SteadyClock(FakeClock(12 * SECOND), Told(), anchor=Anchor("other", 0, NOON))

    assert not steady.is_sure


def test_stamps_are_unmistakable_while_the_time_is_unsure() -> None:
    clock, trust = FakeClock(12 * SECOND), Told(Ntp.WAITING)
    steady = SteadyClock(clock, trust)
    stamps = Stamps(steady)
    pass_time(clock, steady, 7)

    stamp = stamps.now().utc_ns
    lost = [0, 12 * SECOND, 315_964_800 * SECOND, 946_684_800 * SECOND, NOON]

    assert datetime.fromtimestamp(stamp // SECOND, UTC).year in {1911, 1912}
    assert is_stamp(np.array([stamp, *lost]), steady.now()).tolist() == [True, *[False] * 5]
    assert monotonic_of(np.array([stamp])).tolist() == [7 * SECOND]


def test_stamps_are_the_time_once_it_is_sure() -> None:
    steady = SteadyClock(FakeClock(NOON), Told())
    steady.look()

    assert Stamps(steady).now() == steady.now()
