"""The models that stand on libraries of the field: EPANET, SWMM, pandapipes. Each is told by the hour."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.models.contract import Event, Model
from simulators.models.drainage import DrainageNetwork, Sewers
from simulators.models.supply import GasMain, GasNetwork, HeatLine, HeatNetwork
from simulators.models.water import Network, WaterNetwork
from simulators.weather import Climate, Storm
from simulators.world import World
from tests.simulators.models.town import town

HOUR = 3600 * SECOND
START = 1_749_945_600 * SECOND
"""Midnight UTC, 08:00 in Shanghai."""
END = START + 24 * HOUR
SEWERS = Path(str(importlib.resources.files("simulators"))) / "networks" / "drainage.inp"
DAY = {"pattern": "0.6 0.5 0.8 1.4 1.2 1.3 1.5 1.0", "steps": "Hydraulic Timestep 1:00\nPattern Timestep 3:00\n"}


class Told:
    """A world of one model, asked by the hour."""

    def __init__(self, model: Model, *, storms: tuple[Storm, ...] = (), mean_celsius: float = 18.0) -> None:
        self.world = World([model], Climate(seed=4, storms=storms, mean_celsius=mean_celsius), START)

    def happens(self, hour: float, kind: str, asset: str, amount: float = float("nan"), hours: float = 0.0) -> None:
        self.world.stage(Event(START + round(hour * HOUR), kind, asset, amount, hours * 3600.0 or float("nan")))

    def at(self, hour: float, asset: str, quantity: str) -> float:
        moment = START + round(hour * HOUR)
        self.world.advance(moment)
        return self.world.at((asset, quantity), moment)


@pytest.fixture
def water(tmp_path: Path) -> Iterator[Told]:
    file = tmp_path / "town.inp"
    file.write_text(town(**DAY))
    names = Network(file, {"N-3": "J3", "TW-1": "T1"}, {"P-1": "P1", "P-2": "P2", "PS-1": "PU1"})
    told = Told(WaterNetwork(names, start_ns=START, end_ns=END, seed=2))
    yield told
    told.world.close()


def sewers(seed: int = 1) -> DrainageNetwork:
    nodes = {"MH-2": "J2", "MH-3": "J3", "UP-1": "U"}
    names = Sewers(SEWERS, nodes, {"S-2": "OR1", "PS-1": "P1"}, {"UP-1": 1.5})
    return DrainageNetwork(names, start_ns=START, end_ns=END, seed=seed)


def test_a_burst_takes_pressure_and_draws_flow(water: Told) -> None:
    water.happens(6, "burst", "P-2", 80.0)

    before = water.at(5.9, "N-3", "water_pressure"), water.at(5.9, "P-2", "water_flow")
    after = water.at(6.2, "N-3", "water_pressure"), water.at(6.2, "P-2", "water_flow")

    assert after[0] < before[0] - 0.01
    assert after[1] > before[1] + 40
    assert water.at(6.2, "P-2", "leak_flow") == pytest.approx(80, rel=0.3)
    assert water.world.windows[0].hazard == "pipe_burst"


def test_a_slow_leak_grows_to_its_amount(water: Told) -> None:
    water.happens(1, "slow_leak", "P-2", 20.0, hours=10)

    assert water.at(0.9, "P-2", "leak_flow") == 0.0
    assert water.at(6, "P-2", "leak_flow") == pytest.approx(10, rel=0.35)
    assert water.at(12, "P-2", "leak_flow") == pytest.approx(20, rel=0.35)


def test_a_pump_that_fails_stands_still_and_starts_again(water: Told) -> None:
    water.happens(4, "pump_failure", "PS-1", hours=2)

    assert water.at(3.9, "PS-1", "pump_running") == 1.0
    assert water.at(5, "PS-1", "pump_running") == 0.0
    assert water.at(5, "PS-1", "water_flow") == 0.0
    assert water.at(7, "PS-1", "pump_running") == 1.0


def test_the_tank_is_a_level_in_metres(water: Told) -> None:
    assert 0.5 <= water.at(3, "TW-1", "water_level") <= 6.0


def test_a_network_that_epanet_refuses_is_refused_with_its_reason(tmp_path: Path) -> None:
    file = tmp_path / "broken.inp"
    file.write_text(town(**DAY, demand="much"))

    with pytest.raises(ValueError, match=r"broken\.inp:3:1: .*EPANET error 202: .*'J2 8 much'"):
        WaterNetwork(Network(file), start_ns=START, end_ns=END)


def test_an_unknown_pipe_is_named(tmp_path: Path) -> None:
    file = tmp_path / "town.inp"
    file.write_text(town(**DAY))

    with pytest.raises(ValueError, match="P-9: there is no link 'P77' in "):
        WaterNetwork(Network(file, links={"P-9": "P77"}), start_ns=START, end_ns=END)


def test_a_blocked_sewer_backs_up() -> None:
    model = sewers()
    with Told(model).world as world:
        told = Told(model)
        told.world = world
        told.happens(4, "blockage", "S-2", 95.0)

        before, after = told.at(3.9, "MH-2", "water_level"), told.at(8, "MH-2", "water_level")

    assert after > before + 0.1


def test_a_storm_floods_the_underpass_when_its_pump_fails() -> None:
    model = sewers()
    told = Told(model, storms=(Storm(START + 2 * HOUR, 120, 50.0),))
    told.happens(2, "pump_failure", "PS-1", hours=3)
    with told.world:
        ponding = told.at(3.2, "UP-1", "ponding_depth")
        dry = told.at(12, "UP-1", "ponding_depth")

    assert ponding > 40
    assert dry == 0.0
    assert {(window.asset, window.hazard) for window in told.world.windows} >= {
        ("PS-1", "pump_failure"),
        ("UP-1", "waterlogging"),
    }


def test_a_healthy_pump_keeps_the_sump_between_its_levels() -> None:
    with Told(sewers()).world as world:
        world.advance(END, keep_ns=24 * HOUR)
        levels = [world.at(("UP-1", "water_level"), START + minute * 60 * SECOND) for minute in range(60, 1440)]

    assert max(levels) < 1.1
    assert min(levels) > 0.15


def test_a_file_that_swmm_refuses_is_refused_with_its_reason(tmp_path: Path) -> None:
    file = tmp_path / "broken.inp"
    file.write_text("[OPTIONS]\nFLOW_UNITS BUCKETS\n")

    with pytest.raises(ValueError, match=r"broken\.inp:2:1: .*SWMM error 205: invalid keyword BUCKETS"):
        DrainageNetwork(Sewers(file), start_ns=START, end_ns=END)


def test_swmm_gives_the_same_truth_to_the_byte_after_it_was_closed() -> None:
    courses = []
    for _ in range(2):
        with World([sewers()], Climate(seed=4, storms=(Storm(START, 60, 20.0),)), START) as world:
            world.advance(START + 3 * HOUR, keep_ns=3 * HOUR)
            courses.append(np.array(world._values[0]).tobytes())

    assert courses[0] == courses[1]


@pytest.mark.slow
def test_gas_that_leaves_a_main_shows_as_flow_and_lower_pressure() -> None:
    told = Told(GasNetwork(GasMain("RS-1", ("G-1", "G-2")), end_ns=END))
    told.happens(1, "gas_leak", "G-2", 400.0)

    before = told.at(0.9, "RS-1", "gas_flow"), told.at(0.9, "G-2", "gas_pressure")
    after = told.at(1.1, "RS-1", "gas_flow"), told.at(1.1, "G-2", "gas_pressure")

    assert after[0] > before[0] + 300
    assert after[1] < before[1] - 0.5


@pytest.mark.slow
def test_a_heat_leak_is_made_up_and_a_cold_boiler_cools_the_far_end() -> None:
    told = Told(HeatNetwork(HeatLine("HP-1", ("H-1", "H-2")), end_ns=END), mean_celsius=2.0)
    told.happens(0.5, "heat_leak", "H-2", 8.0)
    told.happens(1.0, "boiler_failure", "HP-1", 20.0)

    sound = told.at(0.4, "HP-1", "make_up_flow"), told.at(0.4, "H-2", "supply_temperature")
    returned = told.at(0.4, "H-2", "return_temperature")
    leaking = told.at(0.9, "HP-1", "make_up_flow")
    cold = told.at(1.2, "H-2", "supply_temperature")

    assert sound[0] < 0.3
    assert 38 < returned < 50
    assert leaking == pytest.approx(8.0, abs=0.3)
    assert cold < sound[1] - 15
