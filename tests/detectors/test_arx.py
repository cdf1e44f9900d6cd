from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.arx import Arx, ArxResidual

HOUR_NS = 3_600_000_000_000
SLOTS = 400


def tank(seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    inflow = rng.gamma(0.3, 2.0, SLOTS)
    level = np.convolve(inflow, [0.0, 0.5, 0.3])[:SLOTS] + 2.0 + rng.normal(0.0, 0.05, SLOTS)
    return np.stack([level, inflow], axis=1)


def judge(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    return ArxResidual(2, Arx(least_sigma=0.01)).update(np.arange(SLOTS, dtype=np.int64) * HOUR_NS, columns)


def test_what_the_input_explains_is_no_shift() -> None:
    columns = tank()
    columns[300:, 1] += 3.0
    columns[301:, 0] += 1.5
    columns[302:, 0] += 0.9

    assert np.nanmax(judge(columns)) < 1.0


@pytest.mark.parametrize("shift", [0.4, -0.4])
def test_a_shift_that_nothing_explains_is_told_either_way(shift: float) -> None:
    columns = tank()
    columns[300:, 0] += shift

    score = judge(columns)

    assert np.nanmax(score[:300]) < 1.0
    assert np.nanmax(score[300:]) >= 1.0


def test_without_the_input_the_rest_is_still_judged() -> None:
    columns = tank()
    columns[300:320, 1] = np.nan

    assert np.isfinite(judge(columns)[300:320]).all()


def test_without_the_target_there_is_no_opinion() -> None:
    columns = tank()
    columns[300, 0] = np.nan

    assert np.isnan(judge(columns)[300])


def test_a_model_without_lags_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Arx(lags=0)
