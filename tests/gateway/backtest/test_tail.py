"""The tail of a channel's peaks."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.backtest.tail import cluster_peaks, fit_tail
from gateway.model import SECOND

MONTH_MINUTES = 43_800


@pytest.mark.parametrize("seed", range(3))
def test_the_limit_for_one_a_month_is_passed_about_once_a_month_in_new_data(seed: int) -> None:
    rng = np.random.default_rng(seed)
    minutes = np.arange(2 * MONTH_MINUTES) * 60 * SECOND
    tail = fit_tail(minutes, rng.normal(size=len(minutes)), 600.0)
    assert tail is not None

    new = rng.normal(size=12 * MONTH_MINUTES)
    passed = len(cluster_peaks(np.arange(len(new)) * 60 * SECOND, new, tail.limit(1.0), 600.0))

    assert 2 <= passed <= 40


def test_rarer_alarms_need_higher_limits() -> None:
    value = np.random.default_rng(7).gumbel(size=20_000)
    tail = fit_tail(np.arange(20_000) * 60 * SECOND, value, 3_600.0)

    assert tail is not None
    assert tail.limit(10.0) < tail.limit(1.0) < tail.limit(0.1)


def test_a_constant_has_no_tail() -> None:
    assert fit_tail(np.arange(5_000) * 60 * SECOND, np.full(5_000, 3.0), 3_600.0) is None


def test_peaks_closer_than_apart_are_one() -> None:
    value = np.array([0.0, 5.0, 0.0, 6.0, 0.0, 0.0, 0.0, 7.0])

    peaks = cluster_peaks(np.arange(8) * SECOND, value, 1.0, 2.0)

    assert peaks.tolist() == [6.0, 7.0]


def test_a_daily_course_has_a_top_and_its_limit_lies_just_above() -> None:
    minutes = np.arange(0, 14 * 1_440, 5)
    noise = np.random.default_rng(2).normal(0.0, 0.01, len(minutes))
    course = np.sin(2 * np.pi * minutes / 1_440) + noise

    tail = fit_tail(minutes * 60 * SECOND, course, 3_600.0)

    assert tail is not None
    assert course.max() - 0.02 < tail.limit(1.0) < course.max() + 0.1
