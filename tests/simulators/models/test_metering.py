"""What the meters of a network show of its flow: speed by the bore, totals by the hour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.models.contract import Event
from simulators.models.metering import Totaliser, velocity_m_s
from simulators.models.trunk import Trunk, TrunkMain
from simulators.models.water import Network, WaterNetwork
from simulators.weather import Climate
from simulators.world import World
from tests.simulators.models.town import town

HOUR = 3600 * SECOND
MINUTE = 60 * SECOND
START = 1_749_945_600 * SECOND
PATTERN = "0.6 0.5 0.8 1.4 1.2 1.3 1.5 1.0"


@pytest.fixture
def water(tmp_path: Path) -> Iterator[World]:
    file = tmp_path / "town.inp"
    file.write_text(town(PATTERN, steps="Pattern Timestep 3:00\n"))
    links = {"P-1": "P1", "P-2": "P2", "P-3": "P3", "PS-1": "PU1"}
    model = WaterNetwork(Network(file, {"N-2": "J2"}, links), start_ns=START, end_ns=START + 24 * HOUR, seed=2)
    with World([model], Climate(seed=4), START) as world:
        yield world


def test_a_meter_counts_what_runs_between_two_readings_and_keeps_directions_apart() -> None:
    totals = Totaliser(2, 3600.0)

    begun = totals.count(np.array([10.0, -4.0]))
    after = totals.count(np.array([20.0, -6.0]))

    assert [told.tolist() for told in begun] == [[0.0, 0.0], [0.0, 0.0]]
    assert [told.tolist() for told in after] == [[15.0, 0.0], [0.0, 5.0]]


@pytest.mark.parametrize(("asset", "millimetres"), [("P-1", 300.0), ("P-2", 250.0), ("PS-1", 300.0)])
def test_the_speed_is_that_of_the_flow_in_the_bore(asset: str, millimetres: float, water: World) -> None:
    water.advance(START + 5 * HOUR)

    flow, speed = (water.at((asset, quantity), START + 5 * HOUR) for quantity in ("water_flow", "velocity"))

    assert speed == pytest.approx(velocity_m_s(flow, millimetres))
    assert abs(speed) > 0.05


def test_a_total_is_the_integral_of_the_flow_through_a_burst_too(water: World) -> None:
    water.stage(Event(START + 90 * MINUTE, "burst", "P-2", 80.0, 3600.0))
    water.advance(START + 4 * HOUR, keep_ns=4 * HOUR)
    minutes = [START + minute * MINUTE for minute in range(241)]

    flow = np.array([water.at(("P-1", "water_flow"), one) for one in minutes])
    total = np.array([water.at(("P-1", "water_volume"), one) for one in minutes])

    assert (np.diff(total) >= 0).all()
    assert total == pytest.approx(np.concatenate([[0.0], np.cumsum((flow[1:] + flow[:-1]) / 120.0)]))


def test_what_runs_backwards_is_not_taken_off_the_total(water: World) -> None:
    water.stage(Event(START + 6 * HOUR, "pump_failure", "PS-1", seconds=3 * 3600.0))
    water.advance(START + 24 * HOUR, keep_ns=24 * HOUR)
    hours = [START + hour * HOUR for hour in range(25)]

    forward = np.array([water.at(("P-3", "water_volume"), one) for one in hours])
    backward = np.array([water.at(("P-3", "reverse_volume"), one) for one in hours])

    assert (np.diff(forward) >= 0).all()
    assert (np.diff(backward) >= 0).all()
    assert forward[-1] > 10
    assert backward[-1] > 10


def test_the_meter_of_a_trunk_main_follows_its_flow_through_a_burst() -> None:
    model = TrunkMain(Trunk("TM", {"S-1": 800.0}, {"TL-1": 100.0}), end_ns=START + HOUR)
    with World([model], Climate(seed=4), START) as world:
        world.stage(Event(START + 2 * MINUTE, "burst", "S-1", 90.0))
        world.advance(START + 10 * MINUTE, keep_ns=10 * MINUTE)
        steps = [START + 10 * step * SECOND for step in range(61)]
        flow, speed, total = (
            np.array([world.at(("TM", quantity), one) for one in steps])
            for quantity in ("water_flow", "velocity", "water_volume")
        )

    assert flow[-1] > flow[0] + 50
    assert speed == pytest.approx([velocity_m_s(one, 400.0) for one in flow])
    assert np.diff(total) == pytest.approx((flow[1:] + flow[:-1]) / 720.0)
