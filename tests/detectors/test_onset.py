"""When a shift began."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.onset import onset


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_begin_of_a_shift_is_dated_within_a_few_samples(sign: float, seed: int) -> None:
    value = np.random.default_rng(seed).normal(size=1_000)
    value[700:] += 2.0 * sign

    place = onset(value, 0.0, 1.0, slack=1.0, limit=8.0)

    assert place is not None
    assert abs(place - 700) <= 5


def test_a_shift_that_is_over_has_no_onset() -> None:
    value = np.zeros(400)
    value[100:150] = 5.0

    assert onset(value, 0.0, 1.0) is None


def test_what_is_missing_is_passed_over() -> None:
    value = np.zeros(50)
    value[30:] = 4.0
    value[28:32] = np.nan

    assert onset(value, 0.0, 1.0) == 32


@pytest.mark.parametrize(("value", "scale"), [(np.full(9, np.nan), 1.0), (np.ones(9), 0.0), (np.empty(0), 1.0)])
def test_without_numbers_or_scale_there_is_none(
    value: np.ndarray[tuple[int], np.dtype[np.float64]], scale: float
) -> None:
    assert onset(value, 0.0, scale) is None
