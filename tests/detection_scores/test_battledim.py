from __future__ import annotations

import numpy as np

from tests.benchmarks.detection import battledim

HOUR = 3_600_000_000_000


def test_an_hours_flow_is_the_mean_of_what_was_measured() -> None:
    time_ns = np.array([0, HOUR // 2, HOUR, 3 * HOUR])

    hours, mean = battledim.hourly(time_ns, np.array([1.0, 3.0, np.nan, 5.0]))

    assert hours.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(mean, [2.0, np.nan, 5.0])


def test_repeats_within_a_day_of_the_last_counted_alarm_are_joined() -> None:
    score = np.zeros(60)
    score[[5, 20, 28, 30, 54]] = 1.0

    assert battledim.alarms(np.arange(60), score) == [5, 30, 54]


def test_an_alarm_finds_the_oldest_leak_of_its_week_and_no_leak_twice() -> None:
    leaks = [("p1", 100.0), ("p2", 150.0)]

    verdict = battledim.judge(leaks, [120.0, 160.0, 200.0], 1.0)

    assert verdict.delays == {"p1": 20.0, "p2": 10.0}
    assert verdict.false == 1


def test_an_alarm_before_a_leak_or_a_week_after_it_is_false() -> None:
    verdict = battledim.judge([("p1", 100.0)], [99.0, 100.0 + 7 * 24 + 1], 1.0)

    assert (verdict.delays, verdict.false) == ({}, 2)


def test_scores_are_pooled() -> None:
    verdicts = [battledim.Verdict({"a": 10.0}, 2, 1, 1.5), battledim.Verdict({"b": 30.0}, 2, 0, 0.5)]

    values = battledim.scored(verdicts, []).values

    assert values == {"found": 0.5, "delay_hours_median": 20.0, "false": 1.0, "false_per_month": 0.5}
