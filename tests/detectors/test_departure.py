from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.departure import Departing, Departures

SECOND = 1_000_000_000
SIZE = 3_000


def wandering(seed: int = 1) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    value = np.zeros(SIZE)
    for row in range(1, SIZE):
        value[row] = 0.95 * value[row - 1] + random.normal(0, 0.1)
    return 32.0 + value


def scores(value: NDArray[np.float64], **changes: float) -> NDArray[np.float64]:
    bank = Departures([Departing(**changes)])
    return bank.update(np.zeros(len(value), np.intp), np.arange(len(value)) * SECOND, value)


def test_ordinary_wandering_is_no_departure() -> None:
    alarmed = [float(np.nanmean(scores(wandering(seed)) >= 1.0)) for seed in range(5)]

    assert max(alarmed) < 0.01


def test_a_change_is_told_within_seconds() -> None:
    value = wandering()
    value[2_000:] -= 4.0

    score = scores(value)

    assert 2_000 <= int(np.argmax(score >= 1.0)) <= 2_015


def test_slow_drift_is_followed() -> None:
    score = scores(wandering() + np.linspace(0.0, 5.0, SIZE))

    assert float(np.nanmean(score >= 1.0)) < 0.01


def test_a_new_normal_is_accepted_in_the_end_and_not_at_once() -> None:
    value = np.concatenate((wandering(), wandering(2), wandering(3)))
    value[2_000:] -= 4.0

    score = scores(value)

    assert (score[2_020:2_400] >= 1.0).mean() > 0.9
    assert (score[-500:] < 1.0).all()


def test_departures_say_which_way() -> None:
    bank = Departures([Departing(warm_up_seconds=60)])
    value = np.where(np.arange(200) < 150, 5.0, 3.0)

    bank.update(np.zeros(200, np.intp), np.arange(200) * SECOND, value)

    assert bank.departures()[0] < -1.0


def test_times_and_limits_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Departing(limit=0.0)
