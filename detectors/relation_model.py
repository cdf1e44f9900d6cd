"""What the members of a group ordinarily say of each other, learned once from history. Knows no stream and no state.

Each member is regressed on all others: their values now and one slot before, the hour of the day, squares, and
products with every switch (a pump's head curve holds while it runs), least squares with a ridge. Scales and limits come
from slots held out of the fit, a quarter at a time. A regression with a member absent is solved again from the moments
without every term that needs it: the model shrinks, no value is invented.

    terms   1 2 3 | 1' 2' 3' | hours | switch x level | level^2        ' = one slot before

Analytical redundancy of measurements: Gertler, Fault Detection and Diagnosis in Engineering Systems, 1998; for water
networks under attack, Taormina et al., J. Water Resour. Plann. Manage. 144(8), 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Times

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

_DAY_NS = 86_400_000_000_000
_HARMONICS = 3
_FOLDS = 4
_RIDGE = 1.0
_TRIM = 0.005
_LEAST_VARIED = 1e-6
_ROUNDING = 0.3
_CONSTANT = 5.0
_LEAST_LEFT = 1e-12


class Stretch(NamedTuple):
    """A stretch of history, slot after slot; slots that are not ordinary teach nothing."""

    time_ns: Times
    columns: Floats
    ordinary: Bools


class Terms(NamedTuple):
    """Which members each term needs: now, and one slot before."""

    switches: Places
    levels: Places
    now: Bools
    before: Bools

    def values(self, time_ns: Times, now: Floats, before: Floats) -> Floats:
        """Return the terms of each slot, slots by terms."""
        angle = (time_ns % _DAY_NS)[:, None] * (2.0 * np.pi / _DAY_NS) * np.arange(1, _HARMONICS + 1)
        levels = now[:, self.levels]
        switched = now[:, self.switches, None] * levels[:, None, :]
        products = switched.reshape(len(now), -1)
        return np.hstack([now, before, np.cos(angle), np.sin(angle), products, levels**2])


def terms(switches: Places, levels: Places, members: int) -> Terms:
    """Return the terms over so many members."""
    one = np.eye(members, dtype=np.bool_)
    nobody = np.zeros((2 * _HARMONICS, members), np.bool_)
    products = (one[switches][:, None, :] | one[levels][None, :, :]).reshape(-1, members)
    now = np.vstack([one, np.zeros_like(one), nobody, products, one[levels]])
    before = np.zeros_like(now)
    before[members : 2 * members] = one
    return Terms(switches, levels, now, before)


@dataclass(frozen=True, slots=True)
class Learning:
    """How relations are learned."""

    slot_seconds: float = 3_600.0
    """One slot before is at most one and a half of it ago."""
    resolution: float = 0.01
    """The last digit that members are told with: nothing finer counts as a departure."""
    apart: Sequence[tuple[int, int]] = ()
    """Members that say the same thing twice (a pump's flow and its switch): neither explains the other."""


class Regression(NamedTuple):
    """One way to tell each target from the terms that are there: weights are targets by terms."""

    weights: Floats
    known: Bools
    scale: Floats
    """Ordinary departure of each target: larger, the fewer members are there to tell it."""


class RelationModel:
    """The moments of ordinary slots, and what departs from them ordinarily.

    >>> slots = np.arange(600)
    >>> level = np.sin(slots / 9.0) + 2.0
    >>> flow = 3.0 * level + np.random.default_rng(1).normal(0.0, 0.1, slots.size)
    >>> history = Stretch(slots * 3_600_000_000_000, np.stack([level, flow], axis=1), np.full(slots.size, True))
    >>> model = RelationModel([history], Learning())
    >>> now = np.array([[2.0, 6.0], [2.0, 7.0]])
    >>> model.departures(history.time_ns[:2], now, now - np.nan)[:, 1].round(-1).tolist()
    [0.0, 10.0]
    """

    def __init__(self, history: Sequence[Stretch], learning: Learning) -> None:
        self.learning = learning
        pairs = [_pairs(stretch, learning.slot_seconds) for stretch in history]
        time_ns, now, before, fold = (np.concatenate(each) for each in zip(*pairs, strict=True))
        if len(now) < _FOLDS:
            raise ValueError("history holds no two ordinary slots in a row with every member there")
        self.members = now.shape[1]
        varied = now.std(axis=0) > _LEAST_VARIED
        two = np.array([len(np.unique(column)) <= 2 for column in now.T])  # noqa: PLR2004 - off and on
        self._terms = terms(np.flatnonzero(varied & two), np.flatnonzero(varied & ~two), self.members)
        self._targets = self._terms.levels
        self._constant = np.flatnonzero(~varied)
        self._constants = now[0, self._constant]
        values = self._terms.values(time_ns, now, before)
        self._mean, spread = values.mean(axis=0), values.std(axis=0)
        self._live = spread > _LEAST_VARIED
        self._spread = np.where(self._live, spread, 1.0)
        values = (values - self._mean) / self._spread
        self._middle = now[:, self._targets].mean(axis=0)
        aims = now[:, self._targets] - self._middle
        self._gram, self._moment = values.T @ values, values.T @ aims
        self._square = (aims**2).sum(axis=0)
        self._scale, self._least = np.ones(len(self._targets)), np.zeros(len(self._targets))
        self._cache: dict[bytes, Regression] = {}
        everybody = np.ones(self.members, np.bool_)
        held = np.empty_like(aims)
        for each in range(_FOLDS):
            out = fold == each
            gram, moment = values[out].T @ values[out], values[out].T @ aims[out]
            regression = self._solve(everybody, everybody, self._gram - gram, self._moment - moment)
            held[out] = aims[out] - values[out] @ regression.weights.T
        low, high = np.quantile(held, (_TRIM, 1.0 - _TRIM), axis=0)
        floor = _ROUNDING * learning.resolution
        self._scale = np.maximum(np.sqrt((np.clip(held, low, high) ** 2).mean(axis=0)), floor)
        self.ordinary = self._by_member(held / self._scale)
        """Departures of the held-out slots, slots by members, in time order."""
        everything = self._solve(everybody, everybody, self._gram, self._moment)
        self._least = self._left(everything.weights)

    def departures(self, time_ns: Times, now: Floats, before: Floats) -> Floats:
        """Return how many ordinary departures each member is off, slots by members; NaN = not told."""
        found = np.full((len(now), self.members), np.nan)
        for slot in range(len(now)):
            here, there = np.isfinite(now[slot]), np.isfinite(before[slot])
            regression = self._regression(here, there)
            row = slice(slot, slot + 1)
            values = self._terms.values(time_ns[row], np.nan_to_num(now[row]), np.nan_to_num(before[row]))
            values = (values - self._mean) / self._spread
            off = now[slot, self._targets] - self._middle - (values @ regression.weights.T)[0]
            off = np.where(regression.known, off / regression.scale, np.nan)
            found[slot] = self._by_member(off[None])[0]
            constant = (now[slot, self._constant] - self._constants) / (_CONSTANT * self.learning.resolution)
            found[slot, self._constant] = constant
        return found

    def _by_member(self, off: Floats) -> Floats:
        every = np.full((len(off), self.members), np.nan)
        every[:, self._targets] = off
        every[:, self._constant] = 0.0
        return every

    def _regression(self, here: Bools, there: Bools) -> Regression:
        key = np.packbits(np.concatenate((here, there))).tobytes()
        if key not in self._cache:
            if len(self._cache) >= _MOST_PATTERNS:
                self._cache.pop(next(iter(self._cache)))
            self._cache[key] = self._solve(here, there, self._gram, self._moment)
        return self._cache[key]

    def _solve(self, here: Bools, there: Bools, gram: Floats, moment: Floats) -> Regression:
        """Return the regressions on the terms that need nobody who is absent."""
        usable = self._live & ~(self._terms.now & ~here).any(axis=1) & ~(self._terms.before & ~there).any(axis=1)
        weights = np.zeros((len(self._targets), len(usable)))
        known = here[self._targets]
        for number, target in enumerate(self._targets.tolist()):
            if known[number]:
                hidden = [target, *(b if a == target else a for a, b in self.learning.apart if target in {a, b})]
                chosen = np.flatnonzero(usable & ~self._terms.now[:, hidden].any(axis=1))
                part = gram[np.ix_(chosen, chosen)] + _RIDGE * np.eye(chosen.size)
                weights[number, chosen] = np.linalg.solve(part, moment[chosen, number])
        # What is left in the fit grows with every member that is absent, and so does what is ordinary.
        grown = np.sqrt(np.maximum(self._left(weights), self._least) / np.maximum(self._least, _LEAST_LEFT))
        return Regression(weights, known, self._scale * np.where(self._least > 0, grown, 1.0))

    def _left(self, weights: Floats) -> Floats:
        """Return the sum of squares that the regressions leave of each target."""
        told = (weights * (weights @ self._gram)).sum(axis=1) - 2.0 * (weights * self._moment.T).sum(axis=1)
        left: Floats = np.maximum(self._square + told, 0.0)
        return left


_MOST_PATTERNS = 64
"""Regressions kept: which members are absent changes seldom."""


def _pairs(stretch: Stretch, slot_seconds: float) -> tuple[Times, Floats, Floats, Places]:
    """Return time, now and before of ordinary slots that follow one another, and the quarter that each is in."""
    good = stretch.ordinary & np.isfinite(stretch.columns).all(axis=1)
    near = np.diff(stretch.time_ns) <= 1.5e9 * slot_seconds
    chosen = np.flatnonzero(good[1:] & good[:-1] & near) + 1
    fold = np.arange(chosen.size) * _FOLDS // max(chosen.size, 1)
    return stretch.time_ns[chosen], stretch.columns[chosen], stretch.columns[chosen - 1], fold
