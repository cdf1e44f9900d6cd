"""What moves together in a group, and what no longer does: principal components that go on learning, with lags.

Mean and covariance of the members now and `lags` slots before fade with time. From them come T2, how far the group is
out along its main components (`kept` of the variance), and Q, what the components do not explain. Both count by their
logarithm in its own ordinary spread. An absent member's rows and columns are left out before the components are found.
While the score is 1.0 or more nothing is learned, for `freeze_slots` at most.

    contributions: each member's share of Q, its slots before included

Jackson, Mudholkar, Control procedures for residuals associated with principal component analysis, Technometrics 21,
1979; lags: Ku, Storer, Georgakis, Chemometr. Intell. Lab. Syst. 30, 1995.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.arx import MOST
from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.walking import NEVER

_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Components:
    """How components learn, and when a group is off them."""

    slot_seconds: float = 3_600.0
    lags: int = 1
    memory_slots: float = 720.0
    """Longer: surer components; shorter: they follow the season. Ten times members and lags at least."""
    warm_up_slots: int = 336
    kept: float = 0.9
    """Share of the variance that the components explain."""
    limit: float = 4.0
    """In spreads of the logarithm. Larger: fewer false alarms."""
    freeze_slots: int = 168
    renew_slots: int = 24
    """Components are found again after so many slots that taught."""

    def __post_init__(self) -> None:
        """Refuse memories, limits and shares that make no components."""
        if min(self.slot_seconds, self.memory_slots, self.limit, self.renew_slots) <= 0 or not 0 < self.kept < 1:
            raise ValueError(f"slots, memory and limit must be above 0 and kept between 0 and 1, got {self}")


class PrincipalComponents:
    """Score how far the members of a group are off what ordinarily moves together.

    >>> rng = np.random.default_rng(1)
    >>> common = np.sin(np.arange(800) / 9.0)[:, None]
    >>> columns = 20.0 + common * [3.0, -2.0, 1.5, 4.0] + rng.normal(0.0, 0.1, (800, 4))
    >>> columns[700:, 1] += 1.5
    >>> group = PrincipalComponents(4, Components())
    >>> score = group.update(np.arange(800) * 3_600_000_000_000, columns)
    >>> bool(np.nanmean(score[:700] >= 1.0) < 0.01), bool((score[700:] >= 1.0).mean() > 0.9)
    (True, True)
    >>> int(np.nanargmax(group.contributions()))
    1
    """

    name = "components"
    version = 1

    def __init__(self, members: int, components: Components) -> None:
        self._how, self._members = components, members
        size = members * (components.lags + 1)
        self._mean, self._covariance = np.zeros(size), np.zeros((size, size))
        self._model = np.zeros((size, size))
        self._seen, self._held, self._time_ns = np.zeros(1), np.zeros(1), np.full(1, NEVER, np.int64)
        self._ordinary = np.array([[0.0, 1.0], [0.0, 1.0]])
        self._past = np.full((components.lags, members), np.nan)
        self._contributions = np.full(members, np.nan)
        self._found: dict[bytes, tuple[Floats, Floats]] = {}

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that warms up soon, as contract tests use it."""
        return cls(members, Components(60, 1, memory_slots=30, warm_up_slots=6, freeze_slots=5, renew_slots=3))

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN before the warm-up and when nobody is there."""
        slots = zip(time_ns.tolist(), columns, strict=True)
        return np.array([self._step(moment_ns, values) for moment_ns, values in slots], np.float64)

    def _step(self, moment_ns: int, values: Floats) -> float:
        now = np.where(np.abs(values) <= MOST, values, np.nan)
        if np.isnan(now).all():
            return math.nan
        if moment_ns - int(self._time_ns[0]) > 1.5e9 * self._how.slot_seconds:
            self._past[:] = np.nan
        self._time_ns[0] = moment_ns
        row = np.concatenate((now, self._past.reshape(-1)))
        if self._how.lags:
            self._past = np.vstack([now, self._past[:-1]])
        self._contributions[:] = np.nan
        score, logs = math.nan, np.full(2, np.nan)
        if self._seen[0] >= self._how.warm_up_slots / 2.0:
            logs = self._statistics(row)
            sigmas = (logs - self._ordinary[:, 0]) / np.sqrt(np.maximum(self._ordinary[:, 1], 0.01))
            if self._seen[0] >= self._how.warm_up_slots and np.isfinite(sigmas).any():
                score = max(0.0, float(np.nanmax(sigmas)) / self._how.limit)
        self._held[0] = self._held[0] + 1.0 if score >= 1.0 else 0.0
        if not score >= 1.0 or self._held[0] > self._how.freeze_slots:
            self._learn(row, logs)
        return score

    def _statistics(self, row: Floats) -> Floats:
        """Return the logarithms of T2 and Q."""
        there = np.isfinite(row) & (self._model.diagonal() > _LEAST)
        if not there.any():
            return np.full(2, np.nan)
        spread = np.sqrt(self._model.diagonal()[there])
        scaled = (row[there] - self._mean[there]) / spread
        vectors, variances = self._components(there, spread)
        along = scaled @ vectors
        off = scaled - vectors @ along
        shares = np.zeros(row.size)
        shares[there] = off**2
        present = there.reshape(-1, self._members).any(axis=0)
        self._contributions = np.where(present, shares.reshape(-1, self._members).sum(axis=0), np.nan)
        both = np.array([(along**2 / variances).sum() / along.size, (off**2).mean()])
        logs: Floats = np.log(np.maximum(both, _LEAST))
        return logs

    def _components(self, there: NDArray[np.bool_], spread: Floats) -> tuple[Floats, Floats]:
        key = np.packbits(there).tobytes()
        if key not in self._found:
            alike = self._model[np.ix_(there, there)] / spread / spread[:, None]
            variances, vectors = np.linalg.eigh(alike)
            explained = np.cumsum(variances[::-1]) / max(float(variances.sum()), _LEAST)
            count = int(np.searchsorted(explained, self._how.kept)) + 1
            self._found[key] = vectors[:, ::-1][:, :count], np.maximum(variances[::-1][:count], _LEAST)
        return self._found[key]

    def _learn(self, row: Floats, logs: Floats) -> None:
        there = np.isfinite(row)
        share = 1.0 / min(self._seen[0] + 1.0, self._how.memory_slots)
        off = np.where(there, row - self._mean, 0.0)
        both = there[:, None] & there[None, :]
        moved = (1.0 - share) * (self._covariance + share * off[:, None] * off[None, :])
        self._covariance = np.where(both, moved, self._covariance)
        self._mean = self._mean + share * off
        for place in np.flatnonzero(np.isfinite(logs)):
            gap = logs[place] - self._ordinary[place, 0]
            counted = self._seen[0] - self._how.warm_up_slots / 2.0
            rate = 1.0 / min(counted + 1.0, self._how.memory_slots)
            self._ordinary[place, 0] += rate * gap
            self._ordinary[place, 1] += rate * (min(gap**2, 16.0) * (1.0 - rate) - self._ordinary[place, 1])
        self._seen[0] += 1.0
        if self._seen[0] % self._how.renew_slots == 0 or self._seen[0] <= self._how.warm_up_slots:
            self._model = self._covariance.copy()
            self._found = {}

    def contributions(self) -> Floats:
        """Return each member's part of Q in the last slot; NaN = absent or not known yet."""
        return self._contributions.copy()

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return moments, what is ordinary, and the slots before."""
        names = ("mean", "covariance", "model", "seen", "held", "time_ns", "ordinary", "past", "contributions")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())
        self._found = {}
