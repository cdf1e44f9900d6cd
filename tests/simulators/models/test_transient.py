from __future__ import annotations

import math

import numpy as np
import pytest

from simulators.models.transient import Burst, Closure, Pipeline, record

PIPE = Pipeline(metres=1_500.0, wave_m_s=1_100.0)


def _first(pressure: np.ndarray, hz: float, by: float = 0.002) -> float:
    return float(np.argmax(np.abs(pressure - pressure[0]) > by)) / hz


@pytest.mark.parametrize(("gauge", "burst"), [(200.0, 600.0), (1300.0, 600.0), (200.0, 1400.0)])
def test_the_wave_of_a_burst_arrives_after_its_way(gauge: float, burst: float) -> None:
    pressure = record(PIPE, (gauge,), hz=250, seconds=6, bursts=(Burst(burst, 0.02, 2.0),), noise_mpa=0.0)[:, 0]

    assert _first(pressure, 250) == pytest.approx(2.0 + abs(gauge - burst) / 1_100.0, abs=0.02)
    assert pressure.min() < pressure[0] - 0.02


def test_a_valve_shut_at_once_raises_the_head_as_joukowsky_says() -> None:
    frictionless = Pipeline(friction=1e-6)

    pressure = record(frictionless, (1_490.0,), hz=250, seconds=3, closures=(Closure(-1.0, 1.0, 0.001),), noise_mpa=0.0)

    velocity = 0.06 / (math.pi * 0.4**2 / 4)
    assert (pressure.max() - pressure[0, 0]) / 0.00980665 == pytest.approx(1_100 * velocity / 9.80665, rel=0.01)


def test_a_burst_settles_at_a_lower_pressure_and_a_closing_valve_at_a_higher() -> None:
    lossy = Pipeline(friction=0.2, metres=500.0)

    burst = record(lossy, (400.0,), hz=100, seconds=60, bursts=(Burst(250.0, 0.02, 1.0),), noise_mpa=0.0)[:, 0]
    closed = record(lossy, (400.0,), hz=100, seconds=60, closures=(Closure(-0.3, 1.0),), noise_mpa=0.0)[:, 0]

    assert burst[-500:].mean() < burst[0] - 0.005
    assert closed[-500:].mean() > closed[0] + 0.005


def test_the_same_seed_gives_the_same_noise() -> None:
    first, again, other = (record(PIPE, (700.0,), hz=100, seconds=1, seed=seed) for seed in (3, 3, 4))

    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_a_gauge_beyond_the_pipe_is_refused() -> None:
    with pytest.raises(ValueError, match="1600 m is not on a pipeline of 1500 m"):
        record(PIPE, (1600.0,), hz=100, seconds=1)
