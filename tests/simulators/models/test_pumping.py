"""Pumps that fill tanks, by EPANET: what stops them, what does not, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.model import SECOND
from simulators.models.contract import Event
from simulators.models.water import Network, WaterNetwork
from simulators.weather import Climate
from simulators.world import World

HOUR = 3600 * SECOND
START = 1_749_945_600 * SECOND
END = START + 48 * HOUR
TOWN = """[JUNCTIONS]
J1 0 0
J2 10 5
[RESERVOIRS]
WELL 2
LOW 20
[TANKS]
TOWER {floor} {depths} {wide} 0 * YES
[PIPES]
P1 J1 TOWER {long} {bore} 120 0 Open
P2 TOWER J2 {long} {bore} 120 0 Open
P3 LOW J2 {long} {bore} 120 0 CV
[PUMPS]
PU WELL J1 HEAD LIFT
[CURVES]
LIFT {lift}
[CONTROLS]
LINK PU OPEN IF NODE TOWER BELOW {start}
LINK PU CLOSED IF NODE TOWER ABOVE {stop}
[TIMES]
Duration 24:00
[OPTIONS]
Units {units}
Headloss H-W
[END]
"""
METRIC = {
    "floor": 35,
    "depths": "3 0.3 4.5",
    "wide": 6,
    "long": 100,
    "bore": 200,
    "lift": "12 38",
    "start": 2,
    "stop": 3.5,
    "units": "LPS",
}


def tower(folder: Path, **changed: object) -> World:
    file = folder / "town.inp"
    file.write_text(TOWN.format(**{**METRIC, **changed}))
    names = Network(file, {"N-2": "J2", "WT-1": "TOWER"}, {"P-2": "P2", "WP-1": "PU"})
    return World([WaterNetwork(names, start_ns=START, end_ns=END, seed=2)], Climate(seed=4), START)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[World]:
    with tower(tmp_path) as world:
        yield world


def happens(world: World, hour: float, kind: str, asset: str, *, hours: float, amount: float = float("nan")) -> None:
    world.stage(Event(START + round(hour * HOUR), kind, asset, amount, hours * 3600.0))


def course(world: World, asset: str, quantity: str, begin: float, end: float) -> list[float]:
    """Return a place every ten minutes from one hour to another."""
    world.advance(START + round(end * HOUR), keep_ns=48 * HOUR)
    moments = range(START + round(begin * HOUR), START + round(end * HOUR), 600 * SECOND)
    return [world.at((asset, quantity), moment) for moment in moments]


def test_a_healthy_pump_keeps_its_tank_between_its_marks(town: World) -> None:
    levels = course(town, "WT-1", "water_level", 0, 24)
    runs = course(town, "WP-1", "pump_running", 0, 24)

    assert 1.95 < min(levels) < 2.1
    assert 3.4 < max(levels) < 3.6
    assert sum(was < now for was, now in pairwise(runs)) > 3
    assert town.windows == []


def test_a_motor_draws_current_only_while_its_pump_runs(town: World) -> None:
    runs = course(town, "WP-1", "pump_running", 0, 12)
    amps = course(town, "WP-1", "motor_current", 0, 12)

    assert {0.0} == {current for current, is_running in zip(amps, runs, strict=True) if not is_running}
    # 12 L/s lifted by 38 m are 4.5 kW; a pump of 75 %, EPANET's default, draws 6 kW.
    assert all(9.0 < current < 12.0 for current, is_running in zip(amps, runs, strict=True) if is_running)


def test_a_pump_that_fails_stands_whatever_its_controls_say_and_its_tank_runs_dry(town: World) -> None:
    happens(town, 2, "pump_failure", "WP-1", hours=8)

    runs, levels = (course(town, *place, 2.1, 9.9) for place in (("WP-1", "pump_running"), ("WT-1", "water_level")))

    assert set(runs) == {0.0}
    assert levels[-1] == pytest.approx(0.3, abs=0.01)
    assert course(town, "N-2", "water_pressure", 9, 9.9)[-1] < 0.12
    assert [(window.kind, window.asset) for window in town.windows[1:]] == [
        ("tank_low", "WT-1"),
        ("low_pressure", "N-2"),
    ]


def test_a_pump_that_was_repaired_fills_its_tank_to_its_mark(town: World) -> None:
    happens(town, 2, "pump_failure", "WP-1", hours=8)

    levels = course(town, "WT-1", "water_level", 11, 30)

    assert 3.4 < max(levels) < 3.6
    assert 1.9 < min(levels[60:]) < 2.1


def test_a_pump_that_does_not_stop_fills_its_tank_to_the_brim(town: World) -> None:
    happens(town, 2, "pump_runs_on", "WP-1", hours=6)

    levels = course(town, "WT-1", "water_level", 2.1, 8)
    after = course(town, "WT-1", "water_level", 12, 20)

    assert max(levels) == pytest.approx(4.5, abs=0.01)
    assert max(after) < 3.6
    assert [(window.kind, window.hazard) for window in town.windows] == [
        ("pump_runs_on", "supply_abnormal"),
        ("tank_high", "supply_abnormal"),
    ]


def test_a_tank_is_measured_in_metres_whatever_its_file_is_written_in(tmp_path: Path) -> None:
    feet = {
        "floor": 115,
        "depths": "10 1 15",
        "wide": 20,
        "long": 300,
        "bore": 8,
        "lift": "190 125",
        "start": 6.5,
        "stop": 11.5,
        "units": "GPM",
    }
    with tower(tmp_path, **feet) as world:
        levels = course(world, "WT-1", "water_level", 0, 24)
        windows = world.windows

    assert 1.9 < min(levels) < max(levels) < 3.6
    assert windows == []


def test_a_hydrant_is_flushed_where_it_stands_and_nothing_is_wrong(town: World) -> None:
    happens(town, 2, "flush", "N-2", hours=0.5, amount=18.0)

    before, during, after = (course(town, "P-2", "water_flow", hour, hour + 0.2)[0] for hour in (1.8, 2.2, 2.8))

    assert during - before == pytest.approx(18.0, abs=6.0)
    assert after == pytest.approx(before, abs=6.0)
    assert [(window.kind, window.hazard) for window in town.windows] == [("flush", "")]


@pytest.mark.parametrize(
    ("kind", "asset"), [("flush", "WT-1"), ("flush", "WP-1"), ("burst", "N-2"), ("pump_runs_on", "P-2")]
)
def test_what_cannot_happen_at_a_place_is_refused(kind: str, asset: str, town: World) -> None:
    with pytest.raises(ValueError, match=f"{kind} at '{asset}': there is no such asset here"):
        happens(town, 2, kind, asset, hours=1, amount=5.0)
