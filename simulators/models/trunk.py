"""A trunk main between a reservoir and a valve, whose pressure loggers see every wave: bursts, closing valves.

Pressures are steady until something changes; then the method of characteristics follows the waves until they have died
down (simulators/models/transient.py). Beside it stand the slow breath of the reservoir and
the noise of water in motion.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from gateway.model import SECOND, Floats, Int64s
from simulators.models.breaking import most_m3_h
from simulators.models.contract import Event, Place, Window, check_event, window_of
from simulators.models.metering import BACKWARD, Totaliser, velocity_m_s
from simulators.models.ranges import MEMORY, Range
from simulators.models.road import LEAK
from simulators.models.transient import MPA_PER_METRE, Line, Pipeline
from simulators.noise import seed_of, wander, white
from simulators.weather import Weather

KINDS = {"burst": "m3/h of lost water", "valve_closure": "% of the flow that the valve takes away"}
"""Kind of event → what its amount is, empty where it has none."""
_HAZARDS = {"burst": "pipe_burst", "valve_closure": ""}
_CLOSED = 100.0
_DYING_SECONDS = 30.0
_STILL_MPA = 0.0001
"""Waves that move the loggers by less in ten seconds have died down."""
_KEPT_EPISODES = 20
_OPENING_SECONDS = 0.02
"""A hole opens within milliseconds; a repair or a valve takes its time."""
_REPAIR_SECONDS = 20.0
_CLOSING_SECONDS = 5.0
_BREATH_MPA = 0.002
_BREATH_SECONDS = 3.0 * 3600.0

MILLIMETRES = (400.0, 500.0, 600.0)
RANGES: Mapping[str, Range] = {
    "wave_share": Range(0.98, 1.02, "1", "proposal: what a valve test leaves uncertain of a wave speed"),
    "friction": Range(0.014, 0.024, "1", f"Moody: 0.012 for smooth to 0.03 for rough pipes at such speeds {MEMORY}"),
    "head_metres": Range(42.0, 55.0, "m", "proposal: 0.4 to 0.55 MPa at the foot of the reservoir"),
    "velocity_m_s": Range(
        0.5, 0.9, "m/s", f"economic velocity of DN400 to DN600 is 0.9 to 1.4 m/s at full flow {MEMORY}"
    ),
    "noise_mpa": Range(0.0001, 0.0004, "MPa", "proposal: a logger of 0.05 % of 1 MPa, filtered"),
}
"""What of a trunk main is drawn."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A main, the sections it may burst in, and the loggers along it."""

    asset: str
    sections: Mapping[str, float]
    """Section → metres from the reservoir to its middle."""
    gauges: Mapping[str, float]
    """Asset with a pressure logger → metres from the reservoir."""
    line: Pipeline = field(default_factory=Pipeline)
    noise_mpa: float = 0.0002


class _Episode(NamedTuple):
    """Heads at the gauges while waves run: one row a step of the method, in MPa."""

    start_ns: int
    dt_ns: float
    pressures: Floats

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.dt_ns * len(self.pressures))


class TrunkMain:
    """Pressures in MPa at the loggers, flow in m3/h from the reservoir, losses of the sections, ten seconds a step."""

    step_seconds = 10.0

    def __init__(self, trunk: Trunk, *, end_ns: int, seed: int = 0) -> None:
        self._trunk = trunk
        self._end_ns = end_ns
        self._seed = seed_of(str(seed), "trunk", trunk.asset)
        line = trunk.line
        for name, metres in (*trunk.gauges.items(), *trunk.sections.items()):
            if not 0 < metres < line.metres:
                raise ValueError(f"{name}: {metres:g} m is not on a pipeline of {line.metres:g} m")
        self._places_m = tuple(trunk.gauges.values())
        self._columns = {asset: column for column, asset in enumerate(trunk.gauges)}
        self._line = Line(line, line.reaches(250.0))
        self._steady = self._line.head_at(self._places_m) * MPA_PER_METRE
        self.places: tuple[Place, ...] = (
            *((asset, "water_pressure") for asset in trunk.gauges),
            *((trunk.asset, quantity) for quantity in ("water_flow", "velocity", "water_volume", BACKWARD)),
            *((asset, LEAK) for asset in trunk.sections),
        )
        self.waving = frozenset((asset, "water_pressure") for asset in trunk.gauges)
        self.happened: list[Window] = []
        self._events: list[Event] = []
        self._episodes: deque[_Episode] = deque(maxlen=_KEPT_EPISODES)
        self._reached_ns = 0
        self._rings = False
        self._totals = Totaliser(1, self.step_seconds)
        self._drawn: dict[int, float] = {}
        """Burst → the most that it has lost so far, in m3/h."""

    def stage(self, event: Event) -> Window | None:
        """Take a burst of a section, or a valve at the end that closes and opens again."""
        where = frozenset(self._trunk.sections) if event.kind == "burst" else frozenset({self._trunk.asset})
        line = self._trunk.line
        way = line.friction * self._trunk.sections.get(event.asset, 0.0) / line.millimetres * 1000.0
        most = _CLOSED if event.kind == "valve_closure" else most_m3_h(line.millimetres, line.head_metres, way=way)
        check_event(event, KINDS, where, most=most)
        self._events.append(event)
        metres = {"metres": self._trunk.sections[event.asset]} if event.kind == "burst" else {}
        return window_of(event, _HAZARDS[event.kind], self._end_ns, **metres)

    def accounted(self, window: Window) -> Window:
        """Return the window of a burst with the most that it has really lost so far."""
        wanted = window.start_ns, window.kind, window.asset
        drawn = [m3_h for number, m3_h in self._drawn.items() if _key(self._events[number]) == wanted]
        return replace(window, detail={**window.detail, "most_m3_h": float(f"{sum(drawn):.4g}")}) if drawn else window

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Follow the waves of the ten seconds from here on, where there are any."""
        del weather, others
        until_ns = time_ns + round(self.step_seconds * SECOND)
        lost = self._lost(time_ns)
        is_new = any(time_ns < one + _DYING_SECONDS * SECOND and one < until_ns for one in self._changes())
        if is_new or self._rings:
            self._follow(max(time_ns, self._reached_ns), until_ns)
        pressures = [
            float(self.wave(place, np.array([time_ns], np.int64))[0]) for place in self.places if place in self.waving
        ]
        flow = float(self._line.flow_in) * 3600.0
        forward, backward = self._totals.count(np.array([flow]))
        metered = (flow, velocity_m_s(flow, self._trunk.line.millimetres), *forward, *backward)
        return np.array([*pressures, *metered, *(lost.get(asset, 0.0) for asset in self._trunk.sections)])

    def wave(self, place: Place, time_ns: Int64s) -> Floats:
        """Return the pressures at any times that the steps have reached."""
        column = self._columns[place[0]]
        values = np.full(len(time_ns), self._steady[column])
        for episode in self._episodes:
            since = (time_ns - episode.start_ns) / episode.dt_ns
            told = np.interp(since, np.arange(len(episode.pressures)), episode.pressures[:, column])
            values = np.where(since >= 0, told, values)
        seed = seed_of(str(self._seed), place[0])
        breath = _BREATH_MPA * wander(self._seed, time_ns, _BREATH_SECONDS)
        rough: Floats = values + breath + math.sqrt(3.0) * self._trunk.noise_mpa * white(seed, time_ns)
        return rough

    def close(self) -> None:
        """Nothing is held."""

    def _follow(self, from_ns: int, until_ns: int) -> None:
        """Step the line through a stretch of time and keep what the gauges see."""
        dt_ns = self._line.dt * SECOND
        if self._episodes and self._episodes[-1].end_ns >= from_ns - dt_ns:
            last = self._episodes.pop()
            begin_ns, rows = last.start_ns, list(last.pressures)
        else:
            begin_ns, rows = from_ns, [self._line.head_at(self._places_m) * MPA_PER_METRE]
        while begin_ns + dt_ns * len(rows) <= until_ns:
            now_ns = begin_ns + round(dt_ns * len(rows))
            self._line.step(self._holes(now_ns), self._valve(now_ns))
            rows.append(self._line.head_at(self._places_m) * MPA_PER_METRE)
        self._episodes.append(_Episode(begin_ns, dt_ns, np.array(rows)))
        lately = self._episodes[-1].pressures[-round(self.step_seconds * SECOND / dt_ns) :]
        self._rings = bool(np.ptp(lately, axis=0).max() > _STILL_MPA)
        self._reached_ns = until_ns

    def _lost(self, time_ns: int) -> dict[str, float]:
        """Return what each section loses at the pressure that is left, in m3/h, and keep what every burst does."""
        lost: dict[str, float] = {}
        for number, event in enumerate(self._events):
            share = self._open(event, time_ns) if event.kind == "burst" else 0.0
            if not share:
                continue
            node = self._line.node(self._trunk.sections[event.asset])
            left = max(0.0, float(self._line.head[node])) / self._line.steady_head(node)
            m3_h = share * event.amount * math.sqrt(left)
            self._drawn[number] = max(m3_h, self._drawn.get(number, 0.0))
            lost[event.asset] = lost.get(event.asset, 0.0) + m3_h
        return lost

    def _changes(self) -> list[int]:
        """Return the moments at which waves set out."""
        ends = [event.time_ns + round(event.seconds * SECOND) for event in self._events if math.isfinite(event.seconds)]
        return [*(event.time_ns for event in self._events), *ends]

    def _holes(self, time_ns: int) -> dict[int, tuple[float, float]]:
        holes = {}
        for event in self._events:
            share = self._open(event, time_ns) if event.kind == "burst" else 0.0
            if share > 0:
                node = self._line.node(self._trunk.sections[event.asset])
                holes[node] = (event.amount / 3600.0 * share, self._line.steady_head(node))
        return holes

    def _valve(self, time_ns: int) -> float:
        closed = sum(self._open(e, time_ns) * e.amount / 100.0 for e in self._events if e.kind == "valve_closure")
        return self._trunk.line.flow_m3_s * max(0.0, 1.0 - closed)

    @staticmethod
    def _open(event: Event, time_ns: int) -> float:
        """Return how much of an event is there: it comes at once or within seconds, and goes within seconds."""
        rising = _OPENING_SECONDS if event.kind == "burst" else _CLOSING_SECONDS
        falling = _REPAIR_SECONDS if event.kind == "burst" else _CLOSING_SECONDS
        come = (time_ns - event.time_ns) / SECOND / rising
        gone = (time_ns - event.time_ns) / SECOND - event.seconds if math.isfinite(event.seconds) else 0.0
        return min(1.0, max(0.0, come)) * (1.0 - min(1.0, max(0.0, gone / falling)))


def _key(event: Event) -> tuple[int, str, str]:
    return event.time_ns, event.kind, event.asset
