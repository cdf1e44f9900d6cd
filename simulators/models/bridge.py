"""A girder bridge: its vibration, traffic, warmth and damage (a beam on two supports, Euler-Bernoulli).

Strain at mid-span is what stands on the bridge times an influence line, plus warmth, plus what does not go away.
Damage takes stiffness: the frequency falls with its square root and strain under load grows with its inverse.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gateway.model import SECOND, Floats, Int64s
from simulators.models.contract import Event, Place, Window, check_event, staying, window_of
from simulators.models.modal import Modes
from simulators.models.ranges import MEMORY, Range
from simulators.models.staging import begins, grown
from simulators.noise import seed_of
from simulators.rhythms import traffic
from simulators.weather import Weather

KINDS = {
    "overload": "t of one vehicle",
    "strike": "m/s2 of its first shock",
    "damage": "% of the stiffness lost",
    "settlement": "mm of one support, reached when `lasts` is over",
}
"""Kind of event → what its amount is, empty where it has none."""
_HAZARDS = {
    "overload": "overload",
    "strike": "strike",
    "damage": "structural_change",
    "settlement": "scour_or_settlement",
}
_QUANTITIES = (
    "strain",
    "deflection",
    "acceleration",
    "frequency",
    "tilt",
    "displacement",
    "temperature",
    "vehicle_weight",
)
TILT_ACROSS = "tilt_across"
"""What a span says beside its measured quantities: its rotation about its own length, in degrees."""
_ACROSS_PER_DEGREE = 0.0003
"""The sun warms one side of a girder: so far it leans for each degree that its steel is above 18 (proposal)."""
_WAVING = ("acceleration", "strain")
_STRAIN_NOISE = 0.6
_HEAVY_SHARE = 0.12
_SETTLED_ACROSS = 0.2
"""A support that settles does not do so evenly: so much of the tilt along the span comes across it (proposal)."""
_MOST_DAMAGE_PERCENT = 95.0
_KEPT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Span:
    """One span; defaults are those of a 30 m box girder (proposal: 3 Hz, 1 um/m a tonne, 10 um/m a degree)."""

    asset: str
    metres: float = 30.0
    first_hz: float = 3.0
    strain_per_tonne: float = 1.0
    strain_per_degree: float = 3.0
    hz_per_degree: float = -0.004
    vehicles_per_hour: float = 900.0
    damping: float = 0.015
    """Share of the critical damping."""
    wave_hz: float = 0.0
    """Samples of acceleration and strain a second, 0 for none: they cost a model some 30 s a day."""


RANGES: Mapping[str, Range] = {
    "metres": Range(25.0, 35.0, "m", f"spans of precast box girders, 20 to 40 m {MEMORY}"),
    "strain_per_tonne": Range(0.8, 1.2, "um/m/t", "proposal: within a fifth of 1 um/m a tonne at mid-span"),
    "strain_per_degree": Range(
        2.0, 4.0, "um/m/K", f"what is left of 10 um/m/K (EN 1991-1-5) in a free girder {MEMORY}"
    ),
    "hz_per_degree": Range(-0.006, -0.002, "Hz/K", f"0.1 to 0.2 % a degree above freezing {MEMORY}"),
    "vehicles_per_hour": Range(600.0, 1200.0, "1/h", f"a lane carries up to 1,800 an hour {MEMORY}"),
    "damping": Range(0.010, 0.020, "1", f"EN 1991-2 table 6.6: 1.0 to 1.5 % at least for concrete {MEMORY}"),
}
"""What of a span is drawn."""
GIRDER: Mapping[str, Range] = {
    "bending_n_m2": Range(4.0e10, 5.2e10, "N*m2", f"1.2 to 1.5 m4 of C50 concrete, 34.5 GPa (JTG 3362) {MEMORY}"),
    "kg_per_metre": Range(10_500.0, 13_000.0, "kg/m", f"4 to 4.6 m2 of concrete at 2.6 t/m3, and pavement {MEMORY}"),
}
"""What of its girder is drawn; with the length it makes the first frequency, about Cantieni's 95.4 L^-0.933 Hz."""


class Bridge:
    """One span of a bridge under the traffic of the hour, one second a step."""

    step_seconds = 1.0

    def __init__(self, span: Span, *, end_ns: int, seed: int = 0) -> None:
        self._span = span
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "bridge", span.asset))
        self.places: tuple[Place, ...] = tuple((span.asset, quantity) for quantity in (*_QUANTITIES, TILT_ACROSS))
        # A generator of its own: what else is drawn stays as it is.
        self._across = np.random.default_rng(seed_of(str(seed), "bridge across", span.asset))
        self.happened: list[Window] = []
        self._events: list[Event] = []
        self._on_span: deque[tuple[int, float, float]] = deque()
        self._steel_celsius = math.nan
        self._hour = self._share = math.nan
        self._shock = 0.0
        self._modes = Modes(damping=span.damping, rate_hz=span.wave_hz) if span.wave_hz else None
        self._waves: deque[tuple[int, Floats]] = deque(maxlen=_KEPT_SECONDS)
        """Second → its samples of acceleration and of strain, a row each."""

    @property
    def waving(self) -> frozenset[Place]:
        """Its acceleration and strain, where samples are asked for."""
        return frozenset((self._span.asset, quantity) for quantity in _WAVING) if self._modes else frozenset()

    def wave(self, place: Place, time_ns: Int64s) -> Floats:
        """Return the sample before each moment; NaN for what is forgotten or not yet reached."""
        row = _WAVING.index(place[1])
        values = np.full(len(time_ns), np.nan)
        for begin_ns, samples in self._waves:
            offset = ((time_ns - begin_ns) * self._span.wave_hz / SECOND + 1e-6).astype(np.int64)
            inside = (time_ns >= begin_ns) & (offset < samples.shape[1])
            values[inside] = samples[row, offset[inside]]
        return values

    def stage(self, event: Event) -> Window | None:
        """Take a heavy vehicle, a blow, a loss of stiffness in percent or the settling of a support."""
        check_event(event, KINDS, frozenset({self._span.asset}))
        lost = event.amount + sum(one.amount for one in self._events if one.kind == "damage")
        if event.kind == "damage" and lost >= _MOST_DAMAGE_PERCENT:
            what = f"{lost:g} % in all is a fallen bridge; it must stay below {_MOST_DAMAGE_PERCENT:g}"
            raise ValueError(f"damage at {event.asset}: {what}")
        self._events.append(event)
        make = staying if event.kind in {"damage", "settlement"} else window_of
        return make(event, _HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Let a second of traffic pass."""
        del others
        span = self._span
        if math.isnan(self._steel_celsius):
            self._steel_celsius = weather.air_celsius
        self._steel_celsius += (weather.air_celsius - self._steel_celsius) / 7200.0
        self._arrive(time_ns, weather)
        stiffness = 1.0 - sum(grown(event, time_ns) for event in self._events if event.kind == "damage") / 100.0
        settled = sum(grown(event, time_ns) for event in self._events if event.kind == "settlement")
        load, heaviest = self._load(time_ns)
        warm = self._steel_celsius - 18.0
        lost = 80.0 * (1.0 / stiffness - 1.0)
        strain = load * span.strain_per_tonne / stiffness + span.strain_per_degree * warm + lost
        struck = [e for e in self._events if e.kind == "strike" and begins(e, time_ns, 1.0)]
        self._shock = max([0.7 * self._shock, *(event.amount for event in struck)])
        pushed = sum(e.amount / 5.0 for e in self._events if e.kind == "strike" and e.time_ns <= time_ns)
        noise = self._random.normal(0.0, 1.0, 6)
        shaking = math.hypot(0.004, 0.0015 * load, self._shock) * (1.0 + 0.1 * noise[0])
        first_hz = (span.first_hz + span.hz_per_degree * warm) * math.sqrt(stiffness)
        if self._modes is not None:
            # The second from this step on: the samples of a report lie before it, so that they are there in time.
            blow = sum(event.amount for event in struck)
            if blow:
                self._modes.strike(blow, first_hz)
            rough = self._random.normal(0.0, 1.0, (4, round(span.wave_hz)))
            swings = self._modes.step(rough[:3], math.hypot(0.004, 0.0015 * load), first_hz)
            passing = (self._loads(time_ns) - load) * span.strain_per_tonne / stiffness
            self._waves.append((time_ns, np.stack([swings, strain + passing + _STRAIN_NOISE * rough[3]])))
        return np.array(
            [
                strain + _STRAIN_NOISE * noise[1],
                0.012 * load / stiffness + settled + 0.02 * noise[2],
                shaking,
                first_hz + 0.004 * noise[3],
                math.degrees(settled / 1000.0 / span.metres) + 0.0005 * warm + 0.0008 * noise[4],
                0.011 * span.metres * warm + pushed + 0.05 * noise[5],
                self._steel_celsius,
                heaviest,
                _SETTLED_ACROSS * math.degrees(settled / 1000.0 / span.metres)
                + _ACROSS_PER_DEGREE * warm
                + 0.0008 * float(self._across.normal()),
            ]
        )

    def close(self) -> None:
        """Nothing is held."""

    def _arrive(self, time_ns: int, weather: Weather) -> None:
        """Draw the vehicles of this second, weights log-normal: cars of about 1.6 t, lorries of about 18 t."""
        if weather.local_hour != self._hour:
            self._hour = weather.local_hour
            self._share = float(traffic(np.array([self._hour]))[0])
        count = int(self._random.poisson(self._span.vehicles_per_hour * self._share / 3600.0))
        for _ in range(count):
            heavy = self._random.random() < _HEAVY_SHARE
            tonnes = min(42.0, float(self._random.lognormal(math.log(18.0 if heavy else 1.6), 0.3)))
            self._on_span.append((time_ns, tonnes, float(self._random.uniform(8.0, 18.0))))
        for event in self._events:
            if event.kind == "overload" and begins(event, time_ns, 1.0):
                self._on_span.append((time_ns, event.amount, 5.0))
        while self._on_span and (time_ns - self._on_span[0][0]) / SECOND > self._span.metres:
            self._on_span.popleft()

    def _load(self, time_ns: int) -> tuple[float, float]:
        """Return what the girder feels in tonnes, and its heaviest vehicle: influence 1 at mid-span, 0 at the ends."""
        felt, heaviest = 0.0, 0.0
        for entered_ns, tonnes, speed in self._on_span:
            share = (time_ns - entered_ns) / SECOND * speed / self._span.metres
            if share <= 1.0:
                felt += tonnes * (1.0 - abs(2.0 * share - 1.0))
                heaviest = max(heaviest, tonnes)
        return felt, heaviest

    def _loads(self, time_ns: int) -> Floats:
        """Return what the girder feels at each sample of the second from here on, of the vehicles that are known."""
        moved = np.arange(round(self._span.wave_hz)) / self._span.wave_hz
        felt = np.zeros(len(moved))
        for entered_ns, tonnes, speed in self._on_span:
            share = (moved + (time_ns - entered_ns) / SECOND) * speed / self._span.metres
            felt += tonnes * np.clip(1.0 - np.abs(2.0 * share - 1.0), 0.0, None)
        return felt
