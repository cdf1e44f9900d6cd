from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.extremes import Extremes, Watching

PERIOD_NS = 300 * 1_000_000_000
DAY = 288


def demand(days: int, seed: int = 1) -> NDArray[np.float64]:
    steps = np.arange(days * DAY)
    return 50 + 20 * np.sin(steps * 2 * np.pi / DAY) + np.random.default_rng(seed).normal(0, 1, len(steps))


def told(value: NDArray[np.float64]) -> tuple[NDArray[np.intp], str]:
    bank = Extremes([Watching()])
    score = bank.update(np.zeros(len(value), np.intp), np.arange(len(value)) * PERIOD_NS, value)
    return np.flatnonzero(score >= 1.0), bank.newest()[0]


def test_what_was_never_seen_is_told_at_once() -> None:
    value = demand(12)
    value[10 * DAY + 7] = 150.0

    rows, _ = told(value)

    assert rows[rows >= 10 * DAY][0] == 10 * DAY + 7


def test_a_flat_night_at_noon_is_told_by_the_daily_course() -> None:
    value = demand(12)
    value[10 * DAY : 10 * DAY + DAY // 2] = 50.0

    rows, which = told(value)

    assert ((rows > 10 * DAY) & (rows < 10 * DAY + DAY // 2)).any()
    assert which in {"course", "swing"}


def test_unrest_is_told_though_every_value_is_ordinary() -> None:
    value = np.full(12 * DAY, 20.0) + np.random.default_rng(1).normal(0, 0.2, 12 * DAY)
    value[::DAY] = 40.0
    value[10 * DAY + 50 : 10 * DAY + 80 : 2] = 40.0

    rows, _ = told(value)

    assert ((rows >= 10 * DAY + 50) & (rows < 10 * DAY + 90)).any()


def test_ordinary_days_raise_less_than_one_alarm_a_month() -> None:
    channels, days = 12, 20
    value = np.stack([demand(days, seed) for seed in range(channels)], axis=1)
    rows = np.tile(np.arange(channels), len(value))
    bank = Extremes([Watching()] * channels)

    score = bank.update(rows, np.repeat(np.arange(len(value)) * PERIOD_NS, channels), value.reshape(-1))

    assert (score >= 1.0).sum() / (channels * days / 30) < 1.0


def test_an_old_outlier_does_not_blind_for_ever() -> None:
    value = demand(16)
    value[3 * DAY] = 1_000.0
    value[15 * DAY] = 1_000.0
    bank = Extremes([Watching(memory_seconds=4 * 86_400)])

    score = bank.update(np.zeros(len(value), np.intp), np.arange(len(value)) * PERIOD_NS, value)

    assert score[15 * DAY] >= 1.0


def test_times_and_limits_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Watching(limit=0.0)
