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
