"""Waves in a trunk main against Joukowsky's law and the time that they take."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.models.contract import Event
from simulators.models.transient import Pipeline
from simulators.models.trunk import Trunk, TrunkMain
from simulators.weather import Climate
from simulators.world import World

START = 1_750_032_000 * SECOND
END = START + 86_400 * SECOND
SMOOTH = Pipeline(metres=1_500.0, millimetres=400.0, wave_m_s=1_000.0, friction=1e-6, flow_m3_s=0.06)
AREA = math.pi * 0.4**2 / 4


def _world(line: Pipeline = SMOOTH, seed: int = 1) -> World:
    trunk = Trunk(
        "TM-1", {"TM-1-S1": 400.0, "TM-1-S2": 1_100.0}, {"TL-1": 100.0, "TL-2": 1_400.0}, line, noise_mpa=1e-5
    )
    return World([TrunkMain(trunk, end_ns=END, seed=seed)], Climate(seed=1), START)


def _samples(begin: float, seconds: float, hz: float = 250.0) -> np.ndarray:
    return START + round(begin * SECOND) + (np.arange(round(seconds * hz)) * SECOND / hz).astype(np.int64)


def _arrival(world: World, gauge: str, begin: float) -> float:
    wave = world.wave((gauge, "water_pressure"), _samples(begin, 5.0))
    return begin + float(np.argmax(wave < wave[0] - 0.005)) / 250.0


def test_the_wave_of_a_burst_is_half_of_joukowskys_for_it_runs_both_ways() -> None:
    world = _world()
    world.stage(Event(START + 60 * SECOND, "burst", "TM-1-S2", 36.0))
    world.advance(START + 70 * SECOND)

    wave = world.wave(("TL-2", "water_pressure"), _samples(59.0, 1.5))

    drop_metres = (wave[0] - wave[-1]) / 0.00980665
    assert drop_metres == pytest.approx(1_000 * (0.01 / AREA) / (2 * 9.80665), rel=0.05)


def test_a_burst_is_where_the_difference_of_arrivals_says() -> None:
    world = _world()
    world.stage(Event(START + 60 * SECOND, "burst", "TM-1-S1", 72.0))
    world.advance(START + 70 * SECOND)

    first, second = (_arrival(world, gauge, 59.0) for gauge in ("TL-1", "TL-2"))

    assert first == pytest.approx(60.3, abs=0.02)
    between = 1_300.0
    assert 100.0 + (between - 1_000.0 * (second - first)) / 2 == pytest.approx(400.0, abs=15.0)


def test_a_closing_valve_raises_the_pressure_first_and_is_no_hazard() -> None:
    world = _world()
    world.stage(Event(START + 60 * SECOND, "valve_closure", "TM-1", 50.0, 600.0))
    world.advance(START + 80 * SECOND)

    wave = world.wave(("TL-2", "water_pressure"), _samples(59.0, 4.0))

    assert wave.max() > wave[0] + 0.02
    assert wave.min() > wave[0] - 0.005
    assert [window.hazard for window in world.windows] == [""]


@pytest.mark.slow
def test_what_is_lost_comes_from_the_reservoir_and_ends_with_the_repair() -> None:
    world = _world(Pipeline(metres=1_500.0, friction=0.02, flow_m3_s=0.06))
    world.stage(Event(START + 60 * SECOND, "burst", "TM-1-S1", 72.0, 600.0))

    flows, losses = [], []
    for second in (50, 500, 900):
        world.advance(START + second * SECOND)
        flows.append(world.at(("TM-1", "water_flow"), START + second * SECOND))
        losses.append(world.at(("TM-1-S1", "leak_flow"), START + second * SECOND))

    assert flows[0] == pytest.approx(216.0, abs=0.1)
    assert flows[1] == pytest.approx(288.0, rel=0.05)
    assert flows[2] == pytest.approx(216.0, rel=0.02)
    assert losses == pytest.approx([0.0, 71.85, 0.0], abs=0.05)


def test_nothing_moves_between_two_waves() -> None:
    world = _world()
    world.advance(START + 600 * SECOND)

    wave = world.wave(("TL-1", "water_pressure"), _samples(500.0, 2.0))

    assert wave.std() < 2e-5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_wave_to_the_byte() -> None:
    waves = []
    for seed in (1, 1, 2):
        world = _world(seed=seed)
        world.stage(Event(START + 20 * SECOND, "burst", "TM-1-S1", 72.0))
        world.advance(START + 40 * SECOND)
        waves.append(world.wave(("TL-1", "water_pressure"), _samples(19.0, 5.0)).tobytes())

    assert waves[0] == waves[1] != waves[2]


def test_what_cannot_be_is_refused() -> None:
    world = _world()

    with pytest.raises(ValueError, match="at most 100, got 120"):
        world.stage(Event(START, "valve_closure", "TM-1", 120.0))
    with pytest.raises(ValueError, match="TL-9: 9000 m is not on a pipeline of 1500 m"):
        TrunkMain(Trunk("TM-1", {}, {"TL-9": 9_000.0}, SMOOTH), end_ns=END)


@pytest.mark.slow
def test_waves_are_followed_until_they_have_died_down_and_do_not_come_back_with_the_next() -> None:
    world = _world(Pipeline(metres=1_500.0, friction=0.02, flow_m3_s=0.06, wave_m_s=1_000.0))
    world.stage(Event(START + 60 * SECOND, "valve_closure", "TM-1", 50.0, 60.0))
    world.stage(Event(START + 900 * SECOND, "burst", "TM-1-S2", 36.0))
    world.advance(START + 910 * SECOND)

    before = world.wave(("TL-1", "water_pressure"), _samples(895.0, 5.9))

    # The burst's wave needs a second to get there; without frozen waves nothing moves until then.
    assert np.ptp(before) < 0.0005
