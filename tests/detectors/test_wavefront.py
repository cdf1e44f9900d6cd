from __future__ import annotations

import numpy as np

from detectors.wavefront import front, placed, steady_change, without_spikes

SPREAD = (0.02, 0.006)


def test_spikes_go_and_steps_stay() -> None:
    rows = np.array([[0.0], [0.0], [9.0], [0.0], [0.0], [5.0], [5.0], [5.0], [5.0]])

    assert without_spikes(rows)[4:].ravel().tolist() == [0.0, 0.0, 5.0, 5.0, 5.0]


def test_a_change_needs_both_of_its_means() -> None:
    rows = np.array([[0.0], [0.0], [0.0], [2.0], [2.0]])

    change = steady_change(rows, mean=2, apart=2).ravel()

    assert np.isnan(change[:3]).all()
    assert change[3:].tolist() == [1.0, 2.0]


def test_a_slow_fall_is_less_steep_than_a_sudden_one() -> None:
    slow = np.concatenate([np.zeros(100), -np.arange(100) / 50.0])
    sudden = np.concatenate([np.zeros(105), np.full(95, -2.0)])

    assert front(sudden, crossed=110, rise=40, mean=10).steepness > 0.95
    assert front(slow, crossed=130, rise=40, mean=10).steepness < 0.6


def test_an_echo_within_the_rise_is_not_the_front() -> None:
    pulse = np.concatenate([np.zeros(100), np.full(30, -2.0), np.full(70, 1.0)])

    seen = front(pulse, crossed=110, rise=40, mean=10)

    assert seen.step < 0
    assert abs(seen.place - 100) <= 1


def test_with_two_sensors_the_place_is_half_of_the_length_less_what_the_wave_ran_between() -> None:
    source = placed(np.array([0.0, 1_000.0]), np.array([7.3, 7.7]), 1_000.0, SPREAD)

    assert round(source.position) == 300


def test_a_wave_from_beyond_an_end_has_no_place_between() -> None:
    position = np.array([0.0, 800.0, 2_000.0])

    assert not placed(position, 5.0 + position / 1_000.0, 1_000.0, SPREAD).is_between


def test_one_time_that_does_not_fit_is_left_out() -> None:
    position = np.array([0.0, 400.0, 800.0, 1_500.0, 2_000.0])
    seconds = 5.0 + np.abs(position - 1_100.0) / 1_000.0 + [0.0, 0.0, 0.0, 0.0, 0.5]

    source = placed(position, seconds, 1_000.0, SPREAD)

    assert source.fits.tolist() == [0, 1, 2, 3]
    assert round(source.position) == 1_100
