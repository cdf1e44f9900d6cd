from __future__ import annotations

import math

import pytest

from gateway.model import SECOND
from simulators.instruments import KINDS, Fault, Instruments

MINUTE = 60 * SECOND


def test_a_drift_grows_to_its_amount() -> None:
    instruments = Instruments([Fault(0, "drift", "d", "p", amount=2.0, seconds=100.0)])

    assert instruments.measured("d", "p", 50 * SECOND, 10.0) == pytest.approx(11.0)
    assert instruments.measured("d", "other", 50 * SECOND, 10.0) == 10.0
    assert instruments.measured("d", "p", 200 * SECOND, 10.0) == 10.0


def test_a_stuck_point_shows_the_moment_at_which_it_got_stuck() -> None:
    instruments = Instruments([Fault(MINUTE, "stuck", "d", "p", seconds=600.0)])

    assert instruments.asked_at("d", "p", 5 * MINUTE) == MINUTE
    assert instruments.asked_at("d", "p", 30 * MINUTE) == 30 * MINUTE
    assert instruments.asked_at("d", "other", 5 * MINUTE) == 5 * MINUTE


def test_spikes_are_rare_and_as_high_as_said() -> None:
    instruments = Instruments([Fault(0, "spikes", "d", amount=5.0)])

    shown = [instruments.measured("d", "p", second * SECOND, 1.0) for second in range(2_000)]

    assert set(shown) == {1.0, 6.0}
    assert 0.03 < shown.count(6.0) / len(shown) < 0.08


def test_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    instruments = Instruments([Fault(0, "noise", "d", amount=2.0)])

    shown = [instruments.measured("d", "p", second * SECOND, 0.0) for second in range(3_000)]

    assert math.sqrt(sum(value**2 for value in shown) / len(shown)) == pytest.approx(2.0, rel=0.1)


def test_a_dropout_loses_its_share_and_a_dead_line_all() -> None:
    instruments = Instruments([Fault(0, "dropout", "half", amount=0.5), Fault(0, "dead", "gone", seconds=600.0)])

    through = [instruments.reports("half", second * SECOND) for second in range(2_000)]

    assert 0.45 < sum(through) / len(through) < 0.55
    assert not instruments.reports("gone", MINUTE)
    assert instruments.reports("gone", 11 * MINUTE)


def test_a_clock_may_be_fast_or_slow() -> None:
    instruments = Instruments([Fault(0, "clock_jump", "d", amount=-3600.0, seconds=60.0)])

    assert instruments.clock("d", 10 * SECOND) == -3590 * SECOND
    assert instruments.clock("d", 61 * SECOND) == 61 * SECOND


def test_a_device_whose_clock_is_wrong_is_faulty_not_silent() -> None:
    window = Fault(0, "clock_jump", "d", amount=3600.0, seconds=60.0).window("BR-1", 90 * SECOND)

    assert (window.hazard, window.asset, window.end_ns) == ("sensor_fault", "BR-1", MINUTE)


def test_a_device_in_calibration_shows_the_test_gas_and_says_so() -> None:
    instruments = Instruments([Fault(0, "calibration", "d", "ch4", amount=50.0, seconds=600.0)])

    assert instruments.measured("d", "ch4", MINUTE, 1.2) == 50.0
    assert instruments.calibrated("d", ["ch4", "o2"], MINUTE) == {"ch4"}
    assert not instruments.calibrated("d", ["ch4", "o2"], 11 * MINUTE)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "melted"}, "'melted' is no fault of an instrument"),
        ({"kind": "drift", "seconds": 5.0}, "amount is missing: the offset"),
        ({"kind": "drift", "amount": 1.0}, "lasts is missing: how long"),
        ({"kind": "noise", "amount": -1.0}, "amount must be its standard deviation"),
        ({"kind": "dropout", "amount": 1.0}, "a share below 1"),
        ({"kind": "stuck", "seconds": 0.0}, "lasts must be above 0"),
        ({"kind": "exceptions", "amount": 12.0}, "amount must be a code from 1 to 11"),
        ({"kind": "exceptions", "amount": 1.5}, "amount must be a code from 1 to 11"),
        ({"kind": "saving", "amount": 90_000.0}, "at most a day"),
        ({"kind": "slow"}, "amount is missing: the seconds"),
        ({"kind": "slow", "amount": 0.0}, "amount must be the seconds"),
        ({"kind": "stuck", "amount": 40.0}, "it has no amount, got 40"),
    ],
)
def test_an_impossible_fault_is_refused(fault: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Fault(time_ns=0, device="d", **fault)  # type: ignore[arg-type] # what a file may hold


def test_a_slow_device_is_always_late_and_a_late_one_now_and_then() -> None:
    instruments = Instruments([Fault(0, "slow", "s", amount=0.4), Fault(0, "late", "l", amount=3.0)])

    slow = [instruments.delay_seconds("s", second * SECOND) for second in range(2_000)]
    late = [instruments.delay_seconds("l", second * SECOND) for second in range(2_000)]

    assert set(slow) == {0.4}
    assert set(late) == {0.0, 3.0}
    assert 0.17 < late.count(3.0) / len(late) < 0.23


def test_a_node_that_saves_its_battery_reports_rarely_until_it_is_over() -> None:
    instruments = Instruments([Fault(MINUTE, "saving", "d", amount=3600.0, seconds=86_400.0)])

    assert instruments.period_ns("d", 0, MINUTE) == MINUTE
    assert instruments.period_ns("d", 2 * MINUTE, MINUTE) == 60 * MINUTE
    assert instruments.period_ns("d", 2 * MINUTE, 120 * MINUTE) == 120 * MINUTE
    assert instruments.period_ns("d", 86_400 * SECOND + MINUTE, MINUTE) == MINUTE


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_window_and_only_what_looks_like_a_hazard_and_is_none_has_no_hazard(kind: str) -> None:
    amount = {"dropout": 0.5, "exceptions": 6.0, "saving": 900.0}.get(kind, 3.0 if KINDS[kind][1] else math.nan)

    window = Fault(5, kind, "d", amount=amount, seconds=10.0).window("MH-1", 100 * SECOND)

    assert (window.start_ns, window.end_ns, window.kind, window.asset) == (5, 5 + 10 * SECOND, kind, "MH-1")
    assert (window.hazard == "") == (kind == "calibration")


def test_a_window_names_the_asset_and_what_ought_to_be_said() -> None:
    window = Fault(5, "stuck", "d", "p", seconds=1.0).window("MH-1", 100)

    assert (window.asset, window.hazard, window.end_ns) == ("MH-1", "sensor_fault", 100)
    assert window.detail == {"device": "d", "point": "p"}
