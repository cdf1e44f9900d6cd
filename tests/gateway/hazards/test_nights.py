"""A zone's nights: weekends are their own, odd nights teach little, repairs are believed quickly."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.hazards.nights import Nights


def taught(nights: int, leak_from: int = 10_000) -> Nights:
    one = Nights(np.array([0.01]))
    for day in range(nights):
        night = flow(day) + (20.0 if day >= leak_from else 0.0)
        one.learn(day, night, one.compare(day, night)[1])
    return one


def flow(day: int) -> np.ndarray:
    return np.array([50.0 + (15.0 if day % 7 in {5, 6} else 0.0) + (day * 5 % 7 - 3) / 3])


def test_there_is_no_opinion_in_the_first_fortnight() -> None:
    assert np.isnan(taught(13).compare(13, flow(13))[1]).all()
    assert np.isfinite(taught(14).compare(14, flow(14))[1]).all()


def test_a_weekend_is_held_against_weekends() -> None:
    expected = [float(taught(28).compare(day, flow(day))[0][0]) for day in (28, 33)]

    assert expected == pytest.approx([50, 65], abs=1.5)


def test_one_odd_night_hardly_moves_the_baseline() -> None:
    one = taught(28)
    before = float(one.compare(35, flow(35))[0][0])

    odd = flow(28) + 40.0
    one.learn(28, odd, one.compare(28, odd)[1])

    assert float(one.compare(35, flow(35))[0][0]) == pytest.approx(before, abs=0.5)


def test_a_baseline_that_holds_a_leak_comes_down_within_days_of_the_repair() -> None:
    one = Nights(np.array([0.01]))
    for day in range(40):
        night = flow(day) + 20.0
        one.learn(day, night, one.compare(day, night)[1])
    for day in range(40, 44):
        one.learn(day, flow(day), one.compare(day, flow(day))[1])

    assert float(one.compare(44, flow(44))[0][0]) == pytest.approx(float(flow(44)[0]), abs=4)


def test_an_absent_series_learns_nothing() -> None:
    one = taught(28)
    before = one.state()

    one.learn(28, np.array([np.nan]), np.array([np.nan]))

    assert all(np.array_equal(before[name], array, equal_nan=True) for name, array in one.state().items())
