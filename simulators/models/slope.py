"""A slope: slow creep, quickened by rain, and the acceleration before it fails.

Voight (Science 243, 1989): the rate before failure is v = (A (a - 1) (tf - t))^(-1/(a - 1)), a about 2, so that
1/v falls on a straight line to zero at tf (Fukuzono 1985). An aborted creep begins the same way and calms down again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gateway.model import SECOND, Floats
from simulators.models.contract import Event, Place, Window, check_event, window_of
from simulators.models.ranges import MEMORY, Range
from simulators.noise import seed_of
from simulators.weather import Weather

_DAY = 86_400.0
KINDS = {"creep": "the factor of its rate at the start", "aborted_creep": "the factor of its rate at the start"}
"""Kind of event → what its amount is, empty where it has none."""
_QUANTITIES = ("displacement", "tilt", "soil_moisture", "pore_pressure", "rainfall")
_GAUGE_SECONDS = 600.0
"""The gauge says what fell in so long."""
_MOST_MM = 5_000.0
"""Where the instruments have gone with the slope."""
_ABORT_SHARE = 0.7
"""The share of its time after which an aborted creep calms down."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope over a road; rates are proposals, alpha lies between 1.7 and 2.2 in the literature."""

    asset: str
    creep_mm_per_day: float = 0.15
    alpha: float = 2.0
    drying_days: float = 3.0
    """How fast the ground forgets rain."""
    rate_per_wetness: float = 4.0
    """How many times faster soaked ground creeps."""
    filling_mm: float = 60.0
    """Rain that fills the ground."""


RANGES: Mapping[str, Range] = {
    "creep_mm_per_day": Range(
        0.21, 0.25, "mm/d", f"'very slow' of Cruden and Varnes 1996 is 0.04 to 4.4 mm/d {MEMORY}"
    ),
    "alpha": Range(1.7, 2.2, "1", "Voight 1989; 1.7 to 2.2 in the detection notes"),
    "drying_days": Range(2.0, 5.0, "d", "proposal: an antecedent rain index forgets in days"),
    "rate_per_wetness": Range(3.0, 5.0, "1", "proposal"),
    "filling_mm": Range(50.0, 80.0, "mm", "proposal: half a metre of soil with 10 to 16 % of free pores"),
}
"""What of a slope is drawn."""


class SlopeModel:
    """One slope, a minute a step; an event's `seconds` is the time until it fails."""

    step_seconds = 60.0

    def __init__(self, slope: Slope, *, end_ns: int, seed: int = 0) -> None:
        self._slope = slope
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "slope", slope.asset))
        self.places: tuple[Place, ...] = tuple((slope.asset, quantity) for quantity in _QUANTITIES)
        self.happened: list[Window] = []
        self._events: list[Event] = []
        self._wetness = 0.1
        self._moved_mm = 3.0

    def stage(self, event: Event) -> Window | None:
        """Take an acceleration that fails after `seconds`, or one that does not."""
        check_event(event, KINDS, frozenset({self._slope.asset}))
        if not math.isfinite(event.seconds):
            raise ValueError(f"{event.kind} at {event.asset}: lasts is missing: until it fails or would have failed")
        self._events.append(event)
        hazard = "slope_failure" if event.kind == "creep" else ""
        return window_of(event, hazard, self._end_ns, fails_after_seconds=event.seconds)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Let a minute of rain soak in and the slope creep."""
        del others
        slope = self._slope
        days = self.step_seconds / _DAY
        fell = weather.rain_mm_h * self.step_seconds / 3600.0
        self._wetness = min(1.0, self._wetness * math.exp(-days / slope.drying_days) + fell / slope.filling_mm)
        rate = slope.creep_mm_per_day * (1.0 + slope.rate_per_wetness * self._wetness)
        rate += sum(self._extra(event, time_ns) for event in self._events)
        self._moved_mm = min(_MOST_MM, self._moved_mm + rate * days)
        noise = self._random.normal(0.0, 1.0, 4)
        return np.array(
            [
                self._moved_mm + 0.05 * noise[0],
                math.degrees(math.atan(self._moved_mm / 4_000.0)) + 0.002 * noise[1],
                18.0 + 20.0 * self._wetness + 0.1 * noise[2],
                10.0 + 25.0 * self._wetness + 0.1 * noise[3],
                weather.rain_mm_h * _GAUGE_SECONDS / 3600.0,
            ]
        )

    def close(self) -> None:
        """Nothing is held."""

    def _extra(self, event: Event, time_ns: int) -> float:
        """Return the rate that an event adds, in mm a day."""
        passed = (time_ns - event.time_ns) / SECOND
        if passed < 0:
            return 0.0
        begin = self._slope.creep_mm_per_day * event.amount
        power = 1.0 / (self._slope.alpha - 1.0)
        if event.kind == "creep":
            left = max(1.0 - passed / event.seconds, 1e-4)
            return float(begin * left**-power)
        turns = _ABORT_SHARE * event.seconds
        peak = begin * (1.0 - _ABORT_SHARE) ** -power
        if passed <= turns:
            return float(begin * (1.0 - passed / event.seconds) ** -power)
        return float(peak * math.exp(-(passed - turns) / (0.2 * event.seconds)))
