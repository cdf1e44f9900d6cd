from __future__ import annotations

import math

import numpy as np
import pytest

from tests.benchmarks.detection import wwtp

HOUR = 3_600_000_000_000


def test_a_forecast_is_held_to_the_hour_three_hours_after_it() -> None:
    flow = np.array([1.0, 2.0, 3.0, 10.0, 20.0])
    forecast = np.array([11.0, 18.0, 0.0, 0.0, 0.0])

    off = wwtp.errors(np.arange(5) * HOUR, flow, forecast)

    assert off.forecast.tolist() == [1.0, 4.0]
    assert off.persistence.tolist() == [81.0, 324.0]


def test_a_missing_forecast_is_persistence() -> None:
    flow = np.array([1.0, 2.0, 3.0, 10.0])

    off = wwtp.errors(np.arange(4) * HOUR, flow, np.full(4, np.nan))

    assert off.forecast.tolist() == off.persistence.tolist() == [81.0]


def test_an_hour_without_its_value_or_the_one_three_hours_before_is_not_judged() -> None:
    flow = np.array([np.nan, 2.0, 3.0, 10.0, np.nan, 30.0])

    off = wwtp.errors(np.arange(6) * HOUR, flow, np.zeros(6))

    assert off.forecast.tolist() == [900.0]


def test_a_row_that_is_missing_does_not_shift_the_hours() -> None:
    hours, flow = np.array([0, 1, 4, 5]), np.array([1.0, 2.0, 5.0, 6.0])

    off = wwtp.errors(hours * HOUR, flow, np.array([0.0, 7.0, 0.0, 0.0]))

    assert off.forecast.tolist() == [4.0]


def test_scores_are_pooled_over_hours() -> None:
    files = [
        wwtp.Errors(np.array([1.0, 1.0, 1.0]), np.array([4.0, 4.0, 4.0])),
        wwtp.Errors(np.array([13.0]), np.array([52.0])),
    ]

    values = wwtp.scored(files).values

    assert values == {"rmse": 2.0, "rmse_persistence": 4.0, "skill": pytest.approx(0.75)}
    assert math.isnan(wwtp.scored([]).values["rmse"])
