"""The models against closed forms and figures that textbooks give."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.models.contract import Event
from simulators.models.gas_space import GasSpaces, Space
from simulators.models.slope import Slope, SlopeModel
from simulators.models.supply import GasMain, GasNetwork, HeatLine, HeatNetwork
from simulators.models.tunnel import Bore, RoadTunnel
from simulators.models.water import Network, WaterNetwork
from simulators.weather import Climate, Weather
from simulators.world import World

START = 1_749_945_600 * SECOND
HOUR = 3600 * SECOND
END = START + 30 * 24 * HOUR
STILL = Weather(rain_mm_h=0.0, air_celsius=18.0, wind_m_s=0.0, local_hour=8.0, local_day=20_000)
PIPE = """[JUNCTIONS]
J1 0 0
J2 0 20
[RESERVOIRS]
R 50
[PIPES]
P1 R J1 500 200 120 0 Open
P2 J1 J2 500 200 120 0 Open
[OPTIONS]
Units LPS
Headloss H-W
Emitter Exponent {exponent}
[TIMES]
Duration 24:00
[END]
"""


def _pipe(folder: Path, exponent: float = 0.5) -> WaterNetwork:
    file = folder / "pipe.inp"
    file.write_text(PIPE.format(exponent=exponent))
    names = Network(file, {"N-1": "J1", "N-2": "J2"}, {"P-1": "P1", "P-2": "P2"})
    return WaterNetwork(names, start_ns=START, end_ns=END, seed=2)


def test_a_pipe_loses_head_as_hazen_and_williams_say(tmp_path: Path) -> None:
    with World([_pipe(tmp_path)], Climate(seed=1), START) as world:
        world.advance(START + HOUR)
        flow, near, far = (
            world.at(place, START + HOUR)
            for place in (("P-2", "water_flow"), ("N-1", "water_pressure"), ("N-2", "water_pressure"))
        )

    lost_metres = 10.67 * 500.0 * (flow / 3600.0) ** 1.852 / (120.0**1.852 * 0.2**4.871)
    assert (near - far) / 0.00980665 == pytest.approx(lost_metres, rel=0.005)


@pytest.mark.parametrize("exponent", [0.5, 0.8])
def test_a_leak_loses_by_the_power_of_pressure_that_its_zone_has(exponent: float, tmp_path: Path) -> None:
    with World([_pipe(tmp_path, exponent)], Climate(seed=1), START) as world:
        world.stage(Event(START + HOUR, "leak", "P-2", 30.0))
        said = []
        for minute in (61, 61.0 + 600.0):
            moment = START + round(minute * 60) * SECOND
            world.advance(moment)
            said.append([world.at(place, moment) for place in (("P-2", "leak_flow"), ("N-2", "water_pressure"))])
        inflow, used = world.at(("P-1", "water_flow"), moment), world.at(("P-2", "water_flow"), moment)

    coefficients = [lost / (pressure / 0.00980665) ** exponent for lost, pressure in said]
    assert coefficients[0] == pytest.approx(coefficients[1], rel=0.05)
    assert inflow == pytest.approx(used, rel=0.001)
    assert said[1][0] == pytest.approx(30.0, rel=0.15)


def test_water_that_leaves_a_network_by_a_leak_comes_in_at_its_source(tmp_path: Path) -> None:
    with World([_pipe(tmp_path)], Climate(seed=1), START) as world:
        world.stage(Event(START + HOUR, "flush", "P-2", 36.0, 1800.0))
        flows = []
        for minute in (59, 70, 100):
            world.advance(START + minute * 60 * SECOND)
            flows.append(world.at(("P-1", "water_flow"), START + minute * 60 * SECOND))

    assert flows[1] - flows[0] == pytest.approx(36.0, abs=9.0)
    assert flows[2] == pytest.approx(flows[0], abs=9.0)
    assert [window.hazard for window in world.windows] == [""]


def _rates(alpha: float, hours: tuple[float, ...]) -> list[float]:
    """Return the rates of a slope that fails after 100 h, its steady creep taken off, in mm a day."""
    world = World([SlopeModel(Slope("A", alpha=alpha), end_ns=END, seed=1)], Climate(seed=1), START)
    still = World([SlopeModel(Slope("A", alpha=alpha), end_ns=END, seed=1)], Climate(seed=1), START)
    world.stage(Event(START, "creep", "A", 60.0, 100 * 3600.0))
    rates = []
    for hour in hours:
        moved = []
        for at in (hour - 1.0, hour + 1.0):
            moment = START + round(at * 3600) * SECOND
            world.advance(moment)
            still.advance(moment)
            moved.append(world.at(("A", "displacement"), moment) - still.at(("A", "displacement"), moment))
        rates.append((moved[1] - moved[0]) * 12.0)
    return rates


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.7, 2.0, 2.2])
def test_a_slope_fails_when_voights_law_says(alpha: float) -> None:
    hours = (20.0, 40.0, 60.0, 80.0, 90.0)

    # v^(1 - alpha) falls on a straight line to zero at failure.
    line = np.array(_rates(alpha, hours)) ** (1.0 - alpha)
    slope, begin = np.polyfit(hours, line, 1)

    assert -begin / slope == pytest.approx(100.0, rel=0.02)


def test_gas_in_a_space_settles_at_inflow_over_air_change() -> None:
    space = Space("A", {"G": 0.001}, volume_m3=4.0, exchanges_per_hour=0.5, sewage_lel=1e-9)
    model = GasSpaces([space], end_ns=END, seed=1)
    model.stage(Event(0, "gas_leak", "G", 0.04))

    for second in range(0, 48 * 3600, 30):
        values = model.step(second * SECOND, STILL, {})

    # 0.04 m3/h beside 2 m3/h of fresh air; 5 % of the volume are 100 %LEL.
    assert values[0] == pytest.approx(0.04 / 2.04 / 0.05 * 100.0, rel=0.01)


def test_exhaust_in_a_tunnel_settles_at_emission_over_airflow() -> None:
    model = RoadTunnel(Bore("A"), end_ns=END, seed=1)

    for second in range(0, 7200, 10):
        values = model.step(second * SECOND, STILL, {})

    # At eight traffic is at its peak: a third of a vehicle a second, 6,000 ppm m3/s each, 120 m3/s of air.
    assert values[0] == pytest.approx(1.0 + 6_000.0 / 3.0 / 120.0, rel=0.15)


@pytest.mark.slow
def test_a_gas_main_loses_pressure_as_darcy_and_weisbach_say() -> None:
    main = GasMain("RS-1", ("GJ-1",), m3_h_each=1e-6, metres=500.0, millimetres=100.0, kpa=50.0)
    model = GasNetwork(main, end_ns=END, seed=1)
    model.stage(Event(0, "gas_leak", "GJ-1", 300.0))

    begin, end, flow, *_ = model.step(SECOND, STILL, {})

    # Isothermal: p1^2 - p2^2 = f L / D (m / A)^2 R T with absolute pressures; f of Swamee and Jain for k/D = 0.001.
    mass_flux = 300.0 * 0.75 / 3600.0 / (math.pi * 0.1**2 / 4)
    reynolds = mass_flux * 0.1 / 1.1e-5
    friction = 0.25 / math.log10(0.001 / 3.7 + 5.74 / reynolds**0.9) ** 2
    absolute = 101_325.0 + 50_000.0
    gas_constant_times_kelvin = 101_325.0 / (0.75 * 273.15 / 288.15)
    lost = friction * 500.0 / 0.1 * mass_flux**2 * gas_constant_times_kelvin
    expected = (absolute - math.sqrt(absolute**2 - lost)) / 1000.0
    assert flow == pytest.approx(300.0, rel=0.02)
    assert begin - end == pytest.approx(expected, rel=0.2)


@pytest.mark.slow
def test_heat_that_stations_take_is_flow_times_spread() -> None:
    line = HeatLine("HP-1", ("HS-1",), kilowatts_each=300.0, w_per_m2k=1e-6)
    model = HeatNetwork(line, end_ns=END, seed=1)
    cold = STILL._replace(air_celsius=12.0)

    values = dict(zip(model.places, model.step(SECOND, cold, {}), strict=True))

    spread = values["HS-1", "supply_temperature"] - values["HS-1", "return_temperature"]
    assert values["HS-1", "heat_power"] == pytest.approx(300.0, rel=0.1)
    assert spread == pytest.approx(35.0, rel=0.1)
