"""Leaks in the inflow of districts: a lasting step on top of what each district is expected to take an hour.

The residual against `dayahead` is pre-whitened by its own AR(1), each hour of the day has its own variance (nights are
quiet and count for more), and one-sided CUSUMs add the log-likelihood of leaks of a share of the ordinary night flow,
one sum a leak. No hour adds more than `most` leaks would: gardens and pools take much in some hours, a leak takes its
share in all of them. A district whose noise is larger than such a leak is asked for more evidence, and so is one whose
alarms went by themselves within two days. Evidence must have stood for `least_hours`; a fire is over by then.

    u = r(t) - phi r(t-1)                                              s = share night (1 - phi)
    sum = max(0, sum + (s min(u, most s) - s^2 / 2) / var(hour))

Scale and expectation stop learning while the first sum stands high, for a week at most: then the new level is the
ordinary one. Pre-whitening: Montgomery, Introduction to Statistical Quality Control, chapter 10; the sum: Page,
Biometrika 41, 1954; night flow as the measure of leaks: Lambert, Accounting for losses, J. IWEM 8, 1994.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.dayahead import HOURS, Bools, DayAhead, learning_rate

_HOUR_NS = 3_600_000_000_000
_MOST = 1e12
_WARM, _LEARN_FROM = 14 * HOURS, 8 * HOURS
_CLIP, _MOST_PHI = 3.5, 0.6
_VARIANCE_CLIP = 16.0
_MOST_ASKED = 9.0
_MOST_CAUTION, _CAUTION_STEP, _CAUTION_HOURS = 3.0, 0.5, 730.0
_WENT_HOURS = 48
_OFF = 0.4
_MONTH = 30 * HOURS
_LEAST_LEAK = 1e-9


class Leak(NamedTuple):
    """One size of leak, with a sum of its own."""

    share: float
    """Of the ordinary night flow. Smaller finds smaller leaks later; a leak of half of it adds nothing."""
    evidence: float
    """Log-likelihood at which to alarm. One more: alarms a third rarer, and an hour or two later."""
    most: float = math.inf
    """No hour adds more than so many of these leaks. Smaller: demand that comes in bursts passes; slower in noise."""


@dataclass(frozen=True, slots=True)
class Leaking:
    """What leaks are looked for, and how sure one must be."""

    leaks: tuple[Leak, ...] = (Leak(0.15, 5.0, 2.0), Leak(0.30, 9.0, 1.7))
    """The smallest first: learning stops for it."""
    least_hours: int = 12
    """Evidence must have gathered so long: excludes what is over within half a day."""
    freeze: float = 6.0
    """From this log-likelihood on nothing is learned, until it has come down to half."""
    freeze_hours: int = 168
    """After so long the new level is the ordinary one."""
    night: tuple[int, int] = (2, 5)
    """Hours of the day, the end excluded, in local time."""
    utc_offset_seconds: int = 0
    """Local time less UTC; 0 as well when the times given are local ones."""

    def __post_init__(self) -> None:
        """Refuse shares and evidence that are not above zero."""
        if not self.leaks or min(map(min, self.leaks)) <= 0:
            raise ValueError(f"share, evidence and most of every leak must be above 0, got {self.leaks}")
        if min(self.freeze, self.freeze_hours) <= 0 or self.least_hours < 0:
            raise ValueError(f"freeze must be above 0 and hours not below, got {self}")


_NAMES = ("variance", "covariance", "previous", "night", "frozen", "latched", "caution")
_ONES = ("caution",)
_UNKNOWN = ("variance", "previous", "night")

Hours = NDArray[np.int64]


class _Off(NamedTuple):
    """How an hour was off what was expected of it."""

    residual: Floats
    shock: Floats
    previous: Floats
    follows: Bools


class Inflows:
    """Score a leak in any of the districts; a slot is an hour, members are districts, each judged by itself.

    >>> hours = np.arange(24 * 60)
    >>> noise = np.random.default_rng(1).normal(0.0, 0.3, (hours.size, 2))
    >>> flow = 20.0 - 6.0 * np.cos((hours - 3) / 24 * 2 * np.pi)[:, None] + noise
    >>> flow[24 * 50 :, 1] += 2.0  # l/s, from day 50 on; at night 14 flow
    >>> judged = Inflows(2).judge(hours * 3_600_000_000_000, flow)
    >>> [int(np.flatnonzero(judged[:, 1] >= 1.0)[0]) - 24 * 50, bool((judged[400:, 0] >= 1.0).any())]
    [11, False]
    """

    name = "inflow"
    version = 2

    def __init__(self, members: int, leaking: Leaking | None = None) -> None:
        if members < 1:
            raise ValueError(f"at least one district must be watched, got {members}")
        self._leaking = leaking or Leaking()
        self._model = DayAhead(members)
        self._hourly = np.full((HOURS, members), np.nan, np.float32)
        start = {name: np.nan if name in _UNKNOWN else 1.0 if name in _ONES else 0.0 for name in _NAMES}
        self._row = {name: np.full(members, value) for name, value in start.items()}
        self._share, self._evidence, self._most = np.array(self._leaking.leaks).T[:, :, None]
        self._sum = np.zeros((len(self._leaking.leaks), members))
        self._age = np.zeros_like(self._sum)
        self._member_hour = np.full(members, -(1 << 40), np.int64)
        self._last = np.full(1, -(1 << 40), np.int64)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector with ordinary parameters."""
        return cls(members)

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return the largest score of the districts, one a slot; NaN = no opinion on any."""
        judged = self.judge(time_ns, columns)
        known = ~np.isnan(judged)
        return np.where(known.any(axis=1), np.max(np.where(known, judged, -np.inf), axis=1, initial=-np.inf), np.nan)

    def judge(self, time_ns: Times, columns: Floats) -> Floats:
        """Return every district's score, slots by members; an hour that is not newer than the last has none."""
        local = (time_ns + self._leaking.utc_offset_seconds * 1_000_000_000) // _HOUR_NS
        judged = np.full(columns.shape, np.nan)
        for slot, hour in enumerate(local.tolist()):
            there = np.abs(columns[slot]) <= _MOST
            if there.any() and hour > self._last[0]:
                judged[slot] = self._step(hour, np.where(there, columns[slot], 0.0), there)
        return judged

    def _step(self, hour: int, value: Floats, there: Bools) -> Floats:
        row, leaking = self._row, self._leaking
        residual = value - self._model.expect(hour)
        known = there & np.isfinite(residual)
        residual = np.where(known, residual, 0.0)
        self._learn_night(hour, value, known)
        variance = np.where(np.isnan(row["variance"]), 1.0, np.maximum(row["variance"], 1e-12))
        phi = np.clip(row["covariance"] / variance, 0.0, _MOST_PHI)
        follows = (self._member_hour == hour - 1) & np.isfinite(row["previous"])
        previous = np.where(follows, row["previous"], 0.0)
        fading = np.sqrt(1.0 - phi**2)
        shock = np.where(follows, residual - phi * previous, residual * fading)
        hourly = self._hourly[hour % HOURS].astype(np.float64)
        shock_variance = np.where(np.isnan(hourly), variance, np.maximum(hourly, 1e-12))
        night = np.where(np.isnan(row["night"]), 0.0, row["night"])
        known_leak = night > _LEAST_LEAK
        leak = self._share * np.where(known_leak, night, 1.0)
        reach = _CLIP * np.sqrt(shock_variance)
        # A step beyond the reach of clipped shocks would count as evidence against itself.
        step = np.minimum(leak * np.where(follows, 1.0 - phi, fading), reach)
        gain = (step * np.clip(shock, -reach, np.minimum(reach, self._most * step)) - step**2 / 2.0) / shock_variance
        active = known & known_leak & (self._model.seen >= _WARM)
        asked = np.clip(variance / leak**2, 1.0, _MOST_ASKED)
        passed = np.clip(hour - self._member_hour, 1, HOURS)
        score = self._add(active, gain, passed, self._evidence * row["caution"] * asked)
        stands = (row["frozen"] > 0) | (row["latched"] > 0)
        learns = known & ~(stands & (row["frozen"] < leaking.freeze_hours))
        self._learn_scales(hour, _Off(residual, shock, previous, follows), learns)
        row["previous"] = np.where(known, residual, np.nan)
        self._member_hour = np.where(known, hour, self._member_hour)
        self._model.learn(hour, value, there, learns)
        self._last[0] = hour
        return score

    def _add(self, active: Bools, gain: Floats, passed: Hours, limit: Floats) -> Floats:
        """Move the sums, latches and cautions of active members by the hours passed; return the scores."""
        row, leaking = self._row, self._leaking
        total = np.where(active, np.clip(self._sum + np.where(active, gain, 0.0), 0.0, 2.0 * limit), self._sum)
        self._age = np.where(active, np.where(total <= 0, 0.0, self._age + passed), self._age)
        was = row["latched"] > 0
        rises = active & ~was & ((total >= limit) & (self._age >= leaking.least_hours)).any(axis=0)
        latched = np.where(active, np.where(was, (total >= _OFF * limit).any(axis=0), rises), was)
        over = latched & (row["latched"] >= leaking.freeze_hours)
        total, latched = np.where(over, 0.0, total), latched & ~over
        went = was & ~latched & (row["latched"] < _WENT_HOURS)
        calmer = np.maximum(1.0, row["caution"] * (1.0 + _CAUTION_STEP) ** (-1.0 / _CAUTION_HOURS))
        raised = np.minimum(row["caution"] * (1.0 + _CAUTION_STEP), _MOST_CAUTION)
        row["caution"] = np.where(active, np.where(went, raised, calmer), row["caution"])
        row["latched"] = np.where(latched, row["latched"] + active, 0.0)
        high = total[0] >= np.where(row["frozen"] > 0, leaking.freeze / 2.0, leaking.freeze)
        row["frozen"] = np.where(active, np.where(high, row["frozen"] + 1, 0.0), row["frozen"])
        self._sum = total
        share = (total / limit).max(axis=0)
        score = np.where(latched, np.maximum(share, 1.0), np.minimum(share, 0.999))
        return np.where(active, score, np.nan)

    def _learn_night(self, hour: int, value: Floats, known: Bools) -> None:
        """Follow the median of the night hours, by a small share of it up or down."""
        first, end = self._leaking.night
        if first <= hour % HOURS < end:
            night = self._row["night"]
            share = np.where(self._model.seen < _MONTH, 0.02, 0.004)
            moved = np.where(np.isnan(night), value, night + np.sign(value - night) * np.abs(night) * share)
            self._row["night"] = np.where(known, moved, night)

    def _learn_scales(self, hour: int, off: _Off, learns: Bools) -> None:
        row, seen = self._row, self._model.seen
        residual, shock, previous, follows = off
        learns = learns & (seen > _LEARN_FROM)
        rate = 2.0 * learning_rate(seen)
        before = row["variance"]
        reach = 4.0 * np.sqrt(np.where(np.isnan(before), 1.0, before))
        now, then = np.clip(residual, -reach, reach), np.clip(previous, -reach, reach)
        first = np.isnan(before)
        row["variance"] = np.where(learns, np.where(first, residual**2, before + rate * (now**2 - before)), before)
        covariance = row["covariance"]
        moved = covariance + rate * (now * then - covariance)
        row["covariance"] = np.where(learns & follows & ~first, moved, covariance)
        cell = self._hourly[hour % HOURS].astype(np.float64)
        known = np.where(np.isnan(cell), np.where(first, 1.0, before), cell)
        share = np.minimum(rate * HOURS, 0.3)
        moved = np.where(np.isnan(cell), shock**2, cell + share * (np.minimum(shock**2, _VARIANCE_CLIP * known) - cell))
        self._hourly[hour % HOURS] = np.where(learns & follows, moved, cell)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the model's state and each district's sums and scales."""
        own: dict[str, NDArray[Any]] = {name: array.copy() for name, array in self._row.items()}
        own |= {"sum": self._sum.copy(), "age": self._age.copy(), "hourly": self._hourly.copy()}
        own |= {"member_hour": self._member_hour.copy(), "last": self._last.copy()}
        return own | {f"model_{name}": array for name, array in self._model.state().items()}

    def restore(self, state: State) -> None:
        """Take over a state."""
        self._row = {name: state[name].copy() for name in _NAMES}
        self._sum, self._age = state["sum"].copy(), state["age"].copy()
        self._hourly, self._member_hour = state["hourly"].copy(), state["member_hour"].copy()
        self._last = state["last"].copy()
        model = {name.removeprefix("model_"): array for name, array in state.items() if name.startswith("model_")}
        self._model.restore(model)
