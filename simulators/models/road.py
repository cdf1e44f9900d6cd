"""The ground under a road: water that leaks washes soil into broken pipes until the roof of the cavity falls.

A cavity grows with the water that runs through loosened soil (piping erosion); above it the surface sinks, first by
millimetres, and falls in when the cavity is wide for the depth of its roof. Rates are proposals within the wide
range that is told of real collapses: days to weeks from leak to hole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gateway.model import Floats
from simulators.models.contract import Event, Place, Window, check_event, window_of
from simulators.models.ranges import MEMORY, Range
from simulators.models.staging import begins, is_on
from simulators.noise import seed_of
from simulators.weather import Weather

LEAK = "leak_flow"
"""What the water model says of a pipe beside its measured quantities: m3/h that leave it into the ground."""
KINDS = {"washout": "m3/h of water that runs through the soil", "old_cavity": "m3 of hollow that is already there"}
"""Kind of event → what its amount is, empty where it has none."""
_QUANTITIES = ("soil_moisture", "settlement", "groundwater_level", "void_anomaly")


@dataclass(frozen=True, slots=True)
class Ground:
    """A road segment over pipes."""

    asset: str
    pipes: tuple[str, ...] = ()
    """Water pipes whose leaks run into this ground."""
    roof_metres: float = 1.2
    """Soil and pavement over a cavity."""
    erosion: float = 0.004
    """m3 of soil that each m3 of water takes along (proposal; sand and silt, loosened)."""
    drying_days: float = 5.0
    filling_m3: float = 40.0
    """Water that soaks the ground within reach."""
    joint_share: float = 0.1
    """The share of the rain on 100 m2 that finds its way through the joints of the pavement."""


RANGES: Mapping[str, Range] = {
    "roof_metres": Range(1.05, 1.25, "m", f"cover of mains under city roads is 0.7 m and more, GB 50289 {MEMORY}"),
    "erosion": Range(0.0042, 0.0055, "1", "proposal: days from a leak of some m3/h to a hole, as of real collapses"),
    "drying_days": Range(3.0, 7.0, "d", "proposal: sand drains in days, silt in a week"),
    "filling_m3": Range(34.0, 46.0, "m3", f"10 x 10 x 2 m of soil with a fifth of free pores {MEMORY}"),
    "joint_share": Range(0.05, 0.15, "1", f"old asphalt lets 5 to 15 % of the rain in {MEMORY}"),
}
"""What of a road segment is drawn."""


class RoadGround:
    """One segment, five minutes a step; it has collapsed once `collapsed_ns` is set."""

    step_seconds = 300.0

    def __init__(self, ground: Ground, *, end_ns: int, seed: int = 0) -> None:
        self._ground = ground
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "ground", ground.asset))
        self.places: tuple[Place, ...] = tuple((ground.asset, quantity) for quantity in _QUANTITIES)
        self.happened: list[Window] = []
        self._events: list[Event] = []
        self._water_m3 = 0.0
        self._cavity_m3 = 0.0
        self.collapsed_ns: int | None = None

    def stage(self, event: Event) -> Window | None:
        """Take water that washes soil out from here on, or a hollow that is already there."""
        check_event(event, KINDS, frozenset({self._ground.asset}))
        if event.kind == "old_cavity" and event.amount >= self._widest():
            raise ValueError(f"old_cavity at {event.asset}: {event.amount:g} m3 would have collapsed already")
        self._events.append(event)
        return window_of(event, "road_collapse", self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Let water soak in, wash soil out and drain away."""
        ground = self._ground
        hours = self.step_seconds / 3600.0
        leaked = sum(others.get((pipe, LEAK), 0.0) for pipe in ground.pipes)
        leaked += sum(e.amount for e in self._events if e.kind == "washout" and is_on(e, time_ns))
        for event in self._events:
            if event.kind == "old_cavity" and begins(event, time_ns, self.step_seconds):
                self._cavity_m3 += event.amount
        if leaked > 0 and not self.happened:
            self.happened.append(Window(time_ns, self._end_ns, "undermining", ground.asset, "road_collapse"))
        soaked = leaked + ground.joint_share * weather.rain_mm_h / 1000.0 * 100.0
        kept = math.exp(-hours / (24.0 * ground.drying_days))
        self._water_m3 = min(ground.filling_m3, self._water_m3 * kept + soaked * hours)
        wet = self._water_m3 / ground.filling_m3
        if self.collapsed_ns is None:
            # Flow carries soil away only where the ground is soaked; a hollow makes the way shorter.
            self._cavity_m3 += ground.erosion * leaked * wet * (1.0 + self._cavity_m3) * hours
            if self._cavity_m3 >= self._widest():
                self.collapsed_ns = time_ns
                self.happened.append(Window(time_ns, self._end_ns, "collapse", ground.asset, "road_collapse"))
        noise = self._random.normal(0.0, 1.0, 3)
        share = min(1.0, self._cavity_m3 / self._widest())
        sunk = 0.5 + 35.0 * share**2 if self.collapsed_ns is None else 900.0
        return np.array(
            [
                23.0 + 19.0 * (1.0 - math.exp(-3.0 * wet)) + 0.15 * noise[0],
                sunk + 0.08 * noise[1],
                4.2 - 1.6 * wet + 0.01 * noise[2],
                1.0 if share > 0.5 else 0.0,  # noqa: PLR2004 - what radar sees from above
            ]
        )

    def close(self) -> None:
        """Nothing is held."""

    def _widest(self) -> float:
        """Return the volume at which the roof falls: a half-sphere as wide as twice its roof (rule of thumb)."""
        return 2.0 / 3.0 * math.pi * self._ground.roof_metres**3
