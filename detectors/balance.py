"""What flows into a zone, less what flows out and what its tanks store: the rest is consumption, or a leak.

    rest = sum of inflows - sum of outflows - sum of area x level change / time

The rest is in the flows' unit; its ordinary level and scale are learned (`level`), and a one-sided CUSUM adds up what
is above. A balance with a flow or level absent is none: it has no opinion and learns nothing. While the score is 1.0 or
more nothing is learned, for `freeze_seconds` at most.

Top-down balance with tanks: Farley, Trow, Losses in Water Distribution Networks, IWA 2003, chapter 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.arx import MOST
from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.level import DAY, LEARNING_COLUMNS, Learning, learn, learning_parameters, look
from detectors.walking import NEVER

_CLIP = 4.0


@dataclass(frozen=True, slots=True)
class Part:
    """One member of a balance."""

    sign: float = 0.0
    """1 for what flows in, -1 for what flows out, 0 for a level; other numbers convert units."""
    area: float = 0.0
    """Of a tank, so that area x level change a second is in the flows' unit: 1,000 x m2 for m and l/s."""

    def __post_init__(self) -> None:
        """Refuse what is both flow and level, or neither."""
        if (self.sign == 0.0) == (self.area == 0.0):
            raise ValueError(f"a part is a flow with a sign or a tank with an area, got {self}")


class Balance:
    """Score what a zone has lost beyond the ordinary, added up over time.

    >>> parts = (Part(sign=1), Part(sign=-1), Part(area=200_000.0))  # l/s, l/s, a tank of 200 m2
    >>> zone = Balance(parts, Learning(7 * DAY, DAY, 300, least_scale=0.2))
    >>> seconds = np.arange(600) * 300
    >>> stored = 2.0 * np.sin(seconds / 9_000.0)  # l/s into the tank
    >>> level = 3.0 + np.concatenate(([0.0], np.cumsum(stored[1:] * 300.0))) / 200_000.0
    >>> columns = np.stack([20.0 + stored, np.full(600, 15.0), level], axis=1)
    >>> columns[500:, 0] += 1.0
    >>> score = zone.update(seconds * 1_000_000_000, columns)
    >>> bool(np.nanmax(score[:500]) < 0.1), int(np.flatnonzero(score >= 1.0)[0])
    (True, 502)
    """

    name = "balance"
    version = 1

    def __init__(
        self,
        parts: Sequence[Part],
        learning: Learning,
        *,
        shift: float = 1.0,
        limit: float = 8.0,
        freeze_seconds: float = 7 * DAY,
    ) -> None:
        self._sign = np.array([part.sign for part in parts])
        self._area = np.array([part.area for part in parts])
        self._parameters = learning_parameters([learning])
        self._allowance, self._limit = shift / 2.0, limit
        self._freeze_seconds, self._look_seconds = freeze_seconds, learning.look_seconds
        self._floats = np.zeros((len(LEARNING_COLUMNS), 1))
        self._levels = np.full(len(parts), np.nan)
        self._sum, self._held = np.zeros(1), np.zeros(1)
        self._time_ns = np.full(1, NEVER, np.int64)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a balance of flows and one tank that warms up soon, as contract tests use it."""
        parts = [Part(sign=-1.0 if member else 1.0) for member in range(members - 1)]
        return cls([*parts, Part(area=1.0)], Learning(3_600, 300, 60, least_scale=0.01), freeze_seconds=3_600)

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN while a part is absent or the rest is not known yet."""
        slots = zip(time_ns.tolist(), np.asarray(columns), strict=True)
        return np.array([self._step(moment_ns, values) for moment_ns, values in slots], np.float64)

    def _step(self, moment_ns: int, values: Floats) -> float:
        if not (np.abs(values) <= MOST).all():
            return math.nan
        seconds = (moment_ns - int(self._time_ns[0])) * 1e-9
        before, self._levels = self._levels, values.copy()
        self._time_ns[0] = moment_ns
        if np.isnan(before).any() or seconds <= 0:
            return math.nan
        rest = np.array([float(self._sign @ values - self._area @ (values - before) / seconds)])
        view = look(self._floats, self._parameters, np.array([seconds]), rest)
        sigmas = np.clip(view.sigmas, -_CLIP, _CLIP)
        score = math.nan
        if view.cold is None or not view.cold.any():
            weight = min(seconds, self._look_seconds) / self._look_seconds
            total = float(self._sum[0]) + (float(sigmas[0]) - self._allowance) * weight
            self._sum[0] = min(max(total, 0.0), 2.0 * self._limit)
            score = float(self._sum[0]) / self._limit
        self._held[0] = self._held[0] + min(seconds, self._look_seconds) if score >= 1.0 else 0.0
        is_held = score >= 1.0 and bool(self._held[0] < self._freeze_seconds)
        learn(self._floats, self._parameters, view, sigmas, np.full(1, fill_value=True) if is_held else None)
        return score

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return what is ordinary, the last levels and the sum."""
        names = ("floats", "levels", "sum", "held", "time_ns")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())
