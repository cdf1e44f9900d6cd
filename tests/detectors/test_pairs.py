from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.pairs import Pairing, Pairs

SLOTS = 600
TIMES = np.arange(SLOTS, dtype=np.int64) * 300_000_000_000


def pressures() -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    demand = 5.0 * np.sin(np.arange(SLOTS) / 20.0)[:, None]
    return np.asarray(300.0 - demand * [1.0, 1.1, 0.8, 0.9] + rng.normal(0.0, 0.2, (SLOTS, 4)))


def test_what_moves_all_together_is_no_leak() -> None:
    columns = pressures()
    columns[500:] -= np.array([1.0, 1.1, 0.8, 0.9]) * 4.0

    assert np.nanmax(Pairs(4, Pairing(warm_up_slots=200)).update(TIMES, columns)) < 1.0


def test_a_member_that_leaves_the_others_is_voted_for() -> None:
    columns = pressures()
    columns[500:, 1] -= 1.0
    pairs = Pairs(4, Pairing(warm_up_slots=200))

    score = pairs.update(TIMES, columns)

    assert np.nanmax(score[:500]) < 1.0
    assert np.nanmax(score[500:520]) >= 1.0
    assert pairs.votes().argmax() == 1


def test_an_absent_member_is_in_no_pair_and_the_others_keep_theirs() -> None:
    columns = pressures()
    columns[500:, 0] = np.nan
    columns[500:, 3] -= 1.0
    pairs = Pairs(4, Pairing(warm_up_slots=200))

    score = pairs.update(TIMES, columns)

    assert np.isnan(pairs.votes()[0])
    assert np.nanmax(score[500:520]) >= 1.0


def test_one_member_makes_no_pair() -> None:
    with pytest.raises(ValueError, match="at least two"):
        Pairs(1, Pairing())


def test_who_rises_is_told_from_who_falls() -> None:
    demand = np.sin(np.arange(600) / 20.0)[:, None]
    levels = 1.0 + demand * [0.5, 0.4, 0.6, 0.5] + np.random.default_rng(1).normal(0.0, 0.02, (600, 4))
    levels[500:, 1] += 0.3
    levels[500:, 3] -= 0.3
    pairs = Pairs(4, Pairing(warm_up_slots=200, least_sigma=0.01))

    pairs.update(np.arange(600) * 300_000_000_000, levels)

    assert pairs.rises()[1] == 1.0
    assert pairs.rises()[3] == 0.0
