"""A gas main and a district heating line by pandapipes: pressures, flows and temperatures along a run of pipe.

Both are lines with consumers on the way, solved as steady states: pressure waves of gas and water settle within
seconds. A heating line is solved from the plant's supply to its return; what does not come back is made up.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from gateway.clock import to_iso
from gateway.model import Floats
from simulators.models.breaking import most_gas_m3_h, most_m3_h, way_of
from simulators.models.contract import Event, Place, Window, check_event, window_of
from simulators.models.metering import Totaliser
from simulators.models.ranges import MEMORY, Range
from simulators.models.refusal import BrokenOff
from simulators.models.staging import is_on
from simulators.noise import seed_of
from simulators.rhythms import demand
from simulators.weather import Weather

_KELVIN = 273.15
_ROOM_CELSIUS = 20.0
_KG_M3_GAS = 0.75
"""Natural gas at standard conditions."""
_KG_M3_WATER = 975.0
_WATER_KJ = 4.19
_KPA_PER_BAR = 100.0
_MPA_PER_BAR = 0.1
_METRES_PER_BAR = 10.2
INLET_PRESSURE = "inlet_pressure"
"""What a main says of its station beside its measured quantities: kPa before the regulator."""
RETURN_PRESSURE = "return_pressure"
"""What a line says of its plant beside its measured quantities: MPa in the return, where it is held."""
_SUPPLY_BAR, _RETURN_BAR = 8.0, 5.0
"""The plant's pump makes the difference; the return is where make-up water holds the pressure."""
GAS_KINDS = {"gas_leak": "m3/h of gas that leaves the main", "supply_failure": "% of the pressure lost"}
"""Kind of event → what its amount is, empty where it has none."""
_GAS_HAZARDS = {"gas_leak": "gas_leak", "supply_failure": "pressure_abnormal"}
HEAT_KINDS = {"heat_leak": "m3/h of lost water", "boiler_failure": "K by which the supply cools down"}
"""Kind of event → what its amount is, empty where it has none."""
_HEAT_HAZARDS = {"heat_leak": "heat_leak", "boiler_failure": "supply_abnormal"}


@dataclass(frozen=True, slots=True)
class GasMain:
    """A low-pressure main: a regulator station, then junctions with gauges, each with consumers (gauge pressure)."""

    station: str
    junctions: tuple[str, ...]
    kpa: float = 100.0
    metres: float = 600.0
    millimetres: float = 150.0
    m3_h_each: float = 60.0
    roughness_mm: float = 0.1
    inlet_kpa: float = 300.0
    """Of the medium-pressure main before its regulator, when nothing is drawn."""
    inlet_kpa_lost: float = 15.0
    """What that main loses on the way when the station passes what all junctions draw at once."""


MAIN_MILLIMETRES = (150.0, 200.0)
"""Bores that low-pressure mains of a quarter have (proposal)."""
MAIN_RANGES: Mapping[str, Range] = {
    "metres": Range(350.0, 700.0, "m", "proposal: from junction to junction of a quarter"),
    "m3_h_each": Range(40.0, 70.0, "m3/h", f"100 to 200 households at their peak, about 0.4 m3/h each {MEMORY}"),
    "inlet_kpa": Range(280.0, 380.0, "kPa", f"GB 50028: medium pressure A is 0.2 to 0.4 MPa {MEMORY}"),
    "inlet_kpa_lost": Range(8.0, 25.0, "kPa", "proposal: a twentieth of it, on some kilometres of main"),
    "roughness_mm": Range(0.01, 0.2, "mm", f"GB 50028: 0.01 for polyethylene, 0.2 for steel {MEMORY}"),
}
"""What of a gas main is drawn."""


class GasNetwork:
    """Pressure in kPa at the station and the junctions, flow in m3/h and its total at the station, a minute a step.

    A station that fails to hold its pressure says nothing of the main before it: the inlet stands.
    """

    step_seconds = 60.0

    def __init__(self, main: GasMain, *, end_ns: int, seed: int = 0) -> None:
        self._main = main
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "gas", main.station))
        self.places: tuple[Place, ...] = (
            *((asset, "gas_pressure") for asset in (main.station, *main.junctions)),
            (main.station, "gas_flow"),
            (main.station, INLET_PRESSURE),
            (main.station, "gas_volume"),
        )
        self._totals = Totaliser(1, self.step_seconds)
        # A generator of its own: what else is drawn stays as it is.
        self._upstream = np.random.default_rng(seed_of(str(seed), "gas upstream", main.station))
        self.happened: list[Window] = []
        self._events: list[Event] = []
        pandapipes = self._library = _library()
        self._net: Any = pandapipes.create_empty_network(fluid="lgas")
        nodes = [pandapipes.create_junction(self._net, pn_bar=1.0, tfluid_k=288.0) for _ in self._gauges()]
        pandapipes.create_ext_grid(self._net, nodes[0], p_bar=main.kpa / _KPA_PER_BAR, t_k=288.0)
        for before, after in pairwise(nodes):
            pandapipes.create_pipe_from_parameters(
                self._net,
                before,
                after,
                main.metres / 1000.0,
                inner_diameter_mm=main.millimetres,
                k_mm=main.roughness_mm,
            )
        self._sinks = [pandapipes.create_sink(self._net, node, mdot_kg_per_s=0.0) for node in nodes[1:]]

    def stage(self, event: Event) -> Window | None:
        """Take a leak at a junction, or a station that does not hold its pressure."""
        main = self._main
        where = frozenset({main.station}) if event.kind == "supply_failure" else frozenset(main.junctions)
        metres = main.metres * _place(event.asset, main.junctions)
        spilt = most_gas_m3_h(main.millimetres, main.kpa, way=way_of(main.millimetres, metres, main.roughness_mm))
        check_event(event, GAS_KINDS, where, most=100.0 if event.kind == "supply_failure" else spilt)
        self._events.append(event)
        return window_of(event, _GAS_HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Solve the main for this minute."""
        del others
        main, net = self._main, self._net
        on = [event for event in self._events if is_on(event, time_ns)]
        share = 0.3 + 0.9 * float(demand(np.array([weather.local_hour]))[0])
        cold = max(0.4, 1.0 + 0.03 * (18.0 - weather.air_celsius))
        rough = self._random.normal(1.0, 0.04, len(main.junctions))
        leaking = [sum(e.amount for e in on if e.asset == asset) for asset in main.junctions]
        wanted = (main.m3_h_each * share * cold * rough + leaking) * _KG_M3_GAS / 3600.0
        net.sink.loc[self._sinks, "mdot_kg_per_s"] = np.maximum(wanted, 0.0)
        lost = sum(event.amount for event in on if event.kind == "supply_failure") / 100.0
        net.ext_grid["p_bar"] = main.kpa * max(0.05, 1.0 - lost) / _KPA_PER_BAR
        _solve(self._library, net, time_ns, main.station)
        pressure = net.res_junction["p_bar"].to_numpy() * _KPA_PER_BAR
        flow = -float(net.res_ext_grid["mdot_kg_per_s"].iloc[0]) * 3600.0 / _KG_M3_GAS
        noise = self._random.normal(0.0, 0.05, len(pressure))
        shown = flow * (1.0 + 0.003 * self._random.normal())
        forward, _ = self._totals.count(np.array([flow]))
        return np.array([*(pressure + noise), shown, self._inlet(flow), *forward])

    def _inlet(self, m3_h: float) -> float:
        """Return the pressure before the regulator: friction takes what grows with the square of the flow."""
        main = self._main
        share = m3_h / (main.m3_h_each * len(main.junctions))
        return max(0.0, main.inlet_kpa - main.inlet_kpa_lost * share**2) + 0.3 * float(self._upstream.normal())

    def close(self) -> None:
        """Nothing is held."""

    def _gauges(self) -> tuple[str, ...]:
        return (self._main.station, *self._main.junctions)


@dataclass(frozen=True, slots=True)
class HeatLine:
    """A plant and the stations along its line, the far one last."""

    plant: str
    stations: tuple[str, ...]
    supply_celsius: float = 80.0
    metres: float = 500.0
    millimetres: float = 150.0
    kilowatts_each: float = 300.0
    roughness_mm: float = 0.1
    w_per_m2k: float = 1.0
    """What its insulation lets through."""


LINE_RANGES: Mapping[str, Range] = {
    "supply_celsius": Range(76.0, 84.0, "Cel", f"secondary networks run at up to 85/60 degrees, CJJ 34 {MEMORY}"),
    "metres": Range(350.0, 650.0, "m", "proposal: from station to station"),
    "kilowatts_each": Range(220.0, 380.0, "kW", f"5,000 to 8,000 m2 at 45 W/m2 {MEMORY}"),
    "roughness_mm": Range(0.05, 0.5, "mm", f"CJJ 34: 0.5 mm for water pipes in service, new steel 0.05 {MEMORY}"),
    "w_per_m2k": Range(0.6, 1.4, "W/m2/K", f"pre-insulated pipe, wet insulation at the upper end {MEMORY}"),
}
"""What of a heating line is drawn."""


class HeatNetwork:
    """Temperatures and pressures at the plant and the stations, power at these, make-up at the plant."""

    step_seconds = 60.0

    def __init__(self, line: HeatLine, *, end_ns: int, seed: int = 0) -> None:
        self._line = line
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "heat", line.plant))
        everywhere = (line.plant, *line.stations)
        self.places: tuple[Place, ...] = (
            *((asset, "supply_temperature") for asset in everywhere),
            *((asset, "return_temperature") for asset in everywhere),
            *((asset, "water_pressure") for asset in everywhere),
            *((asset, "heat_power") for asset in line.stations),
            (line.plant, "make_up_flow"),
            (line.plant, RETURN_PRESSURE),
        )
        # A generator of its own: what else is drawn stays as it is.
        self._gauge = np.random.default_rng(seed_of(str(seed), "heat return", line.plant))
        self.happened: list[Window] = []
        self._events: list[Event] = []
        pandapipes = self._library = _library()
        self._net: Any = pandapipes.create_empty_network(fluid="water")
        self._supply = self._run(_SUPPLY_BAR)
        self._return = self._run(_RETURN_BAR)
        kelvin = line.supply_celsius + _KELVIN
        pandapipes.create_ext_grid(self._net, self._supply[0], p_bar=_SUPPLY_BAR, t_k=kelvin, type="pt")
        pandapipes.create_ext_grid(self._net, self._return[0], p_bar=_RETURN_BAR, type="p")
        self._consumers = [
            pandapipes.create_heat_consumer(
                self._net, supply, back, controlled_mdot_kg_per_s=2.0, qext_w=line.kilowatts_each * 1000.0
            )
            for supply, back in zip(self._supply[1:], self._return[1:], strict=True)
        ]
        self._leaks = [pandapipes.create_sink(self._net, node, mdot_kg_per_s=0.0) for node in self._supply[1:]]

    def stage(self, event: Event) -> Window | None:
        """Take a leak of the supply pipe at a station, or a plant that does not heat."""
        line = self._line
        where = frozenset({line.plant}) if event.kind == "boiler_failure" else frozenset(line.stations)
        coldest = line.supply_celsius - _ROOM_CELSIUS
        metres = line.metres * _place(event.asset, line.stations)
        way = way_of(line.millimetres, metres, line.roughness_mm)
        spilt = most_m3_h(line.millimetres, _SUPPLY_BAR * _METRES_PER_BAR, way=way)
        check_event(event, HEAT_KINDS, where, most=coldest if event.kind == "boiler_failure" else spilt)
        self._events.append(event)
        return window_of(event, _HEAT_HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Solve the line for this minute."""
        del others
        line, net = self._line, self._net
        on = [event for event in self._events if is_on(event, time_ns)]
        cold = min(2.0, max(0.2, (18.0 - weather.air_celsius) / 12.0 + 0.5))
        rough = self._random.normal(1.0, 0.02, len(line.stations))
        nominal = np.full(len(line.stations), line.kilowatts_each * cold)
        leaking = np.array([sum(e.amount for e in on if e.asset == asset) for asset in line.stations])
        cooled = sum(event.amount for event in on if event.kind == "boiler_failure")
        cooled = min(cooled, line.supply_celsius - _ROOM_CELSIUS)
        net.ext_grid.loc[0, "t_k"] = line.supply_celsius - cooled + _KELVIN
        net.sink.loc[self._leaks, "mdot_kg_per_s"] = leaking * _KG_M3_WATER / 3600.0
        # Stations are set to take their heat at a spread of 35 K; colder water gives less to rooms of 20 degrees.
        net.heat_consumer.loc[self._consumers, "controlled_mdot_kg_per_s"] = nominal / (_WATER_KJ * 35.0)
        kilowatts = nominal * rough * max(0.0, line.supply_celsius - cooled - _ROOM_CELSIUS)
        kilowatts /= line.supply_celsius - _ROOM_CELSIUS
        net.heat_consumer.loc[self._consumers, "qext_w"] = kilowatts * 1000.0
        _solve(self._library, net, time_ns, line.plant, mode="sequential")
        return self._measured(kilowatts)

    def close(self) -> None:
        """Nothing is held."""

    def _measured(self, kilowatts: Floats) -> Floats:
        net = self._net
        celsius = net.res_junction["t_k"].to_numpy()[self._supply] - _KELVIN
        bars = net.res_junction["p_bar"].to_numpy()
        bar, returning = bars[self._supply], float(bars[self._return[0]])
        flow = net.res_heat_consumer["mdot_from_kg_per_s"].to_numpy()
        # The library does not follow heat past the consumers of an open line.
        returned = celsius[1:] - kilowatts / (_WATER_KJ * flow)
        mixed = float((flow * returned).sum() / flow.sum())
        # What the line loses beside its leaks is a thousandth of its flow.
        missing = -float(net.res_ext_grid["mdot_kg_per_s"].sum()) + 0.001 * float(flow.sum())
        noise = self._random.normal(0.0, 1.0, (4, len(celsius)))
        return np.array(
            [
                *(celsius + 0.1 * noise[0]),
                *(np.array([mixed, *returned]) + 0.1 * noise[1]),
                *(bar * _MPA_PER_BAR + 0.0005 * noise[2]),
                *kilowatts,
                max(0.0, missing * 3600.0 / _KG_M3_WATER + 0.02 * noise[3][0]),
                returning * _MPA_PER_BAR + 0.0005 * float(self._gauge.normal()),
            ]
        )

    def _run(self, bar: float) -> list[int]:
        """Lay one pipe run from the plant to the far station; return its junctions."""
        line, net, pandapipes = self._line, self._net, self._library
        nodes = [pandapipes.create_junction(net, pn_bar=bar, tfluid_k=330.0) for _ in range(len(line.stations) + 1)]
        for before, after in pairwise(nodes):
            pandapipes.create_pipe_from_parameters(
                net,
                before,
                after,
                line.metres / 1000.0,
                inner_diameter_mm=line.millimetres,
                k_mm=line.roughness_mm,
                u_w_per_m2k=line.w_per_m2k,
                text_k=283.15,
                sections=3,
            )
        return nodes


def _place(asset: str, along: tuple[str, ...]) -> int:
    """Return how many runs of pipe lie before an asset, 1 for what is not there."""
    return along.index(asset) + 1 if asset in along else 1


def _library() -> Any:
    """Load the library where it is needed: it takes seconds, and tells much.

    It says at every step that the return of an open line has no temperature, which is known.
    """
    for name in ("pandapipes", "pandapower"):
        logging.getLogger(name).setLevel(logging.WARNING)
    import pandapipes  # noqa: PLC0415 - takes seconds

    return pandapipes


def _solve(library: Any, net: Any, time_ns: int, where: str, **how: str) -> None:
    """Solve a network for a moment; BrokenOff when more is wanted of it than it can carry."""
    try:
        library.pipeflow(net, **how)
    except library.pf.pipeflow_setup.PipeflowNotConverged as error:
        raise BrokenOff(f"{where}: pandapipes could not go on at {to_iso(time_ns)}: {error}") from error
