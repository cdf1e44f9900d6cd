"""A channel's level and scale, learned from what it says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.level import Learning, Level

HOUR = 3_600 * 1_000_000_000
QUICK = Learning(tau_seconds=6 * 3_600, warm_up_seconds=600, look_seconds=60, least_scale=0.01)


def noise(size: int, seed: int = 7) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(300.0, 2.0, size)


def test_it_finds_mean_and_scale_of_noise(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Level([QUICK])

    feed(bank, noise(5_000))

    assert bank.level()[0] == pytest.approx(300.0, abs=0.5)
    assert bank.scale()[0] == pytest.approx(2.0, rel=0.15)


def test_one_spike_in_a_hundred_moves_neither_level_nor_scale(feed: Callable[..., NDArray[np.float64]]) -> None:
    clean, spiked = Level([QUICK, QUICK]), Level([QUICK, QUICK])
    values = noise(5_000)
    spikes = values.copy()
    spikes[::100] = 900.0
    spikes[:1_000] = values[:1_000]

    feed(clean, values)
    feed(spiked, spikes)

    assert abs(spiked.level()[0] - clean.level()[0]) < 0.5
    assert spiked.scale()[0] < 1.3 * clean.scale()[0]


def test_an_outlier_scores_one_at_the_limit_and_grows_in_sigmas(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Level([QUICK], limit=4.0)
    feed(bank, noise(2_000))
    level, scale = bank.level()[0], bank.scale()[0]

    score = feed(bank, [level + 4.0 * scale])

    assert score.tolist() == pytest.approx([1.0])


def test_there_is_no_opinion_before_the_warm_up_is_over(feed: Callable[..., NDArray[np.float64]]) -> None:
    score = feed(Level([QUICK]), noise(20))

    assert np.isnan(score[:10]).all()
    assert np.isfinite(score[10:]).all()


def test_the_rate_of_a_channel_does_not_change_what_it_learns() -> None:
    values = np.random.default_rng(3).normal(10.0, 1.0, 36_000)
    steady = np.where(np.arange(36_000) < 18_000, 10.0, 20.0)
    fast, slow = Level([QUICK]), Level([QUICK])
    seconds = np.arange(36_000) * 1_000_000_000

    fast.update(np.zeros(36_000, np.intp), seconds, steady + values - values)
    slow.update(np.zeros(600, np.intp), seconds[::60], steady[::60])

    assert fast.level()[0] == pytest.approx(slow.level()[0], abs=0.1)


def test_a_year_of_silence_counts_as_one_look() -> None:
    bank = Level([QUICK])
    times = np.arange(600) * 60 * 1_000_000_000
    bank.update(np.zeros(600, np.intp), times, noise(600))
    before = bank.level()[0]

    bank.update(np.zeros(1, np.intp), times[-1:] + 365 * 24 * HOUR, np.array([303.0]))

    assert abs(bank.level()[0] - before) < 0.1


def test_a_constant_channel_is_an_outlier_only_beyond_its_resolution(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Level([Learning(3_600, 600, 60, least_scale=0.1)], limit=4.0)
    feed(bank, [5.0] * 100)

    score = feed(bank, [5.1, 5.5])

    assert score[0] == pytest.approx(0.25)
    assert score[1] > 1.0


def test_a_row_without_learning_has_no_opinion(feed: Callable[..., NDArray[np.float64]]) -> None:
    assert np.isnan(feed(Level([None]), noise(5_000))).all()


@pytest.mark.parametrize("field", ["tau_seconds", "look_seconds", "least_scale"])
def test_times_that_make_no_sense_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Learning(**{field: 0.0})
