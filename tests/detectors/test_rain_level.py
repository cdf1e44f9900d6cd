from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.rain_level import Foreseeing, RainLevel

SLOT_NS = 300_000_000_000
SLOTS = 1_200
SEWER = Foreseeing(limit=1.5, span=1.5, ahead=3)


def storms() -> NDArray[np.float64]:
    hours = np.arange(60) / 12.0
    rain = np.random.default_rng(1).gamma(0.02, 20.0, SLOTS)
    rain[1_100:1_103] = 30.0
    level = 0.2 + np.convolve(rain, np.exp(-hours) * np.minimum(2.0 * hours, 1.0) / 20.0)[:SLOTS]
    return np.stack([level, rain], axis=1)


def judge(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    return RainLevel(2, SEWER).update(np.arange(SLOTS, dtype=np.int64) * SLOT_NS, columns)


def test_a_storm_is_told_before_the_level_is_there() -> None:
    columns = storms()
    there = 1_100 + int(np.argmax(columns[1_100:, 0] >= 1.5))

    told = 1_100 + int(np.argmax(judge(columns)[1_100:] >= 1.0))

    assert 1_100 <= told < there


def test_a_dry_day_is_far_from_the_limit() -> None:
    columns = storms()
    columns[900:1_100] = [0.2, 0.0]

    assert judge(columns)[1_000:1_100].max() < 0.3


def test_a_level_at_the_limit_now_is_told_whatever_is_foretold() -> None:
    columns = storms()
    columns[1_050, 0] = 1.6

    assert judge(columns)[1_050] >= 1.0


def test_without_the_level_nothing_is_said_and_without_rain_the_level_speaks_for_itself() -> None:
    columns = storms()
    columns[1_000, 0] = columns[1_050, 1] = np.nan

    score = judge(columns)

    assert math.isnan(score[1_000])
    assert math.isfinite(score[1_050])


def test_a_quantile_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="quantile"):
        Foreseeing(1.0, 1.0, quantile=1.0)


def test_rain_heavier_than_any_that_taught_is_not_foretold_out_of_all_proportion() -> None:
    drizzle = np.random.default_rng(2).choice([0.0, 0.0, 0.0, 0.2], SLOTS)
    level = 0.2 + 0.1 * np.sin(np.arange(SLOTS) / 45.0) + np.random.default_rng(3).normal(0.0, 0.05, SLOTS)
    drizzle[900] = 400.0
    sewer = RainLevel(2, SEWER)

    told = []
    for slot, values in enumerate(np.stack([level, drizzle], axis=1)[:905]):
        sewer.update(np.array([slot * SLOT_NS]), values[None])
        told.append(sewer.expected()[0])

    width = level[:905].max() - level[:905].min()
    assert level[:905].min() - 1.01 * width <= np.nanmin(told)
    assert np.nanmax(told) <= level[:905].max() + 1.01 * width


def test_a_forecast_that_may_leave_by_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond must not be below 0"):
        Foreseeing(limit=1.0, span=1.0, beyond=-0.1)
