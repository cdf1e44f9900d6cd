"""A pressure wave along a main, timed at each sensor: a burst sends a steep fall both ways, from where it happened.

A front is a change between two short means, `rise_slots` apart, beyond the sensor's own ordinary ones. It counts as a
burst's when it falls, when most of it happens within the rise (valves, hydrants and pumps are slower), and when the
times at the sensors fit a wave from between two of them; a wave that comes along from one end is a pump's or a valve's,
a front at one sensor only is the sensor's. Clocks and wave speed may be off: both are solved for, within their spread.

    between two sensors     x = (L - a (t1 - t2)) / 2          over all     t(i) = t0 + |x(i) - x| / a

The front is dated by a CUSUM at a share of its height, refined by a parabola. A burst is told once and its score stays
for `rest_seconds`, while echoes run. Srirangarajan et al., Wavelet-based burst event detection and localization in
water distribution systems, J. Signal Process. Syst. 72, 2013; Misiunas et al., J. Water Resour. Plann. Manage. 131(4),
2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from detectors.arx import MOST
from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.walking import NEVER
from detectors.wavefront import Source, front, placed, steady_change, without_spikes

_IDLE, _SEEN, _UNTOLD = -1, -2, -1.0
_CLIP = 3.0
_SIGMAS = 1.2533
"""Standard deviations to one mean absolute deviation of bell-shaped noise."""
_STRONGEST = 100.0


@dataclass(frozen=True, slots=True)
class Arriving:
    """Where the sensors stand, how waves run, and what counts as a front."""

    positions: tuple[float, ...]
    """Along the main, rising, in m."""
    speed: float = 1_000.0
    """Of the wave, nominal, in m/s."""
    speed_share: float = 0.02
    """One sigma of the wave speed, as a share of it."""
    clock_seconds: float = 0.006
    """One sigma of a sensor's clock."""
    slot_seconds: float = 0.01
    rise_slots: int = 40
    """The slowest front of a burst and a little more; averages are a quarter of it long."""
    steepness: float = 0.78
    """Share of a front that must have happened within the rise. Larger: fewer valves, and fewer bursts near ends."""
    dated_at: float = 0.5
    """The share of its height at which a front is dated. Smaller: echoes from an end near a sensor move it less."""
    sigmas: float = 5.0
    """Of a sensor's ordinary changes: larger finds fewer small bursts."""
    least_change: float = 0.4
    """No front is smaller, in the sensors' unit."""
    warm_up_slots: int = 300
    memory_slots: float = 3_000.0
    rest_seconds: float = 20.0
    """Echoes of one event last so long."""

    def __post_init__(self) -> None:
        """Refuse sensors out of order, and parameters that are not above zero."""
        if len(self.positions) < 2 or any(b <= a for a, b in pairwise(self.positions)):  # noqa: PLR2004 - a stretch
            raise ValueError(f"positions must be two or more and rise, got {self.positions}")
        if min(self.speed, self.speed_share, self.clock_seconds, self.slot_seconds, self.steepness) <= 0:
            raise ValueError(f"speed, its share, clock, slots and steepness must be above 0, got {self}")
        if min(self.sigmas, self.least_change, self.warm_up_slots, self.memory_slots) <= 0 or self.rise_slots < 4:  # noqa: PLR2004
            raise ValueError(f"sigmas, change and times must be above 0 and the rise 4 slots or more, got {self}")


class Fronts(NamedTuple):
    """What each sensor saw of the last burst told of; NaN where it saw nothing that fits."""

    seconds: Floats
    """When its front had come, in seconds of the sensors' time."""
    step: Floats
    """Its height, below 0, in the sensors' unit."""


class _Layout(NamedTuple):
    """Slots that follow from the parameters."""

    mean: int
    before: int
    after: int
    ring: int
    wait: int
    rest: int


def _layout(how: Arriving) -> _Layout:
    mean, before, after = max(how.rise_slots // 4, 1), 3 * how.rise_slots, 2 * how.rise_slots
    travel = 1.05 * (how.positions[-1] - how.positions[0]) / how.speed + how.rise_slots * how.slot_seconds
    return _Layout(
        mean,
        before,
        after,
        before + after + mean + 6,
        math.ceil(travel / how.slot_seconds) + after,
        math.ceil(how.rest_seconds / how.slot_seconds),
    )


class Arrival:
    """Score a burst on a main with sensors along it; `source` is where and when it happened.

    >>> rng, seconds = np.random.default_rng(1), np.arange(2_000) * 0.01
    >>> positions = (100.0, 900.0, 2_000.0)
    >>> heads = 40.0 + rng.normal(0.0, 0.1, (2_000, 3))
    >>> for member, position in enumerate(positions):
    ...     heads[seconds >= 10.0 + abs(position - 1_300.0) / 1_000.0, member] -= 2.0
    >>> main = Arrival(3, Arriving(positions))
    >>> score = main.update((seconds * 1e9).astype(np.int64), heads)
    >>> bool(np.nanmax(score[:1_000]) < 1.0), bool(score[1_400] >= 1.0), abs(main.source().position - 1_300.0) < 10
    (True, True, True)
    """

    name = "arrival"
    version = 2

    def __init__(self, members: int, arriving: Arriving) -> None:
        if members != len(arriving.positions):
            raise ValueError(f"{members} members need as many positions, got {arriving.positions}")
        self._how, self._slots = arriving, _layout(arriving)
        self._position = np.array(arriving.positions)
        self._ring = np.full((self._slots.ring, members), np.nan)
        self._noise, self._seen = np.zeros(members), np.zeros(members)
        self._pending = np.full(members, _IDLE, np.int64)
        self._ignored = np.zeros(members, np.int64)
        self._front_s, self._step, self._steep = (np.full(members, np.nan) for _ in range(3))
        self._opened, self._rest = np.full(1, _IDLE, np.int64), np.zeros(1, np.int64)
        self._told, self._found = np.zeros(1), np.full(2, np.nan)
        self._came_s, self._fell = np.full(members, np.nan), np.full(members, np.nan)
        self._time_ns, self._first_ns = np.full(1, NEVER, np.int64), np.full(1, NEVER, np.int64)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector of slow waves that warms up soon, as contract tests use it."""
        positions = tuple(60.0 * member for member in range(members))
        how = Arriving(positions, speed=1.0, slot_seconds=60.0, rise_slots=4, warm_up_slots=3, rest_seconds=600.0)
        return cls(members, how)

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN while no sensor is warm."""
        values = np.where(np.abs(columns) <= MOST, columns, np.nan)
        there = np.flatnonzero(np.isfinite(values).any(axis=1))
        score = np.full(len(time_ns), np.nan)
        if not there.size:
            return score
        times = time_ns[there]
        passed = np.diff(times, prepend=self._time_ns[0] if self._time_ns[0] > NEVER else times[0] - 1)
        breaks = np.flatnonzero((passed > 1.5e9 * self._how.slot_seconds) | (passed <= 0))
        for first, last in pairwise([0, *breaks.tolist(), len(there)]):
            if first in breaks:
                self._begin_anew()
            if last > first:
                part = there[first:last]
                score[part] = self._run(time_ns[part], values[part])
        self._time_ns[0] = times[-1]
        return score

    def _begin_anew(self) -> None:
        self._ring[:] = np.nan
        self._rest[0] = 0
        self._told[0] = 0.0
        self._close()

    def _run(self, time_ns: Times, values: Floats) -> Floats:
        rows = np.vstack([self._ring, values])
        history = len(self._ring)
        smooth = without_spikes(rows)
        change = steady_change(smooth, self._slots.mean, self._how.rise_slots)[history:]
        score = np.empty(len(values))
        for slot, (moment_ns, changes) in enumerate(zip(time_ns.tolist(), change.tolist(), strict=True)):
            score[slot] = self._slot(moment_ns, changes, smooth[: history + slot + 1])
        self._ring = rows[-history:].copy()
        return score

    def _slot(self, moment_ns: int, changes: list[float], smooth: Floats) -> float:
        if self._rest[0] > 0:
            self._rest[0] -= 1
            if not self._rest[0]:
                self._told[0] = 0.0
            return float(self._told[0])
        how = self._how
        is_quiet = self._opened[0] == _IDLE
        warm = False
        for member, change in enumerate(changes):
            is_known = self._seen[member] >= how.warm_up_slots
            warm = warm or is_known
            size = abs(change)
            if self._pending[member] >= 0:
                self._pending[member] += 1
                if self._pending[member] >= self._slots.after:
                    self._date(member, moment_ns, smooth)
            elif self._ignored[member] > 0:
                self._ignored[member] -= 1
            elif is_known and self._pending[member] == _IDLE and size >= self._limit(member):
                self._pending[member] = 0
                if self._opened[0] == _IDLE:
                    self._opened[0], self._first_ns[0] = 0, moment_ns
            if is_quiet and size == size:  # noqa: PLR0124 - NaN is not itself
                self._learn(member, size)
        if self._opened[0] != _IDLE:
            self._opened[0] += 1
            if self._opened[0] >= self._slots.wait:
                self._decide()
        return float(self._told[0]) if warm else math.nan

    def _limit(self, member: int) -> float:
        return max(self._how.least_change, self._how.sigmas * _SIGMAS * float(self._noise[member]))

    def _learn(self, member: int, size: float) -> None:
        seen = float(self._seen[member])
        reach = size if seen < self._how.warm_up_slots else min(size, _CLIP * float(self._noise[member]))
        self._noise[member] += (reach - self._noise[member]) / min(seen + 1.0, self._how.memory_slots)
        self._seen[member] += 1.0

    def _date(self, member: int, moment_ns: int, smooth: Floats) -> None:
        """Measure the front that was crossed `after` slots ago."""
        window = smooth[-(self._slots.before + self._slots.after) :, member]
        seen = front(window, self._slots.before, self._how.rise_slots, self._slots.mean, dated_at=self._how.dated_at)
        self._pending[member] = _SEEN
        since = (moment_ns - int(self._first_ns[0])) * 1e-9
        self._front_s[member] = since - (len(window) - 1 - seen.place) * self._how.slot_seconds
        self._step[member], self._steep[member] = seen.step, seen.steepness

    def _decide(self) -> None:
        how = self._how
        fronts = np.flatnonzero(np.isfinite(self._front_s) & np.isfinite(self._step))
        if fronts.size < 2:  # noqa: PLR2004 - one alone is the sensor's
            self._ignored[self._pending != _IDLE] = self._slots.rest
            self._close()
            return
        spread = how.speed_share, how.clock_seconds
        source = placed(self._position[fronts], self._front_s[fronts], how.speed, spread)
        taken = fronts[source.fits]
        falls = bool((self._step[taken] < 0).all())
        is_steep = float(np.median(self._steep[taken])) >= how.steepness
        self._told[0] = 0.0
        for each in (self._found, self._came_s, self._fell):
            each[:] = np.nan
        are_enough = 2 * taken.size > len(self._position)
        if source.is_between and are_enough and falls and is_steep:
            limits = np.array([self._limit(member) for member in taken])
            strength = float(np.median(np.abs(self._step[taken]) / limits))
            self._told[0] = min(max(strength, 1.0), _STRONGEST)
            first_s = int(self._first_ns[0]) * 1e-9
            self._found[:] = source.position, first_s + source.seconds
            self._came_s[taken], self._fell[taken] = first_s + self._front_s[taken], self._step[taken]
        self._rest[0] = self._slots.rest
        self._close()

    def _close(self) -> None:
        self._opened[0] = _IDLE
        self._pending[:] = _IDLE
        for each in (self._front_s, self._step, self._steep):
            each[:] = np.nan

    def source(self) -> Source:
        """Return where along the main, in m, and when, in seconds of the sensors' time, the last burst told of was."""
        return Source(float(self._found[0]), float(self._found[1]), is_between=True, fits=np.empty(0, np.intp))

    def fronts(self) -> Fronts:
        """Return when and how far the last burst told of fell at each sensor."""
        return Fronts(self._came_s.copy(), self._fell.copy())

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    _STATE = (
        *("ring", "noise", "seen", "pending", "ignored", "front_s", "step", "steep", "opened", "rest", "told", "found"),
        *("time_ns", "first_ns", "came_s", "fell"),
    )

    def state(self) -> State:
        """Return the last slots, what is ordinary, and the fronts that wait for others."""
        return {name: getattr(self, f"_{name}").copy() for name in self._STATE}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in self._STATE:
            setattr(self, f"_{name}", state[name].copy())
