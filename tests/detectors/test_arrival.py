from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.arrival import Arrival, Arriving

POSITIONS = (150.0, 950.0, 1_900.0, 2_850.0)
SECONDS = np.arange(3_000) * 0.01
TIMES = (SECONDS * 1e9).astype(np.int64)


def heads(source: float, ramp: float, step: float = -2.0) -> NDArray[np.float64]:
    """Heads along a main to which a wave comes at 15 s from `source`, changing by `step` within `ramp` seconds."""
    columns = 40.0 + np.random.default_rng(2).normal(0.0, 0.1, (len(SECONDS), len(POSITIONS)))
    for member, position in enumerate(POSITIONS):
        since = SECONDS - 15.0 - abs(position - source) / 1_015.0
        columns[:, member] += step * np.clip(since / ramp, 0.0, 1.0)
    return columns


def watched(columns: NDArray[np.float64]) -> tuple[Arrival, NDArray[np.float64]]:
    main = Arrival(len(POSITIONS), Arriving(POSITIONS))
    return main, np.nan_to_num(main.update(TIMES, columns))


@pytest.mark.parametrize("source", [400.0, 1_210.0, 2_500.0])
def test_a_burst_is_told_once_within_five_seconds_and_placed(source: float) -> None:
    main, score = watched(heads(source, ramp=0.1))

    is_up = score >= 1.0
    rises = SECONDS[is_up & ~np.concatenate(([False], is_up[:-1]))]

    assert rises.size == 1
    assert 15.0 < rises[0] < 20.0
    assert abs(main.source().position - source) < 15.0
    assert abs(main.source().seconds - 15.0) < 0.1


def test_each_sensor_says_when_and_how_far_its_pressure_fell() -> None:
    main, _ = watched(heads(1_210.0, ramp=0.1))

    seen = main.fronts()

    came = [15.05 + abs(position - 1_210.0) / 1_015.0 for position in POSITIONS]
    assert seen.seconds == pytest.approx(came, abs=0.05)
    assert seen.step == pytest.approx([-2.0] * len(POSITIONS), abs=0.2)


def test_a_wave_that_is_no_burst_leaves_no_fronts() -> None:
    main, _ = watched(heads(3_000.0, ramp=0.1, step=2.0))

    assert np.isnan(main.fronts().seconds).all()


@pytest.mark.parametrize(
    ("source", "ramp", "step"),
    [
        pytest.param(1_210.0, 2.0, -2.0, id="a hydrant opens slowly"),
        pytest.param(0.0, 0.1, -2.0, id="a pump trips at the end"),
        pytest.param(3_000.0, 0.1, 2.0, id="a valve closes at the end"),
        pytest.param(1_210.0, 0.1, 2.0, id="pressure rises"),
    ],
)
def test_what_resembles_a_burst_is_none(source: float, ramp: float, step: float) -> None:
    _, score = watched(heads(source, ramp, step))

    assert (score < 1.0).all()


def test_a_step_at_one_sensor_is_the_sensors() -> None:
    columns = heads(1_210.0, 0.1, step=0.0)
    columns[1_500:, 1] -= 3.0

    main, score = watched(columns)

    assert (score < 1.0).all()
    assert math.isnan(main.source().position)


def test_spikes_and_a_dropout_do_not_hide_a_burst() -> None:
    columns = heads(1_210.0, 0.1)
    columns[[1_000, 1_200, 1_450], 0] -= 10.0
    columns[1_300:1_400, 2] = np.nan

    main, score = watched(columns)

    assert (score >= 1.0).any()
    assert abs(main.source().position - 1_210.0) < 15.0


def test_sensors_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="rise"):
        Arriving((950.0, 150.0))
