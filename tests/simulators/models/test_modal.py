"""A swinging girder against what the textbooks say of oscillators and beams."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.models.bridge import Bridge, Span
from simulators.models.contract import Event
from simulators.models.modal import Modes, beam_hz
from simulators.weather import Climate
from simulators.world import World

START = 1_750_032_000 * SECOND
STILL = np.zeros((3, 3000))


def _spectrum_peak(samples: np.ndarray, rate_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    return float(np.fft.rfftfreq(len(samples), 1 / rate_hz)[1:][np.argmax(power[1:])])


def test_a_beams_frequencies_are_those_of_its_stiffness_matrix() -> None:
    count, metres = 400, 30.0
    step = metres / count
    second = np.diag(np.full(count - 1, -2.0)) + np.diag(np.ones(count - 2), 1) + np.diag(np.ones(count - 2), -1)
    # On two supports the fourth difference is the second one twice.
    stiffness = 4.3e10 * second @ second / step**4

    hz = np.sqrt(np.sort(np.linalg.eigvalsh(stiffness))[:3] / 12_000.0) / (2 * math.pi)

    assert [beam_hz(number, metres, 4.3e10, 12_000.0) for number in (1, 2, 3)] == pytest.approx(hz, rel=1e-3)


def test_a_struck_girder_fades_by_the_logarithmic_decrement() -> None:
    modes = Modes(damping=0.02, rate_hz=200.0)
    modes.strike(4.0, 3.0)

    swing = modes.step(STILL, 0.0, 3.0)

    peaks = [swing[place] for place in range(1, 2999) if swing[place - 1] < swing[place] > swing[place + 1]]
    decrement = 2 * math.pi * 0.02 / math.sqrt(1 - 0.02**2)
    assert peaks[0] == pytest.approx(4.0, rel=0.04)
    assert math.log(peaks[0] / peaks[10]) / 10 == pytest.approx(decrement, rel=0.01)


def test_noise_shakes_it_as_strongly_as_it_is_told_at_its_first_frequency() -> None:
    modes = Modes(damping=0.02, rate_hz=100.0)

    shaken = modes.step(np.random.default_rng(1).normal(size=(3, 100_000)), 0.05, 3.2)

    assert shaken.std() == pytest.approx(0.05, rel=0.1)
    assert _spectrum_peak(shaken[-40_960:], 100.0) == pytest.approx(3.2, rel=0.03)


def test_damage_shows_in_the_samples_as_a_lower_frequency() -> None:
    peaks = []
    for lost in (0.0, 36.0):
        bridge = Bridge(Span("A", wave_hz=50.0), end_ns=START + 10**15, seed=3)
        world = World([bridge], Climate(seed=5), START)
        if lost:
            world.stage(Event(START, "damage", "A", lost))
        world.advance(START + 110 * SECOND)
        times = START + 10 * SECOND + np.arange(4_500, dtype=np.int64) * SECOND // 50
        peaks.append(_spectrum_peak(world.wave(("A", "acceleration"), times), 50.0))

    assert peaks[1] / peaks[0] == pytest.approx(0.8, rel=0.03)


def test_a_blow_rings_in_the_samples_after_its_moment_and_not_before() -> None:
    world = World([Bridge(Span("A", wave_hz=50.0), end_ns=START + 10**15, seed=3)], Climate(seed=5), START)
    world.stage(Event(START + 30 * SECOND, "strike", "A", 4.0))
    world.advance(START + 40 * SECOND)
    times = START + np.arange(40 * 50, dtype=np.int64) * SECOND // 50

    wave = world.wave(("A", "acceleration"), times)

    assert np.abs(wave[: 30 * 50]).max() < 0.5
    assert np.abs(wave[30 * 50 :]).max() > 2.0


def test_a_heavy_vehicle_strains_the_samples_as_it_crosses_and_leaves_nothing() -> None:
    empty = Span("A", wave_hz=50.0, vehicles_per_hour=0.0, strain_per_tonne=1.2)
    world = World([Bridge(empty, end_ns=START + 10**15, seed=3)], Climate(seed=5), START)
    world.stage(Event(START + 20 * SECOND, "overload", "A", 100.0))
    world.advance(START + 40 * SECOND)

    strain = world.wave(("A", "strain"), START + np.arange(30 * 50, dtype=np.int64) * SECOND // 50)

    # 30 m at 5 m/s: it is at mid-span after three seconds.
    assert strain.max() - strain[:500].mean() == pytest.approx(120.0, abs=3.0)
    assert int(np.argmax(strain)) / 50 == pytest.approx(20.0 + 3.0, abs=0.2)
    assert strain[27 * 50 :].mean() == pytest.approx(strain[:500].mean(), abs=0.5)


def test_samples_that_are_not_there_yet_are_none() -> None:
    world = World([Bridge(Span("A", wave_hz=50.0), end_ns=START + 10**15, seed=3)], Climate(seed=5), START)
    world.advance(START + 5 * SECOND)

    wave = world.wave(("A", "acceleration"), np.array([START - SECOND, START, START + 60 * SECOND], np.int64))

    assert np.isnan(wave).tolist() == [True, False, True]


def test_a_place_without_waves_tells_its_steps() -> None:
    world = World([Bridge(Span("A"), end_ns=START + 10**15, seed=3)], Climate(seed=5), START)
    world.advance(START + 5 * SECOND, keep_ns=10 * SECOND)

    wave = world.wave(("A", "acceleration"), np.array([START + 2 * SECOND], np.int64))

    assert wave[0] == world.at(("A", "acceleration"), START + 2 * SECOND)
