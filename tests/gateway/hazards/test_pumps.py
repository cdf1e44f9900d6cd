"""A pump that stands while its sump is past every start has failed; one that loses against a storm has not."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.hazards.pumps import PumpFailure, pump_failure
from gateway.inventory import Inventory
from gateway.model import SECOND
from tests.gateway.hazards.places import RUNNING, SUMP, asset, measured, pump_station, town

MINUTE = 60 * SECOND


def built(inventory: Inventory) -> PumpFailure:
    one = pump_failure(inventory, inventory.assets["PS-1"])
    assert one is not None
    return one


def cycles(count: int, start: float = 0.9) -> list[tuple[float, float]]:
    """Return (level, running) by the minute: a sump that fills in an hour and is emptied in ten minutes."""
    filling = [(float(level), 0.0) for level in np.linspace(0.3, start, 60)]
    emptying = [(float(level), 1.0) for level in np.linspace(start, 0.3, 10)]
    return (filling + emptying) * count


def values(one: PumpFailure, rows: list[tuple[float, float]]) -> np.ndarray:
    return np.array([one.judge(number * MINUTE, np.array(row)).value for number, row in enumerate(rows)])


def test_a_sump_past_its_start_with_the_pump_off_is_a_failure_after_five_minutes() -> None:
    rising = [(0.9 + 0.02 * minute, 0.0) for minute in range(30)]

    said = values(built(pump_station()), cycles(4) + cycles(1)[:60] + rising)[-30:]

    assert 0 < np.flatnonzero(said > 0)[0] <= 10
    assert said[-1] == pytest.approx(0.58, abs=0.01)


def test_a_pump_that_runs_and_loses_against_a_storm_has_not_failed() -> None:
    storm = [(0.9 + 0.05 * minute, 1.0) for minute in range(60)]

    said = values(built(pump_station()), cycles(4) + storm)

    assert np.nanmax(said) == 0.0


def test_there_is_no_opinion_before_three_starts() -> None:
    said = values(built(pump_station()), cycles(2) + cycles(1)[:60])

    assert np.isnan(said).all()


def test_a_start_after_a_failure_does_not_become_the_mark() -> None:
    one = built(pump_station())
    failure = [(0.9 + 0.1 * minute, 0.0) for minute in range(30)]
    late = [(float(level), 1.0) for level in np.linspace(3.9, 0.3, 60)]

    said = values(one, cycles(4) + failure + late + cycles(1)[:60] + failure)[-30:]

    assert np.flatnonzero(said > 0)[0] <= 10


def test_a_mark_that_was_raised_is_learned_in_two_cycles() -> None:
    said = values(built(pump_station()), cycles(4) + cycles(6, start=1.4))

    per_cycle = said[4 * 70 :].reshape(6, 70).max(axis=1)
    assert (per_cycle[:2] > 0).all()
    assert (per_cycle[2:] == 0.0).all()


@pytest.mark.parametrize("state", ["motor_current", "sewage_flow"])
def test_a_current_or_a_flow_tells_as_well_whether_it_runs(state: str) -> None:
    rows = [(level, 20.0 * running + 0.1) for level, running in cycles(4)]
    standing = [(1.5, 0.1)] * 10

    assert values(built(pump_station(state)), rows + standing)[-1] == pytest.approx(0.6, abs=0.01)


def test_a_pump_whose_state_is_unknown_has_not_failed() -> None:
    said = values(built(pump_station()), cycles(4) + [(2.0, np.nan)] * 20)[-20:]

    assert np.isnan(said).all()


def test_a_pump_that_fills_a_tank_is_missed_when_the_tank_is_low() -> None:
    inventory = town(
        (asset("T-1", "water"), asset("PS-1", "water", fills="T-1")),
        (measured("T-1.gauge.level", "water_level"), measured(RUNNING, "pump_running")),
    )
    rows = [(5.0 - level, running) for level, running in cycles(4)]

    said = values(built(inventory), rows + [(3.5, 0.0)] * 10)

    assert said[-1] == pytest.approx(0.6, abs=0.01)
    assert np.nanmax(said[:-10]) == 0.0


def test_the_judgement_names_the_mark_and_the_state() -> None:
    one = built(pump_station())
    values(one, cycles(4))

    said = [one.judge((1_000 + minute) * MINUTE, np.array([1.5, 0.0])) for minute in range(8)][-1]

    assert said.terms == {"level": 1.5, "starts_at": 0.9, "is_running": 0.0, "past_mark": 0.6}
    assert said.agreeing == (RUNNING,)


def test_a_flow_beside_a_level_is_no_pump() -> None:
    inventory = town(
        (asset("W-1", "drainage"),), (measured("W-1.g.level", "water_level"), measured("W-1.g.flow", "sewage_flow"))
    )

    assert pump_failure(inventory, inventory.assets["W-1"]) is None
    assert built(pump_station()).channels == [SUMP, RUNNING]
