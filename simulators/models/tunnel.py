"""A road tunnel and a utility tunnel: air that traffic, fires and leaks spoil and fans renew; walls that close in.

The air is a well-mixed box per section: volume x dC/dt = emission - airflow x (C - outside). Emissions per vehicle are
of the order of the design rules for tunnel ventilation (JTG/T D70/2-02-2014, from memory).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gateway.model import Floats
from simulators.models.contract import Event, Place, Window, check_event, staying, window_of
from simulators.models.ranges import MEMORY, Range
from simulators.models.staging import grown, is_on
from simulators.noise import seed_of
from simulators.rhythms import traffic
from simulators.weather import Weather

ROAD_KINDS = {
    "jam": "how many times more exhaust than free traffic",
    "fan_failure": "",
    "fire": "MW",
    "deformation": "mm of convergence, reached when `lasts` is over",
}
"""Kind of event → what its amount is, empty where it has none."""
_ROAD_HAZARDS = {"jam": "air_hazard", "fan_failure": "air_hazard", "fire": "fire", "deformation": "deformation"}
_YEAR_SECONDS = 365.25 * 86_400.0
_OXYGEN_PERCENT = 20.9
"""Of fresh air."""
UTILITY_KINDS = {
    "flooding": "m3/h that flow in",
    "gas_inflow": "m3/h of gas",
    "foul_air": "% of oxygen used up",
    "fire": "kW of a smouldering cable",
}
"""Kind of event → what its amount is, empty where it has none."""
_UTILITY_HAZARDS = {"flooding": "flooding", "gas_inflow": "gas_leak", "foul_air": "air_hazard", "fire": "fire"}


@dataclass(frozen=True, slots=True)
class Bore:
    """A section of a road tunnel."""

    asset: str
    volume_m3: float = 40_000.0
    vehicles_per_hour: float = 1_200.0
    airflow_m3_s: float = 120.0
    convergence_mm: float = 0.3
    """What its walls have come closer since its gauges were set."""
    convergence_per_degree: float = 0.005
    closing_mm_per_year: float = 0.0


_JTG = f"JTG/T D70/2-02-2014 {MEMORY}"
BORE_RANGES: Mapping[str, Range] = {
    "volume_m3": Range(32_000.0, 48_000.0, "m3", f"two lanes of about 70 m2, sections of 450 to 700 m {MEMORY}"),
    "vehicles_per_hour": Range(900.0, 1_400.0, "1/h", f"a bore of two lanes at its peak {MEMORY}"),
    "airflow_m3_s": Range(105.0, 140.0, "m3/s", f"1.5 to 2 m/s through the bore at least, {_JTG}"),
    "convergence_mm": Range(0.1, 0.6, "mm", "proposal: since the gauges were set"),
    "convergence_per_degree": Range(
        0.002, 0.008, "mm/K", f"10 um/m/K over 10 m of lining, the ground holds most {MEMORY}"
    ),
    "closing_mm_per_year": Range(
        0.0, 1.5, "mm/a", f"linings in service, below the 0.2 mm/d that counts as still {MEMORY}"
    ),
}
"""What of a road tunnel's section is drawn."""


class RoadTunnel:
    """The air and the lining of a road tunnel, ten seconds a step."""

    step_seconds = 10.0

    def __init__(self, bore: Bore, *, end_ns: int, seed: int = 0) -> None:
        self._bore = bore
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "tunnel", bore.asset))
        quantities = (
            "carbon_monoxide",
            "nitrogen_dioxide",
            "extinction",
            "temperature",
            "wind_speed",
            "convergence",
            "smoke",
        )
        self.places: tuple[Place, ...] = tuple((bore.asset, quantity) for quantity in quantities)
        self.happened: list[Window] = []
        self._events: list[Event] = []
        self._air = np.array([3.0, 0.03, 0.0010])
        self._years = 0.0

    def stage(self, event: Event) -> Window | None:
        """Take a jam, dead fans, a fire or walls that close in."""
        check_event(event, ROAD_KINDS, frozenset({self._bore.asset}), least=1.0 if event.kind == "jam" else 0.0)
        self._events.append(event)
        make = staying if event.kind == "deformation" else window_of
        return make(event, _ROAD_HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Let traffic foul the air and the fans renew it."""
        del others
        bore = self._bore
        on = [event for event in self._events if is_on(event, time_ns)]
        share = float(traffic(np.array([weather.local_hour]))[0])
        exhaust = bore.vehicles_per_hour / 3600.0 * share * max([1.0, *(e.amount for e in on if e.kind == "jam")])
        burning = sum(e.amount for e in on if e.kind == "fire")
        stopped = any(e.kind == "fan_failure" for e in on)
        # Vehicles alone still push some air through (the piston effect).
        airflow = bore.airflow_m3_s * (0.08 if stopped else 1.0) * (0.5 + 0.5 * share)
        # ppm x m3/s, ppm x m3/s and 1/m x m3/s of one vehicle a second, and of one megawatt.
        emitted = exhaust * np.array([6_000.0, 60.0, 1.2]) + burning * np.array([9_000.0, 40.0, 12.0])
        outside = np.array([1.0, 0.02, 0.0004])
        renewal = airflow / bore.volume_m3
        settled = outside + emitted / airflow
        self._air += (settled - self._air) * (1.0 - math.exp(-renewal * self.step_seconds))
        closed = sum(grown(event, time_ns) for event in self._events if event.kind == "deformation")
        closed += bore.convergence_mm + bore.closing_mm_per_year * self._years
        self._years += self.step_seconds / _YEAR_SECONDS
        noise = self._random.normal(0.0, 1.0, 6)
        return np.array(
            [
                max(0.0, self._air[0] * (1.0 + 0.02 * noise[0])),
                max(0.0, self._air[1] * (1.0 + 0.03 * noise[1])),
                max(0.0, self._air[2] * (1.0 + 0.03 * noise[2])),
                0.5 * weather.air_celsius + 9.0 + 2.0 * share + 6.0 * burning + 0.05 * noise[3],
                max(0.0, 3.5 * airflow / bore.airflow_m3_s + 0.1 * noise[4]),
                bore.convergence_per_degree * (weather.air_celsius - 18.0) + closed + 0.02 * noise[5],
                1.0 if burning > 0 else 0.0,
            ]
        )

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """A compartment of a utility tunnel, with a sump pump that starts at 0.3 m."""

    asset: str
    volume_m3: float = 1_600.0
    floor_m2: float = 500.0
    exchanges_per_hour: float = 2.0
    pump_m3_h: float = 40.0
    seepage_m3_h: float = 0.2
    """What comes through the joints on any day."""


GALLERY_RANGES: Mapping[str, Range] = {
    "volume_m3": Range(1_300.0, 2_000.0, "m3", f"compartments of up to 200 m with 6 to 10 m2 {MEMORY}"),
    "floor_m2": Range(430.0, 540.0, "m2", f"compartments of up to 200 m, 2.2 to 2.7 m wide {MEMORY}"),
    "exchanges_per_hour": Range(2.0, 3.0, "1/h", f"GB 50838: two an hour at least, six in an accident {MEMORY}"),
    "pump_m3_h": Range(30.0, 50.0, "m3/h", "proposal"),
    "seepage_m3_h": Range(0.05, 0.3, "m3/h", "proposal"),
}
"""What of a compartment is drawn."""


class UtilityTunnel:
    """The air and the water of one compartment, thirty seconds a step."""

    step_seconds = 30.0

    def __init__(self, gallery: Gallery, *, end_ns: int, seed: int = 0) -> None:
        self._gallery = gallery
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "utility tunnel", gallery.asset))
        quantities = (
            "oxygen",
            "combustible_gas",
            "hydrogen_sulfide",
            "temperature",
            "humidity",
            "water_level",
            "pump_running",
            "smoke",
        )
        self.places: tuple[Place, ...] = tuple((gallery.asset, quantity) for quantity in quantities)
        self.happened: list[Window] = []
        self._events: list[Event] = []
        self._methane_share = 0.0
        self._oxygen_missing = 0.0
        self._water_m3 = 0.02 * gallery.floor_m2
        self._pumps = False

    def stage(self, event: Event) -> Window | None:
        """Take water or gas that comes in, used-up air or a smouldering cable."""
        most = _OXYGEN_PERCENT if event.kind == "foul_air" else math.inf
        check_event(event, UTILITY_KINDS, frozenset({self._gallery.asset}), most=most)
        self._events.append(event)
        return window_of(event, _UTILITY_HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Let air be renewed and water be pumped out."""
        del others
        gallery = self._gallery
        on = [event for event in self._events if is_on(event, time_ns)]
        amount = {kind: sum(e.amount for e in on if e.kind == kind) for kind in UTILITY_KINDS}
        hours = self.step_seconds / 3600.0
        renewed = 1.0 - math.exp(-gallery.exchanges_per_hour * hours)
        settled = amount["gas_inflow"] / (gallery.volume_m3 * gallery.exchanges_per_hour)
        self._methane_share += (min(0.9, settled) - self._methane_share) * renewed
        self._oxygen_missing += (min(_OXYGEN_PERCENT, amount["foul_air"]) - self._oxygen_missing) * renewed
        level = self._water_m3 / gallery.floor_m2
        self._pumps = level > 0.30 or (self._pumps and level > 0.05)  # noqa: PLR2004 - start and stop of the sump pump
        out = gallery.pump_m3_h if self._pumps else 0.0
        self._water_m3 = max(0.0, self._water_m3 + (gallery.seepage_m3_h + amount["flooding"] - out) * hours)
        noise = self._random.normal(0.0, 1.0, 5)
        return np.array(
            [
                max(0.0, _OXYGEN_PERCENT * (1.0 - self._methane_share) - self._oxygen_missing) + 0.01 * noise[0],
                max(0.0, self._methane_share / 0.05 * 100.0 + 0.05 * noise[1]),
                max(0.0, 0.3 + 0.4 * self._oxygen_missing + 0.02 * noise[2]),
                0.2 * weather.air_celsius + 16.0 + 0.05 * amount["fire"] + 0.05 * noise[3],
                min(100.0, 68.0 + 40.0 * level + 0.3 * noise[4]),
                self._water_m3 / gallery.floor_m2,
                1.0 if self._pumps else 0.0,
                1.0 if amount["fire"] > 0 else 0.0,
            ]
        )

    def close(self) -> None:
        """Nothing is held."""
