"""Slope, its uncertainty, and the time left until a limit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.trend import Heading, Trends
from detectors.walking import SECOND

MINUTE = 60 * SECOND
FLOOD = Heading(memory_seconds=1_800, warm_up_seconds=600, look_seconds=60, limit=0.27, lead_seconds=1_800)


def rows_of(values: NDArray[np.float64], heading: Heading, step_ns: int = MINUTE) -> Trends:
    """Feed samples by rows, one row a column, all at the same times."""
    size, rows = values.shape
    bank = Trends([heading] * rows)
    times = np.arange(size) * step_ns
    bank.update(np.tile(np.arange(rows), size), np.repeat(times, rows), values.ravel())
    return bank


def test_a_straight_rise_is_followed_exactly(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Trends([FLOOD])

    feed(bank, 0.03 + 0.002 * np.arange(41))

    trend = bank.trend()
    assert trend.level[0] == pytest.approx(0.11)
    assert trend.slope[0] * 60 == pytest.approx(0.002)
    assert trend.seconds_to(0.27)[0] == pytest.approx(80 * 60)
    assert trend.seconds_to(0.40)[0] == pytest.approx(145 * 60)


def test_the_score_is_one_when_the_limit_is_the_lead_away(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Trends([FLOOD])

    score = feed(bank, 0.002 * np.arange(136))

    assert score[135 - 30] == pytest.approx(1.0)
    assert score[135] == pytest.approx(2.0)
    assert (np.diff(score[10:]) > 0).all()


def test_a_level_beyond_the_limit_scores_two_even_while_it_falls(feed: Callable[..., NDArray[np.float64]]) -> None:
    score = feed(Trends([FLOOD]), 0.5 - 0.002 * np.arange(40))

    assert score[20:].tolist() == [2.0] * 20


def test_a_level_that_stands_or_falls_is_heading_for_nothing(feed: Callable[..., NDArray[np.float64]]) -> None:
    standing, falling = Trends([FLOOD]), Trends([FLOOD])

    score = feed(standing, [0.2] * 60), feed(falling, 0.26 - 0.001 * np.arange(60))

    assert (np.array(score)[:, 10:] == 0.0).all()
    assert standing.trend().seconds_to(0.27).tolist() == [np.inf]
    assert falling.trend().seconds_to(0.27).tolist() == [np.inf]
    assert falling.trend().seconds_to(0.10)[0] == pytest.approx(101 * 60)


def test_a_pressure_that_falls_is_heading_for_a_limit_below(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Trends([Heading(limit=0.16, direction="below", lead_seconds=1_800)])

    score = feed(bank, 0.30 - 0.002 * np.arange(41))

    assert score[40] == pytest.approx(2 * 30 / (30 + 30))


def test_noise_about_a_standing_level_heads_nowhere() -> None:
    values = np.random.default_rng(5).normal(0.2, 0.01, (300, 400))

    bank = rows_of(values, FLOOD)

    assert np.isfinite(bank.trend().seconds_to(0.27)).mean() < 0.02


@pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE], ids=["minute", "five minutes"])
def test_the_uncertainty_of_a_slope_is_the_one_it_has(step: int) -> None:
    memory = 30 * step / SECOND
    heading = Heading(memory_seconds=memory, warm_up_seconds=memory, look_seconds=step / SECOND)
    values = np.random.default_rng(5).normal(0.0, 1.0, (200, 1_000))

    trend = rows_of(values, heading, step).trend()

    assert np.std(trend.slope / trend.slope_scale) == pytest.approx(1.0, abs=0.15)


def test_sixty_equal_samples_in_a_look_are_as_sure_as_one() -> None:
    noise = np.random.default_rng(5).normal(0.0, 1.0, (100, 200))

    slow = rows_of(noise, FLOOD).trend()
    fast = rows_of(np.repeat(noise, 12, axis=0), FLOOD, 5 * SECOND).trend()

    ratio = np.median(fast.slope_scale) / np.median(slow.slope_scale)
    assert ratio == pytest.approx(1.0, abs=0.25)


def test_after_a_long_gap_the_line_begins_anew() -> None:
    bank = Trends([FLOOD])
    rise = np.arange(30) * MINUTE
    bank.update(np.zeros(30, np.intp), rise, np.linspace(0.0, 0.116, 30))

    later = rise[-1] + 3_600 * SECOND + np.arange(20) * MINUTE
    score = bank.update(np.zeros(20, np.intp), later, np.full(20, 0.02))

    assert np.isnan(score[:8]).all()
    assert (score[10:] == 0.0).all()


def test_it_agrees_with_a_weighted_fit_of_all_samples() -> None:
    seconds = np.cumsum(np.random.default_rng(2).integers(20, 100, 80))
    values = 1e5 + np.sin(seconds / 900) + np.random.default_rng(3).normal(0, 0.01, 80)
    heading = Heading(memory_seconds=1_800, warm_up_seconds=600, look_seconds=100)
    bank = Trends([heading])

    bank.update(np.zeros(80, np.intp), seconds * SECOND, values)

    gaps = np.diff(seconds, prepend=seconds[0] - 100)
    ages = np.array([np.prod((1 + gaps[place + 1 :] / 8 / 1_800) ** 8) for place in range(80)])
    weights = np.minimum(gaps, 100) / 100 / ages
    slope, level = np.polyfit(seconds - seconds[-1], values, 1, w=np.sqrt(weights))
    assert bank.trend().slope[0] == pytest.approx(slope, rel=1e-6)
    assert bank.trend().level[0] == pytest.approx(level, rel=1e-9)


def test_a_memory_too_short_for_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="at least three looks"):
        Heading(memory_seconds=100, look_seconds=60)


def test_a_lead_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Heading(lead_seconds=0)
