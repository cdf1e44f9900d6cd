"""Members of a group that move together, each its own way: flow up and pressure down in one zone.

Every member's residual is taken in its own sigmas (`level`) and turned by its sign, so that the event pushes all of
them up. What counts of a slot is the lower median of the members there: more than half of them must say the same, of
two both, so that one faulty sensor raises nothing. A one-sided CUSUM adds that up over time.

    sum = max(0, sum + (median - k) g), k = shift / 2     score = sum / (limit looks)     1.0 = the group has shifted

A lying member leaves the higher half of the others, which is above 0 in mere noise: keep k at 1 sigma or so.
While the score is 1.0 or more no member learns. Page, Biometrika 41, 1954; the median in place of the sum makes it
robust, as in Huber, Robust Statistics, 1981, against less than half of the members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.level import DAY, LEARNING_COLUMNS, Learning, learn, learning_parameters, look
from detectors.walking import MOST, NEVER

_CLIP = 4.0
_LEAST_MEMBERS = 2


class Agreement:
    """Score the joint shift of a group's members; `signs` holds 1 for those that rise with the event, -1 for others.

    >>> zone = Agreement((1, -1), Learning(86_400, 3_600, 300, least_scale=0.1))  # flow m3/h, pressure kPa
    >>> slots = np.arange(40) * 300 * 1_000_000_000
    >>> calm = np.tile([[20.4, 301.0], [19.6, 299.0], [20.2, 298.6], [19.8, 301.4]], (10, 1))
    >>> burst, valve = calm.copy(), calm.copy()
    >>> burst[30:] += [3.0, -9.0]
    >>> valve[30:] += [3.0, 9.0]
    >>> zone.update(slots, burst)[[12, 29, 32, 36]].round(1).tolist()
    [0.0, 0.0, 1.1, 2.0]
    >>> float(np.nanmax(Agreement((1, -1), Learning(86_400, 3_600, 300, least_scale=0.1)).update(slots, valve)))
    0.0
    """

    name = "agreement"
    version = 1

    def __init__(
        self,
        signs: Sequence[int],
        learning: Learning,
        *,
        shift: float = 2.0,
        limit: float = 8.0,
        freeze_seconds: float = 7 * DAY,
    ) -> None:
        if len(signs) < _LEAST_MEMBERS or not set(signs) <= {1, -1}:
            raise ValueError(f"at least two members agree, each with sign 1 or -1, got {signs}")
        self._signs = np.array(signs, np.float64)
        self._parameters = learning_parameters([learning] * len(signs))
        self._allowance, self._limit = shift / 2, limit * learning.look_seconds
        self._freeze_seconds = freeze_seconds
        self._most_seconds = learning.look_seconds
        self._floats = np.zeros((len(LEARNING_COLUMNS), len(signs)))
        self._member_ns = np.full(len(signs), NEVER, np.int64)
        self._directed = np.full(len(signs), np.nan)
        self._sum = np.zeros(1)
        self._held = np.zeros(1)
        self._time_ns = np.full(1, NEVER, np.int64)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that warms up soon, as contract tests use it."""
        signs = [1 if member % 2 else -1 for member in range(members)]
        return cls(signs, Learning(3_600, 300, 60, least_scale=0.01), freeze_seconds=3_600)

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN when fewer than two members were there and warm."""
        slots = zip(time_ns.tolist(), columns, strict=True)
        return np.array([self._step(moment_ns, values) for moment_ns, values in slots], np.float64)

    def _step(self, moment_ns: int, values: Floats) -> float:
        there = np.flatnonzero(np.abs(values) <= MOST)
        if not there.size:
            return np.nan
        state, parameters = self._floats.take(there, axis=1), self._parameters.take(there, axis=1)
        seconds = np.maximum((moment_ns - self._member_ns.take(there)) * 1e-9, 0.0)
        view = look(state, parameters, seconds, values.take(there))
        sigmas = np.clip(view.sigmas, -_CLIP, _CLIP)
        directed = sigmas * self._signs.take(there)
        if view.cold is not None:
            directed[view.cold] = np.nan
        score, is_held = self._add(moment_ns, directed)
        learn(state, parameters, view, sigmas, np.full(there.size, fill_value=True) if is_held else None)
        self._floats[:, there] = state
        self._member_ns[there] = moment_ns
        self._directed[:] = np.nan
        self._directed[there] = directed
        return score

    def _add(self, moment_ns: int, directed: Floats) -> tuple[float, bool]:
        known = np.sort(directed[~np.isnan(directed)])
        if known.size < _LEAST_MEMBERS:
            return np.nan, False
        weight = min(max((moment_ns - int(self._time_ns[0])) * 1e-9, 0.0), self._most_seconds)
        self._time_ns[0] = moment_ns
        total = float(self._sum[0]) + (float(known[(known.size - 1) // 2]) - self._allowance) * weight
        self._sum[0] = min(max(total, 0.0), 2.0 * self._limit)
        score = float(self._sum[0]) / self._limit
        self._held[0] = self._held[0] + weight if score >= 1.0 else 0.0
        return score, score >= 1.0 and bool(self._held[0] < self._freeze_seconds)

    def directed(self) -> Floats:
        """Return how far each member was off in the last slot, in sigmas, above 0 = its way; NaN = no opinion."""
        return self._directed.copy()

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the members' levels, and the group's sum."""
        names = ("floats", "member_ns", "directed", "sum", "held", "time_ns")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())
