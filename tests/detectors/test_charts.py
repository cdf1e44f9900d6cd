"""Shifts of a channel's level: found soon, not seen in noise, never learned while they last."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.charts import Charts
from detectors.level import Learning
from detectors.walking import SECOND

LEARNING = Learning(tau_seconds=2 * 86_400, warm_up_seconds=6 * 3_600, look_seconds=60, least_scale=0.01)
WARM = 2_000


def noise(size: int, seed: int = 7) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0.0, 1.0, size)


def scores(values: NDArray[np.float64], seconds: float = 60) -> NDArray[np.float64]:
    """Feed samples by rows, one row a column, all at the same times."""
    size, rows = values.shape
    bank = Charts([LEARNING] * rows)
    times = np.arange(size) * round(seconds * SECOND)
    flat = bank.update(np.tile(np.arange(rows), size), np.repeat(times, rows), values.ravel())
    return flat.reshape(size, rows)


@pytest.mark.parametrize(("shift", "within"), [(1.0, 45), (2.0, 15), (-2.0, 15), (4.0, 6)])
def test_a_shift_is_found_within_minutes(shift: float, within: float) -> None:
    values = noise(20 * (WARM + 100)).reshape(-1, 20)
    values[WARM:] += shift

    is_found = scores(values)[WARM:] >= 1.0

    delays = np.where(is_found.any(axis=0), is_found.argmax(axis=0) + 1, np.inf)
    assert np.quantile(delays, 0.9) <= within


def test_white_noise_gives_at_most_one_false_alarm_in_five_thousand_looks() -> None:
    rows, looks = 40, 10_000

    is_above = scores(noise(rows * looks).reshape(looks, rows)) >= 1.0

    alarms = int((is_above[1:] & ~is_above[:-1]).sum())
    assert alarms <= rows * looks / 5_000


def test_the_level_does_not_learn_from_a_shift_while_it_lasts(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Charts([LEARNING], freeze_seconds=30 * 86_400)
    feed(bank, noise(WARM))
    before = bank.chart().level[0]

    score = feed(bank, noise(5 * 1_440, seed=8) + 5.0)

    assert (score[10:] >= 1.0).all()
    assert abs(bank.chart().level[0] - before) < 0.1
    assert bank.chart().shift[0] == pytest.approx(4.0, abs=0.5)


def test_a_shift_that_outlasts_the_freeze_becomes_the_level(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Charts([LEARNING], freeze_seconds=86_400)
    feed(bank, noise(WARM))

    score = feed(bank, noise(20 * 1_440, seed=8) + 5.0)

    assert score[1_440] >= 1.0
    assert score[-1] < 1.0
    assert bank.chart().level[0] == pytest.approx(5.0, abs=0.7)


def test_a_single_spike_is_no_shift(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Charts([LEARNING])
    feed(bank, noise(WARM))

    score = feed(bank, [1_000.0, *noise(60, seed=9)])

    assert (score < 1.0).all()


def test_the_alarm_ends_soon_after_the_shift_does(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Charts([LEARNING])
    feed(bank, noise(WARM))
    feed(bank, noise(1_000, seed=8) + 5.0)

    score = feed(bank, noise(60, seed=9))

    assert (score[30:] < 1.0).all()


def test_a_fast_channel_is_no_more_twitchy_than_its_noise_is_long() -> None:
    # Noise that stays alike for a minute, seen every five seconds: twelve samples say what one does.
    rows, looks = 20, 1_000
    values = np.repeat(noise(rows * looks).reshape(looks, rows), 12, axis=0)

    is_above = scores(values, seconds=5) >= 1.0

    assert int((is_above[1:] & ~is_above[:-1]).sum()) <= rows * looks / 5_000


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Charts([LEARNING], cusum_limit=0.0)


def daily(days: int, every_minutes: int = 5, seed: int = 7) -> NDArray[np.float64]:
    """Make the inflow of a zone: low at night, two peaks a day, noise of 1 m3/h."""
    hours = np.arange(0, days * 24, every_minutes / 60)
    course = noise(len(hours), seed)
    course += 50 + 20 * np.sin(2 * np.pi * hours / 24) + 8 * np.sin(4 * np.pi * hours / 24)
    return course


INFLOW = Learning(tau_seconds=7 * 86_400, warm_up_seconds=4 * 86_400, look_seconds=1_800, least_scale=0.1)


def inflow_scores(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    bank = Charts([INFLOW], bins=bins)
    return bank.update(np.zeros(len(values), np.intp), np.arange(len(values)) * 300 * SECOND, values)


def test_a_daily_course_is_no_shift_once_it_is_known() -> None:
    scores = inflow_scores(daily(40), bins=24)

    assert np.nanmax(scores[12 * 288 :]) < 1.0


def test_a_leak_on_top_of_a_daily_course_is_found_within_hours() -> None:
    values = daily(40)
    values[30 * 288 :] += 6.0

    scores = inflow_scores(values, bins=24)

    found = np.flatnonzero(scores[30 * 288 :] >= 1.0)
    assert found.size
    assert found[0] <= 12 * 12
