"""Running quantiles of what a channel says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.level import Learning
from detectors.quantiles import Quantiles

LEARNING = Learning(tau_seconds=86_400, warm_up_seconds=3_600, look_seconds=60, least_scale=0.01)


@pytest.mark.parametrize("shape", ["normal", "exponential"])
def test_they_come_to_rest_where_the_shares_lie(shape: str, feed: Callable[..., NDArray[np.float64]]) -> None:
    random = np.random.default_rng(2)
    values = random.normal(50.0, 4.0, 8_000) if shape == "normal" else random.exponential(2.0, 8_000)
    bank = Quantiles([LEARNING])

    feed(bank, values)

    for quantile, share in zip(bank.band(), (0.05, 0.5, 0.95), strict=True):
        assert np.mean(values[-4_000:] < quantile[0]) == pytest.approx(share, abs=0.05)


def test_they_follow_a_level_that_moved(feed: Callable[..., NDArray[np.float64]]) -> None:
    values = np.random.default_rng(2).normal(50.0, 1.0, 12_000)
    values[4_000:] += 5.0
    bank = Quantiles([LEARNING])

    feed(bank, values)

    assert bank.band().middle[0] == pytest.approx(55.0, abs=0.5)


def test_gas_that_rises_scores_by_its_own_lopsided_band(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Quantiles([LEARNING], limit=2.0)
    feed(bank, np.random.default_rng(2).exponential(1.0, 5_000))
    band = bank.band()

    reach = band.high[0] - band.middle[0]
    score = feed(bank, [band.middle[0], band.high[0] + 2.0 * reach])

    assert score[0] == 0.0
    assert score[1] == pytest.approx(1.0, abs=0.05)


def test_there_is_no_opinion_before_the_warm_up_is_over(feed: Callable[..., NDArray[np.float64]]) -> None:
    score = feed(Quantiles([LEARNING, None]), np.ones(70))

    assert np.isnan(score[:60]).all()
    assert (score[60:] == 0.0).all()


def test_quantiles_on_one_side_of_the_median_are_refused() -> None:
    with pytest.raises(ValueError, match=r"either side of 0\.5"):
        Quantiles([LEARNING], low=0.6)
