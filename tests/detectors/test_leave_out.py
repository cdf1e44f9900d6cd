"""A departure that remains without any one sensor is the network's; one that does not is a sensor's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors.contract import Floats
from detectors.leave_out import Departing, LeavingOut, Told, median_of_columns
from detectors.leave_out_teaching import Teaching

SENSORS = 6
HOW = replace(LeavingOut.of(SENSORS, 300.0), hold_slots=30)
DAY = 288


def row(slot: int, noise: np.random.Generator) -> tuple[Floats, Floats]:
    """Return terms and pressures: each falls with the flow in its own way."""
    flow = 1.0 + 0.5 * np.sin(2.0 * np.pi * slot / DAY) + 0.05 * noise.normal()
    falls = np.linspace(1.0, 3.0, SENSORS)
    return np.array([1.0, flow]), 40.0 - falls * flow + noise.normal(0.0, 0.02, SENSORS)


def taught(noise: np.random.Generator, days: int = 6) -> Departing:
    teaching = Teaching(2, SENSORS, days * DAY, HOW)
    for slot in range(days * DAY):
        teaching.take(*row(slot, noise))
    assert teaching.is_done()
    return teaching.learned()


def followed(one: Departing, noise: np.random.Generator, slots: int, off: Floats) -> list[Told]:
    told = []
    for slot in range(slots):
        terms, values = row(slot, noise)
        told.append(one.take(terms, values + off))
    return told


def test_ordinary_days_are_neither_a_leak_nor_a_fault() -> None:
    noise = np.random.default_rng(1)

    told = followed(taught(noise), noise, 4 * DAY, np.zeros(SENSORS))

    assert not any(one.leak is not None or one.faults for one in told)


def test_a_fall_around_some_sensors_is_told_after_its_hold_time_and_once() -> None:
    noise = np.random.default_rng(2)
    one = taught(noise)
    followed(one, noise, DAY, np.zeros(SENSORS))

    told = followed(one, noise, DAY, np.array([0.0, -0.1, -0.4, -0.5, -0.2, 0.0]))

    [(slot, departure)] = [(slot, each.leak) for slot, each in enumerate(told) if each.leak is not None]
    assert HOW.hold_slots * HOW.held_share <= slot <= HOW.hold_slots + HOW.hour_slots
    assert int(np.nanargmin(departure)) == 3
    assert one.is_off()


def test_a_fall_that_ends_before_its_hold_time_is_no_leak() -> None:
    noise = np.random.default_rng(3)
    one = taught(noise)

    told = followed(one, noise, 18, np.full(SENSORS, -0.4)) + followed(one, noise, DAY, np.zeros(SENSORS))

    assert not any(each.leak is not None for each in told)


def test_one_sensor_that_is_off_alone_is_named_and_no_leak() -> None:
    noise = np.random.default_rng(4)
    one = taught(noise)

    told = followed(one, noise, DAY, np.array([0.0, 0.0, -1.0, 0.0, 0.0, 0.0]))

    assert [sensor for each in told for sensor in each.faults] == [2]
    assert one.faulty().tolist() == [False, False, True, False, False, False]
    assert not any(each.leak is not None for each in told)


def test_a_zone_is_sound_again_twelve_hours_after_the_repair() -> None:
    noise = np.random.default_rng(5)
    one = taught(noise)
    followed(one, noise, DAY, np.array([0.0, -0.1, -0.4, -0.5, -0.2, 0.0]))

    followed(one, noise, HOW.back_slots + 2 * HOW.hour_slots, np.zeros(SENSORS))

    assert not one.is_off()


def test_it_goes_on_from_its_state_as_if_nothing_had_been() -> None:
    noise = np.random.default_rng(6)
    one, other = taught(noise), Teaching(2, SENSORS, DAY, HOW).learned()
    off = np.array([0.0, -0.1, -0.4, -0.5, -0.2, 0.0])
    followed(one, noise, 200, off)
    other.restore(one.state())

    whole, restored = (followed(each, np.random.default_rng(7), 100, off) for each in (one, other))

    assert [each.statistic for each in whole] == [each.statistic for each in restored]


def test_a_row_that_is_not_complete_teaches_nothing() -> None:
    teaching = Teaching(2, SENSORS, 10, HOW)
    terms, values = row(0, np.random.default_rng(8))
    values[2] = np.nan

    teaching.take(terms, values)

    assert teaching.state()["seen"].tolist() == [0, 0]


@pytest.mark.parametrize(("sensors", "leak"), [(3, 20), (33, 90)])
def test_limits_grow_with_the_number_of_sensors(sensors: int, leak: int) -> None:
    assert LeavingOut.of(sensors, 300.0).leak == leak


def test_the_median_is_of_what_is_there() -> None:
    rows = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])

    assert np.array_equal(median_of_columns(rows), [2.0, np.nan], equal_nan=True)
