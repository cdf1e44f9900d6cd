"""Members of a group that no longer say of each other what they ordinarily say: a spoofed level, a pump that lies.

Every member's departure z from `relation_model` counts as log(1 + z^2), so that one wild value does not outweigh many
odd ones, smoothed over time. The group is off when its members are on average, or when one of them is far enough alone;
both limits are quantiles of slots held out of the learning. What each member adds is the explanation.

    c(member) += (log(1 + z^2) - c) dt / tau
    score = max(mean(c - calm) / limit, largest((c - calm) / spread) / limit alone)

An absent member has no departure and helps to explain nobody. Squared prediction error with a logarithm and an EWMA:
Qin, Statistical process monitoring, J. Chemometrics 17, 2003, section 4; Taormina et al., J. Water Resour. Plann.
Manage. 144(8), 2018.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.relation_model import Learning, RelationModel, Stretch
from detectors.walking import NEVER

_MOST = 1e12
_LEAST_SPREAD = 0.05
_SLOTS = 300


@dataclass(frozen=True, slots=True)
class Departing:
    """When a group counts as off."""

    tau_seconds: float = 6 * 3_600.0
    """Longer: calmer, and slower to come and go."""
    quantile: float = 0.975
    """Share of ordinary slots whose mean departure stays under the limit."""
    quantile_alone: float = 0.995
    """The same for the largest departure of one member alone."""

    def __post_init__(self) -> None:
        """Refuse quantiles that are none, and a smoothing without time."""
        if self.tau_seconds <= 0 or not 0 < min(self.quantile, self.quantile_alone) < 1:
            raise ValueError(f"tau must be above 0 and quantiles between 0 and 1, got {self}")


class Relations:
    """Score how far a group's members are off what they ordinarily say of each other.

    >>> slots = np.arange(1_000)
    >>> rng = np.random.default_rng(1)
    >>> level = np.sin(slots / 9.0) + 2.0
    >>> columns = np.stack([level, 3.0 * level, 5.0 - level], axis=1) + rng.normal(0.0, 0.05, (1_000, 3))
    >>> times = slots * 3_600_000_000_000
    >>> history = Stretch(times[:800], columns[:800], np.full(800, True))
    >>> relations = Relations(RelationModel([history], Learning()), Departing())
    >>> columns[950:, 1] += 0.5
    >>> score = relations.update(times[800:], columns[800:])
    >>> bool((score[100:150] < 1.0).all()), bool((score[155:] >= 1.0).all())
    (True, True)
    >>> relations.contributions().argmax()
    np.int64(1)
    """

    name = "relations"
    version = 1

    def __init__(self, model: RelationModel, departing: Departing) -> None:
        self._model, self._departing = model, departing
        self._most_seconds = model.learning.slot_seconds
        weight = self._weight(self._most_seconds)
        odd = _odd(model.ordinary)
        self._calm = np.nan_to_num(odd.mean(axis=0))
        smoothed = np.array(list(_smooth(np.nan_to_num(odd), self._calm, weight)))
        self._spread = np.maximum(smoothed.std(axis=0), _LEAST_SPREAD)
        excess = np.where(np.isnan(model.ordinary), np.nan, smoothed - self._calm)
        told = ~np.isnan(excess).all(axis=0)
        self._limit = float(np.quantile(excess[:, told].mean(axis=1), departing.quantile))
        alone = (excess / self._spread)[:, told].max(axis=1)
        self._limit_alone = float(np.quantile(alone, departing.quantile_alone))
        members = model.members
        self._smoothed = self._calm.copy()
        self._told = np.zeros(members, np.bool_)
        self._before = np.full(members, np.nan)
        self._time_ns = np.full(1, NEVER, np.int64)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that has learned a made-up history, as contract tests use it."""
        rng = np.random.default_rng(1)
        common = rng.normal(0.0, 1.0, (_SLOTS, 1))
        columns = 20.0 + common * np.arange(1, members + 1) + rng.normal(0.0, 0.1, (_SLOTS, members))
        times = np.arange(_SLOTS, dtype=np.int64) * 60_000_000_000
        history = Stretch(times, columns, np.full(_SLOTS, fill_value=True))
        return cls(RelationModel([history], Learning(slot_seconds=60)), Departing(tau_seconds=300))

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN when no member could be told from the others."""
        slots = zip(time_ns.tolist(), columns, strict=True)
        return np.array([self._step(moment_ns, values) for moment_ns, values in slots], np.float64)

    def _step(self, moment_ns: int, values: Floats) -> float:
        now = np.where(np.abs(values) <= _MOST, values, np.nan)
        if np.isnan(now).all():
            return math.nan
        seconds = max((moment_ns - int(self._time_ns[0])) * 1e-9, 0.0)
        follows = seconds <= 1.5 * self._most_seconds
        before = self._before if follows else np.full_like(now, np.nan)
        departures = self._model.departures(np.array([moment_ns]), now[None], before[None])
        told = ~np.isnan(departures[0])
        weight = self._weight(min(seconds, self._most_seconds))
        moved = self._smoothed + weight * (np.nan_to_num(_odd(departures)[0]) - self._smoothed)
        self._smoothed = np.where(told, moved, self._smoothed)
        self._told, self._before = told, now
        self._time_ns[0] = moment_ns
        if not told.any():
            return math.nan
        excess = self._smoothed[told] - self._calm[told]
        alone = float((excess / self._spread[told]).max()) / self._limit_alone
        return max(float(excess.mean()) / self._limit, alone, 0.0)

    def _weight(self, seconds: float) -> float:
        return 1.0 - math.exp(-seconds / self._departing.tau_seconds)

    def contributions(self) -> Floats:
        """Return how far each member was off in the last slot, in its ordinary spreads; NaN = not told.

        A lie also shows on those that the liar explains.
        """
        return np.where(self._told, (self._smoothed - self._calm) / self._spread, np.nan)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the smoothed departures and the last slot; the model is configuration, not state."""
        names = ("smoothed", "told", "before", "time_ns")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())


def _odd(departures: Floats) -> Floats:
    return np.log1p(departures**2)


def _smooth(rows: Floats, start: Floats, weight: float) -> Iterator[Floats]:
    smoothed = start.copy()
    for row in rows:
        smoothed = smoothed + weight * (row - smoothed)
        yield smoothed
