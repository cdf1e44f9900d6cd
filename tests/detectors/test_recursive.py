from __future__ import annotations

import numpy as np
import pytest

from detectors.recursive import Recursive


def test_older_samples_fade() -> None:
    model = Recursive(1, memory=10.0)
    for value in [1.0] * 200 + [5.0] * 60:
        model.learn(np.array([1.0]), value)

    assert model.expect(np.array([1.0])) == pytest.approx(5.0, abs=0.02)


def test_an_absent_regressor_is_left_out_of_the_solution() -> None:
    model = Recursive(2, memory=1_000.0)
    rng = np.random.default_rng(1)
    for one, other in rng.normal(0.0, 1.0, (500, 2)):
        model.learn(np.array([one, other]), 2.0 * one + 3.0 * other)

    assert model.expect(np.array([1.0, np.nan])) == pytest.approx(2.0, abs=0.3)


def test_a_sample_with_an_absent_regressor_teaches_nothing() -> None:
    model = Recursive(2, memory=10.0)

    model.learn(np.array([1.0, np.nan]), 4.0)

    assert not model.state()["gram"].any()
    assert np.isnan(model.expect(np.array([1.0, 1.0])))
