"""Neighbours told from each other two by two: a leak near one pressure sensor shifts every pair that it is in.

For every ordered pair a regression learned while all is calm, the residual in its own sigmas, a two-sided CUSUM. A
member's vote is the share of its pairs that have shifted; it is scored against `share` of them. An absent member is in
no pair; the others keep theirs. While the score is 1.0 or more nothing is learned, for `freeze_slots` at most.

    e(i, j) = x(i) - mean(i) - cov(i, j) / var(j) (x(j) - mean(j))

Steffelbauer et al. (LILA), Pressure-leak duality for leak detection, J. Water Resour. Plann. Manage. 148(3), 2022.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.arx import MOST
from detectors.contract import Floats, Scores, State, Times, no_scores

_CLIP = 4.0


@dataclass(frozen=True, slots=True)
class Pairing:
    """How pairs learn and vote."""

    memory_slots: float = 2_016.0
    warm_up_slots: int = 288
    shift: float = 1.0
    """Smallest shift of a pair that matters, in sigmas."""
    limit: float = 10.0
    """Larger: fewer false votes, later true ones; slots times sigmas."""
    share: float = 0.6
    """Of a member's pairs that must have shifted."""
    freeze_slots: int = 2_016
    least_sigma: float = 1e-3
    """The members' resolution."""

    def __post_init__(self) -> None:
        """Refuse memories, shifts and limits that are not above zero."""
        if min(self.memory_slots, self.shift, self.limit, self.least_sigma) <= 0 or not 0 < self.share <= 1:
            raise ValueError(f"memory, shift, limit, share and least sigma must be above 0, got {self}")


class Pairs:
    """Score the member whose pairs have shifted most.

    >>> rng = np.random.default_rng(1)
    >>> demand = 5.0 * np.sin(np.arange(600) / 20.0)[:, None]
    >>> pressure = 300.0 - demand * [1.0, 1.1, 0.8, 0.9] + rng.normal(0.0, 0.2, (600, 4))
    >>> pressure[500:, 2] -= 1.0
    >>> pairs = Pairs(4, Pairing(warm_up_slots=200))
    >>> score = pairs.update(np.arange(600) * 300_000_000_000, pressure)
    >>> bool(np.nanmax(score[:500]) < 1.0), bool(score[520] >= 1.0), int(pairs.votes().argmax())
    (True, True, 2)
    """

    name = "pairs"
    version = 1

    def __init__(self, members: int, pairing: Pairing) -> None:
        if members < 2:  # noqa: PLR2004 - a pair
            raise ValueError(f"at least two members make a pair, got {members}")
        self._how = pairing
        self._mean = np.zeros(members)
        self._count = np.zeros((members, members))
        self._covariance = np.zeros((members, members))
        self._sums = np.zeros((2, members, members))
        self._there = np.zeros(members, np.bool_)
        self._held = np.zeros(1)
        self._left = np.full((members, members), np.nan)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that warms up soon, as contract tests use it."""
        return cls(members, Pairing(warm_up_slots=6, memory_slots=30, freeze_slots=5, least_sigma=0.01))

    def update(self, time_ns: Times, columns: Floats) -> Floats:  # noqa: ARG002 - slots count, not hours
        """Return one score per slot; NaN when no pair was there and warm."""
        return np.array([self._step(values) for values in columns], np.float64)

    def _step(self, values: Floats) -> float:
        there = np.abs(values) <= MOST
        self._there = there
        if not there.any():
            return math.nan
        how, both = self._how, there[:, None] & there[None, :]
        np.fill_diagonal(both, val=False)
        off = np.where(there, values - self._mean, 0.0)
        variance = np.maximum(self._covariance.diagonal(), how.least_sigma**2)
        slope = self._covariance / variance[None, :]
        spread = np.maximum(variance[:, None] - slope * self._covariance, how.least_sigma**2)
        left = off[:, None] - slope * off[None, :]
        sigmas = np.clip(left / np.sqrt(spread), -_CLIP, _CLIP)
        warm = both & (self._count >= how.warm_up_slots)
        moved = self._sums + np.stack([sigmas, -sigmas]) - how.shift / 2.0
        self._left = np.where(warm, left, np.nan)
        self._sums = np.where(warm, np.clip(moved, 0.0, 2.0 * how.limit), self._sums)
        score = math.nan
        if warm.any():
            score = float(np.nanmax(self.votes())) / how.share
        is_off = score >= 1.0
        self._held[0] = self._held[0] + 1.0 if is_off else 0.0
        if not is_off or self._held[0] > how.freeze_slots:
            self._learn(off, there)
        return score

    def _learn(self, off: Floats, there: NDArray[np.bool_]) -> None:
        both = there[:, None] & there[None, :]
        share = 1.0 / np.minimum(self._count + 1.0, self._how.memory_slots)
        reach = _CLIP * np.sqrt(np.maximum(self._covariance.diagonal(), self._how.least_sigma**2))
        warm = self._count.diagonal() >= self._how.warm_up_slots
        off = np.where(warm, np.clip(off, -reach, reach), off)
        moved = (1.0 - share) * (self._covariance + share * off[:, None] * off[None, :])
        self._covariance = np.where(both, moved, self._covariance)
        self._mean = self._mean + np.where(there, share.diagonal() * off, 0.0)
        self._count = self._count + both

    def votes(self) -> Floats:
        """Return the share of each member's pairs that had shifted in the last slot; NaN = in no pair."""
        return self._share(self._sums.max(axis=0))

    def rises(self, *, without: int | None = None) -> Floats:
        """Return the share of each member's pairs that had shifted with it above the other; NaN = in no pair.

        `without` leaves one member out of all pairs: what the others do when it is not asked.
        """
        return self._share(self._sums[0], without)

    def excess(self) -> Floats:
        """Return by how much each member stood above what the others say, the middle of its pairs; NaN = in none."""
        ordered = np.sort(self._left, axis=1)
        count = np.isfinite(ordered).sum(axis=1)
        middle = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[:, None], axis=1)[:, 0]
        return np.where(count > 0, middle, np.nan)

    def _share(self, sums: Floats, without: int | None = None) -> Floats:
        counted = (self._count >= self._how.warm_up_slots) & self._there[:, None] & self._there[None, :]
        np.fill_diagonal(counted, val=False)
        if without is not None:
            counted[:, without] = counted[without] = False
        shifted = counted & (sums >= self._how.limit)
        pairs = counted.sum(axis=1)
        return np.where(pairs > 0, shifted.sum(axis=1) / np.maximum(pairs, 1), np.nan)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the pairs' moments and sums."""
        names = ("mean", "count", "covariance", "sums", "there", "held")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())
