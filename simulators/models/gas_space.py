"""Gas in manholes and chambers beside a main: leaks that seep through the soil, and sewer gas that only looks like one.

Each space is a well-mixed box: volume x dC/dt = inflow x (1 - C) - exchange x volume x C. What leaks from a main
reaches a space by its distance, later and thinner. Pipeline gas carries ethane and comes whatever the weather; sewer
gas has none, carries hydrogen sulphide and rises and falls with warmth (domain notes on telling biogas, from memory).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gateway.model import Floats
from simulators.models.contract import Event, Place, Window, check_event, window_of
from simulators.models.ranges import MEMORY, Range
from simulators.models.staging import is_on
from simulators.noise import seed_of
from simulators.weather import Weather

_LEL_SHARE = 0.05
"""Methane at its lower explosive limit, as a share of the volume (GB/T 50493-2019)."""
KINDS = {"gas_leak": "m3/h of gas that leaves the main", "biogas": "%LEL that it settles at on a warm day"}
"""Kind of event → what its amount is, empty where it has none."""
_HAZARDS = {"gas_leak": "gas_leak", "biogas": ""}


@dataclass(frozen=True, slots=True)
class Space:
    """A manhole or chamber."""

    asset: str
    mains: Mapping[str, float] = field(default_factory=dict)
    """Gas mains within reach → distance in metres."""
    volume_m3: float = 3.0
    exchanges_per_hour: float = 0.5
    """How often its air is renewed in calm weather."""
    sewage_lel: float = 0.8
    """What sewage alone keeps up, in %LEL on a mean day."""
    reach_metres: float = 12.0
    """Distance over which the share of a leak that arrives falls to 1/e."""
    seconds_per_metre: float = 240.0
    """How much later and slower a leak arrives with each metre of soil."""
    sulfide_ppm: float = 400.0
    """Hydrogen sulphide beside the methane of sewage, for each whole volume of it."""
    warmth_per_degree: float = 0.04
    """How much more sewer gas each degree above 18 brings."""
    breath_hours: float = 2.0
    """How slowly sewage breathes: hours, where a leak takes minutes."""


RANGES: Mapping[str, Range] = {
    "volume_m3": Range(2.0, 4.0, "m3", f"shafts of 0.7 to 1.2 m with a chamber, 2 to 4 m deep {MEMORY}"),
    "exchanges_per_hour": Range(0.35, 0.65, "1/h", "proposal: a closed cover in calm air"),
    "sewage_lel": Range(0.4, 1.2, "%LEL", "proposal: well under the 5 to 25 %LEL at which detectors are set"),
    "reach_metres": Range(10.0, 14.0, "m", "proposal: adjacent spaces are searched within some tens of metres"),
    "seconds_per_metre": Range(180.0, 300.0, "s/m", "proposal: metres of soil in tens of minutes"),
    "sulfide_ppm": Range(300.0, 500.0, "ppm", "proposal: 15 to 25 ppm beside methane of 5 %"),
    "warmth_per_degree": Range(0.02, 0.035, "1/K", "proposal: warm sewage works faster"),
    "breath_hours": Range(1.5, 3.0, "h", "proposal"),
}
"""What of a space is drawn."""
ETHANE: Range = Range(
    0.03, 0.06, "1", "detection notes: above 1 to 2 % tells pipeline gas from biogas; the rest proposal"
)
"""Ethane in pipeline gas, as a share of its methane."""


class GasSpaces:
    """Spaces beside mains; their places are methane, ethane, hydrogen sulphide and temperature of each."""

    step_seconds = 30.0

    def __init__(self, spaces: Sequence[Space], *, end_ns: int, seed: int = 0, ethane_share: float = 0.04) -> None:
        self._spaces = tuple(spaces)
        self._ethane_share = ethane_share
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "gas spaces"))
        quantities = ("combustible_gas", "ethane", "hydrogen_sulfide", "temperature")
        self.places: tuple[Place, ...] = tuple(
            (space.asset, quantity) for quantity in quantities for space in self._spaces
        )
        self._mains = frozenset(main for space in self._spaces for main in space.mains)
        self.happened: list[Window] = []
        self._events: list[Event] = []
        count = len(self._spaces)
        self._arriving = [dict.fromkeys(space.mains, 0.0) for space in self._spaces]
        self._leaked = np.zeros(count)
        self._sulfide_ppm = np.array([space.sulfide_ppm for space in self._spaces])
        self._sewer = np.array([space.sewage_lel for space in self._spaces]) / 100.0 * _LEL_SHARE

    def stage(self, event: Event) -> Window | None:
        """Take a leak of a main, or of sewer gas in a space."""
        spaces = frozenset(space.asset for space in self._spaces)
        where = self._mains if event.kind == "gas_leak" else spaces
        check_event(event, KINDS, where)
        self._events.append(event)
        reached = [space.asset for space in self._spaces if event.asset in space.mains]
        detail = {"nearest": self._nearest(event.asset)} if reached else {}
        return window_of(event, _HAZARDS[event.kind], self._end_ns, **detail)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Let gas seep in and air change; what other models say does not matter here."""
        del others
        on = [event for event in self._events if is_on(event, time_ns)]
        for number, space in enumerate(self._spaces):
            arriving = self._arriving[number]
            for main, metres in space.mains.items():
                leaves = sum(event.amount for event in on if event.kind == "gas_leak" and event.asset == main)
                sent = leaves * math.exp(-metres / space.reach_metres)
                arriving[main] += (sent - arriving[main]) * self._share(metres * space.seconds_per_metre)
            exchanges = space.exchanges_per_hour * (1.0 + 0.3 * weather.wind_m_s)
            # What flows in drives as much out.
            inflow = sum(arriving.values()) / space.volume_m3
            share = self._share(3600.0 / (inflow + exchanges))
            self._leaked[number] += (inflow / (inflow + exchanges) - self._leaked[number]) * share
            lel = max([space.sewage_lel, *(e.amount for e in on if e.kind == "biogas" and e.asset == space.asset)])
            warmth = 1.0 + space.warmth_per_degree * (weather.air_celsius - 18.0)
            settled = max(0.0, lel * warmth) / 100.0 * _LEL_SHARE
            self._sewer[number] += (settled - self._sewer[number]) * self._share(space.breath_hours * 3600.0)
        rough = self._random.normal(0.0, 1.0, (2, len(self._spaces)))
        methane = np.clip((self._leaked + self._sewer) / _LEL_SHARE * 100.0 + 0.08 * rough[0], 0.0, None)
        ethane = self._leaked * self._ethane_share * 1e6
        sulfide = np.clip(self._sewer * self._sulfide_ppm + 0.02 * rough[1], 0.0, None)
        ground = np.full(len(self._spaces), 0.3 * weather.air_celsius + 0.7 * 16.0)
        return np.concatenate((methane, ethane, sulfide, ground))

    def close(self) -> None:
        """Nothing is held."""

    def _share(self, tau_seconds: float) -> float:
        return 1.0 - math.exp(-self.step_seconds / max(tau_seconds, 1.0))

    def _nearest(self, main: str) -> str:
        return min(self._spaces, key=lambda space: space.mains.get(main, math.inf)).asset
