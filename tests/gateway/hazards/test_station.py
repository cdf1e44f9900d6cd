"""A station's channels move together; the one that stops doing so is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gateway.hazards.contract import Judgement
from gateway.hazards.station import StationPattern, station_pattern
from gateway.model import SECOND
from tests.gateway.hazards.places import asset, gauged_zone, measured, town

HOUR = 3_600 * SECOND
DAYS = 20
NAMES = [f"PS-1.plc.{point}" for point in ("tank", "suction", "delivery", "current")]


def model() -> StationPattern:
    members = [measured(name, "water_pressure", report_seconds=3_600.0) for name in NAMES]
    inventory = town((asset("PS-1", "water"),), members)
    built = station_pattern(inventory, inventory.assets["PS-1"])
    assert built is not None
    return built


def ordinary() -> np.ndarray:
    """Return twenty days by the hour, four members that follow one demand."""
    noise = np.random.default_rng(1)
    demand = np.sin(2.0 * np.pi * np.arange(DAYS * 24) / 24.0)[:, None]
    return np.asarray(20.0 + demand * [3.0, -2.0, 1.5, 4.0] + noise.normal(0.0, 0.1, (DAYS * 24, 4)))


def judged(rows: np.ndarray) -> list[Judgement]:
    one = model()
    return [one.judge(number * HOUR, row) for number, row in enumerate(rows)]


def test_ordinary_days_after_the_fortnight_stay_under_the_limit() -> None:
    said = np.array([one.value for one in judged(ordinary())])

    assert np.isnan(said[: 14 * 24]).all()
    assert np.nanmean(said >= 1.0) < 0.02


def test_a_member_that_leaves_the_others_is_named_first() -> None:
    rows = ordinary()
    rows[18 * 24 :, 2] += 2.0

    said = judged(rows)[18 * 24 + 3]

    assert said.value >= 1.0
    assert said.agreeing[0] == NAMES[2]
    assert next(iter(said.terms)) == f"share of {NAMES[2]}"


def test_a_demand_as_high_as_ever_moves_all_and_is_nothing() -> None:
    rows = ordinary()
    rows[18 * 24 + 3 : 18 * 24 + 9] = rows[18 * 24 + 6] + np.zeros((6, 1))

    said = np.array([one.value for one in judged(rows)])

    assert (said[18 * 24 + 4 : 18 * 24 + 9] < 1.0).all()


def test_an_absent_member_leaves_the_others_judged() -> None:
    rows = ordinary()
    rows[17 * 24 :, 0] = np.nan
    rows[18 * 24 :, 2] += 2.0

    assert judged(rows)[18 * 24 + 3].value >= 1.0


def test_batteries_and_totals_are_no_members_and_three_channels_are_too_few() -> None:
    three = [measured(name, "water_pressure") for name in NAMES[:3]]
    others = [
        measured("PS-1.plc.total", "water_volume"),
        replace(measured("PS-1.plc.bat", "battery_voltage"), importance="low"),
    ]
    inventory = town((asset("PS-1", "water"),), (*three, *others))

    assert station_pattern(inventory, inventory.assets["PS-1"]) is None
    zone = gauged_zone()
    assert station_pattern(zone, zone.assets["DMA"]) is not None
