"""Alarms against labelled events, by the common rules of scoring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.backtest.events import LabelledEvent
from gateway.backtest.scoring import MONTH_HOURS, Alarm, Terms, judge, merged
from gateway.model import SECOND

HOUR = 3_600 * SECOND
MONTH = {"a": MONTH_HOURS, "b": MONTH_HOURS}


def _event(
    start: float, end: float, *, kind: str = "leak", benign: bool = False, asset: str = "", danger: float | None = None
) -> LabelledEvent:
    assets = frozenset({asset} if asset else ())
    hazards = frozenset({"pipe_leak"})
    moments = round(start * HOUR), round(end * HOUR)
    danger_ns = None if danger is None else round(danger * HOUR)
    return LabelledEvent(*moments, kind, asset, assets, frozenset(), hazards, benign, danger_ns, 2)


def _alarm(learned: float, *, asset: str = "P", channel: str = "a", hazard: str = "pipe_leak") -> Alarm:
    when = round(learned * HOUR)
    return Alarm(f"{asset}{learned}", hazard, asset, channel, "blue", when, when, when + HOUR, "limits:x")


def test_repeats_count_from_the_last_counted_alarm() -> None:
    alarms = [_alarm(hour) for hour in (0, 20, 30, 50, 60)]

    counted = merged(alarms, Terms())

    assert [one.learned_ns // HOUR for one in counted] == [0, 30, 60]


def test_gas_is_merged_over_minutes_only() -> None:
    alarms = [_alarm(hour, hazard="gas_leak") for hour in (0, 0.05, 0.1)]

    counted = merged(alarms, Terms())

    assert len(counted) == 2


def test_delay_and_lead_time_are_those_of_the_first_right_alarm() -> None:
    judged = judge([_event(100, 200, danger=150)], [_alarm(110), _alarm(140)], MONTH, Terms())

    [outcome] = judged.outcomes
    assert outcome.delay_seconds == 10 * 3_600
    assert outcome.lead_seconds == 40 * 3_600
    assert outcome.repeats == 1
    assert judged.total.recall == 1.0


def test_two_events_at_once_need_two_alarms_and_the_named_one_goes_first() -> None:
    events = [_event(100, 200, asset="P"), _event(110, 200, asset="Q")]

    judged = judge(events, [_alarm(120, asset="Q")], MONTH, Terms())

    assert [one.alarm is not None for one in judged.outcomes] == [False, True]
    assert judged.total.recall == 0.5


def test_false_alarms_are_counted_per_sensor_month_with_the_worst_sensor() -> None:
    alarms = [_alarm(10), _alarm(500), _alarm(300, channel="b", asset="Q")]

    judged = judge([_event(100, 101)], alarms, MONTH, Terms())

    assert judged.total.false_alarms == 3
    assert judged.total.false_per_sensor_month == pytest.approx(1.5)
    assert judged.total.false_worst_sensor == pytest.approx(2.0)


def test_an_alarm_in_the_grace_after_an_event_is_neither_false_nor_late() -> None:
    judged = judge([_event(100, 110)], [_alarm(130)], MONTH, Terms())

    assert judged.total.found == 1
    assert not judged.false_alarms


def test_an_alarm_after_the_limit_finds_nothing_and_is_not_false() -> None:
    judged = judge([_event(100, 200)], [_alarm(150)], MONTH, Terms(within_seconds=24 * 3_600.0))

    assert judged.total.found == 0
    assert not judged.false_alarms


def test_an_alarm_at_a_harmless_event_is_false_and_shown_as_confusion() -> None:
    events = [_event(0, 1), _event(100, 101, kind="flush", benign=True)]

    judged = judge(events, [_alarm(100.5)], MONTH, Terms())

    assert judged.total.benign_raised == 1
    assert judged.total.false_alarms == 1
    assert judged.confusion["flush"] == {"pipe_leak": 1}


def test_a_hazard_that_no_label_speaks_of_is_not_judged() -> None:
    judged = judge([_event(0, 1)], [_alarm(500, hazard="waterlogging")], MONTH, Terms())

    assert not judged.false_alarms
    assert judged.not_judged == {"waterlogging": 1}


def test_nothing_is_judged_in_the_warm_up() -> None:
    terms = Terms(warm_up_until_ns=50 * HOUR)

    judged = judge([_event(10, 20), _event(100, 110)], [_alarm(5), _alarm(101)], MONTH, terms)

    assert judged.set_aside == 1
    assert judged.total.events == judged.total.found == 1
    assert not judged.false_alarms


def test_a_missed_event_says_which_warning_stood_already() -> None:
    judged = judge([_event(100, 110)], [_alarm(99.5)], MONTH, Terms())

    [outcome] = judged.outcomes
    assert outcome.alarm is None
    assert outcome.standing is not None


def test_nine_in_ten_delays_are_no_longer_than_the_ninth_tenth() -> None:
    events = [_event(1_000 * number, 1_000 * number + 50) for number in range(10)]
    alarms = [_alarm(1_000 * number + number + 1) for number in range(10)]

    judged = judge(events, alarms, MONTH, Terms())

    assert judged.total.delay_90_seconds == 9 * 3_600
    assert judged.total.delay_median_seconds == 5.5 * 3_600


def test_an_alarm_of_an_event_that_is_not_judged_is_neither_right_nor_false() -> None:
    terms = Terms(warm_up_until_ns=48 * HOUR)
    begun, after = _event(40, 100), _event(200, 300)

    judged = judge([begun], [_alarm(60), _alarm(210), _alarm(400)], MONTH, terms, outside=[after])

    assert [one.learned_ns // HOUR for one in judged.false_alarms] == [400]
    assert (judged.set_aside, judged.total.events, judged.counted) == (1, 0, 1)


def test_an_alarm_far_from_an_event_that_is_not_judged_is_false() -> None:
    terms = Terms(warm_up_until_ns=48 * HOUR)

    judged = judge([_event(40, 100), _event(500, 510)], [_alarm(60), _alarm(400)], MONTH, terms)

    assert [one.learned_ns // HOUR for one in judged.false_alarms] == [400]


def test_an_alarm_in_the_time_in_which_trouble_may_be_foreseen_is_a_hit_with_a_lead_time() -> None:
    flood = replace(_event(100, 110, danger=100), ahead_ns=HOUR)

    judged = judge([flood], [_alarm(99.5)], MONTH, Terms())

    [outcome] = judged.outcomes
    assert outcome.lead_seconds == 1_800
    assert outcome.delay_seconds == -1_800
    assert not judged.false_alarms


def test_an_alarm_before_that_time_is_false() -> None:
    flood = replace(_event(100, 110, danger=100), ahead_ns=HOUR)

    judged = judge([flood], [_alarm(98.5)], MONTH, Terms())

    assert judged.total.found == 0
    assert judged.total.false_alarms == 1


def test_an_alarm_between_the_start_and_the_danger_is_in_time() -> None:
    creep = replace(_event(100, 200, danger=150), ahead_ns=HOUR)

    judged = judge([creep], [_alarm(120)], MONTH, Terms())

    assert judged.outcomes[0].lead_seconds == 30 * 3_600


def test_an_event_may_be_known_by_what_it_brings() -> None:
    burst = replace(_event(100, 200), brings=frozenset({"waterlogging"}))
    alarms = [_alarm(20, hazard="waterlogging"), _alarm(110, hazard="waterlogging"), _alarm(120)]

    judged = judge([burst], alarms, MONTH, Terms())

    assert judged.outcomes[0].alarm == alarms[1]
    assert judged.outcomes[0].repeats == 1
    assert judged.false_alarms == [alarms[0]]


def test_what_an_event_brings_goes_first_to_an_event_of_its_own_hazard() -> None:
    burst = replace(_event(100, 200), brings=frozenset({"waterlogging"}))
    flood = replace(_event(105, 200, kind="flood"), hazards=frozenset({"waterlogging"}))

    judged = judge([burst, flood], [_alarm(110, hazard="waterlogging")], MONTH, Terms())

    assert [one.alarm is not None for one in judged.outcomes] == [False, True]


def test_an_alarm_of_what_is_true_does_not_raise_the_harmless_event_before_it() -> None:
    events = [_event(100, 101, kind="closure", benign=True), _event(102, 110)]

    judged = judge(events, [_alarm(103)], MONTH, Terms())

    assert judged.total.found == 1
    assert judged.total.benign_raised == 0
