"""A channel that leaves its own level, by how many of its own sigmas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.level import Learning
from detectors.limits import Steps
from detectors.shifted import Shifted

LEARNING = Learning(tau_seconds=2 * 86_400, warm_up_seconds=86_400, look_seconds=60, least_scale=0.01)
LADDER = Steps((1.0, 3.0, None, None))


def noise(size: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(300.0, 2.0, size)


def test_a_channel_that_keeps_its_level_is_at_nought(feed: Callable[..., NDArray[np.float64]]) -> None:
    score = feed(Shifted([LADDER], [LEARNING], hours=0), noise(3_000, 1))

    assert np.isnan(score[:1_440]).all()
    assert (score[1_440:] == 0.0).all()


@pytest.mark.parametrize(("kilopascals", "level"), [(-4.0, 1), (-8.0, 2), (8.0, 2)])
def test_a_shift_climbs_to_the_rung_of_its_size(
    kilopascals: float, level: int, feed: Callable[..., NDArray[np.float64]]
) -> None:
    bank = Shifted([LADDER], [LEARNING], hours=0)
    feed(bank, noise(3_000, 1))

    score = feed(bank, noise(300, 2) + kilopascals)

    assert int(np.median(score[60:])) == level
