"""A zone whose gauges fall together, for longer than a hydrant runs, leaks near those that fell most."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.hazards.contract import Judgement
from gateway.hazards.zone_pressures import ZonePressures, zone_pressures
from gateway.model import SECOND
from tests.gateway.hazards.places import asset, gauged_zone, measured, town

DAY = 288
METRE = 0.00980665
LEARNED = 14 * DAY


def model() -> ZonePressures:
    inventory = gauged_zone()
    built = zone_pressures(inventory, inventory.assets["DMA"])
    assert built is not None
    return built


@pytest.fixture(scope="module")
def days() -> np.ndarray:
    """Return four pressures (MPa) and the inflow (m3/h) of seventeen days."""
    noise = np.random.default_rng(1)
    slot = np.arange(17 * DAY)
    flow = 50.0 + 25.0 * np.sin(2.0 * np.pi * slot / DAY) + noise.normal(0.0, 2.0, len(slot))
    metres = 40.0 - 0.001 * np.array([0.5, 1.0, 1.2, 1.5]) * (flow**1.85)[:, None]
    return np.column_stack([(metres + noise.normal(0.0, 0.02, metres.shape)) * METRE, flow])


def leaking(days: np.ndarray, start: int, slots: int) -> np.ndarray:
    """Return the days with a leak near N-3: more flows in, and N-3 falls more than its neighbours."""
    rows = days.copy()
    rows[start : start + slots, :4] -= np.array([0.2, 0.4, 0.6, 0.35]) * METRE
    return rows


def judged(rows: np.ndarray) -> list[Judgement]:
    one = model()
    return [one.judge(number * 300 * SECOND, row) for number, row in enumerate(rows)]


def test_a_lasting_fall_is_told_within_seven_hours_and_near_its_gauge(days: np.ndarray) -> None:
    said = judged(leaking(days, LEARNED + DAY, 2 * DAY))

    first = next(number for number, one in enumerate(said) if one.value > 0.05)
    assert 55 <= first - LEARNED - DAY <= 84
    assert said[first].agreeing[0] == "N-3.gauge.pressure"
    assert said[first].terms["fall_at_N-3"] == pytest.approx(0.6, abs=0.1)


def test_there_is_no_opinion_while_it_learns_and_none_of_a_leak_on_ordinary_days(days: np.ndarray) -> None:
    said = np.array([one.value for one in judged(days)])

    assert np.isnan(said[:LEARNED]).all()
    assert np.nanmax(said) == 0.0


def test_a_hydrant_of_four_hours_is_no_leak(days: np.ndarray) -> None:
    said = judged(leaking(days, LEARNED + DAY, 48))

    assert np.nanmax([one.value for one in said]) == 0.0


def test_one_gauge_that_drifts_alone_is_left_out(days: np.ndarray) -> None:
    rows = days.copy()
    rows[LEARNED + DAY :, 1] -= 2.0 * METRE

    said = judged(rows)

    assert np.nanmax([one.value for one in said]) == 0.0
    assert said[-1].terms["gauges_left_out"] == 1.0


def test_without_its_inflow_there_is_no_opinion(days: np.ndarray) -> None:
    rows = leaking(days, LEARNED + DAY, 2 * DAY)
    rows[LEARNED:, 4] = np.nan

    assert np.isnan([one.value for one in judged(rows)]).all()


def test_it_takes_three_gauges_and_a_meter_on_every_inlet() -> None:
    two = ("N-1", "N-2")
    inventory = town(
        (
            asset("DMA", "water"),
            asset("P-1", "water", inlet_of="DMA"),
            *(asset(n, "water", part_of="DMA") for n in two),
        ),
        (measured("P-1.m.flow", "water_flow"), *(measured(f"{n}.g.p", "water_pressure") for n in two)),
    )

    assert zone_pressures(inventory, inventory.assets["DMA"]) is None
