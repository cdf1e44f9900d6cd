"""By how much a device's clock is off, from when its readings were received and what time they say.

    received ──┬─ slot of 30 s ─┬─ slot ─┬─ ...       offset of a slot = its newest reading's time - its receipt

Rule 1: the newest reading of a slot counts: what a device stored and sends after is old, its clock is not wrong.
Rule 2: an offset is sure when the middle half of the last slots agree within 5 s or 5 %; a backfill, whose lag
shrinks as it catches up, never is.
Score = |median of the slots + latency| / limit, NaN while it is not sure. The median of delays is the usual estimator
where both ends cannot be asked (Mills, Computer Network Time Synchronization, 2nd ed., 2011, ch. 3, clock filter).
"""

from __future__ import annotations

from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores

SECOND = 1_000_000_000
_SLOT_NS = 30 * SECOND
_SLOTS, _LEAST_SLOTS = 9, 5
_SPREAD_SECONDS, _SPREAD_SHARE = 5.0, 0.05
_NEVER = -(1 << 62)
_MOST = 1e12


class Clocks:
    """Score each row's clock; `update` takes times of receipt, and offsets (source minus receipt) in seconds as values.

    >>> bank = Clocks(np.array([60.0]), np.zeros(1))
    >>> minutes = np.arange(8) * 60 * SECOND
    >>> bank.update(np.zeros(8, np.intp), minutes, np.full(8, 3600.0)).tolist()
    [nan, nan, nan, nan, nan, 60.0, 60.0, 60.0]
    >>> bank.offset_seconds(0)
    3600.0
    """

    name = "clocks"
    version = 1

    def __init__(self, limit_seconds: Floats, latency_seconds: Floats) -> None:
        size = len(limit_seconds)
        self._limit, self._latency = limit_seconds.astype(np.float64), latency_seconds.astype(np.float64)
        self._slots = np.full((size, _SLOTS), np.nan)
        self._open = np.full(size, np.nan)
        self._since_ns = np.full(size, _NEVER, np.int64)
        self._score = np.full(size, np.nan)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary limits, as contract tests and benchmarks use it."""
        return cls(np.where(np.arange(rows) % 4 == 0, np.nan, 60.0), np.zeros(rows))

    @property
    def limit_seconds(self) -> Floats:
        """Beyond which each row's clock is wrong."""
        return self._limit

    def is_watched(self) -> np.typing.NDArray[np.bool_]:
        """Tell of which rows the clock is looked at already; another joins with the first offset that is large."""
        watched: np.typing.NDArray[np.bool_] = self._since_ns != _NEVER
        return watched

    def offset_seconds(self, row: int) -> float:
        """Return by how much a row's clock is ahead of its readings' way here; NaN when that is not sure."""
        return _sure(self._slots[row]) + float(self._latency[row])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        score = np.full(len(rows), np.nan)
        for at, (row, now_ns, offset) in enumerate(zip(rows.tolist(), time_ns.tolist(), value.tolist(), strict=True)):
            if abs(offset) <= _MOST:
                self._see(row, now_ns, offset)
                score[at] = self._score[row]
        return score

    def _see(self, row: int, now_ns: int, offset: float) -> None:
        if 0 <= now_ns - self._since_ns[row] < _SLOT_NS:
            self._open[row] = max(self._open[row], offset)
            return
        if self._since_ns[row] != _NEVER:
            self._slots[row, :-1] = self._slots[row, 1:]
            self._slots[row, -1] = self._open[row]
            self._score[row] = abs(self.offset_seconds(row)) / self._limit[row]
        self._since_ns[row], self._open[row] = now_ns, offset

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only readings tell
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the slots, the open one, when it began, and the scores."""
        return {
            "slots": self._slots.copy(),
            "open": self._open.copy(),
            "since_ns": self._since_ns.copy(),
            "score": self._score.copy(),
        }

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._slots[rows], self._open[rows] = state["slots"], state["open"]
        self._since_ns[rows], self._score[rows] = state["since_ns"], state["score"]


def _sure(slots: Floats) -> float:
    """Return the median of the last slots, NaN when they are too few or do not agree."""
    known = np.sort(slots[np.isfinite(slots)])
    if len(known) < _LEAST_SLOTS:
        return float("nan")
    median = float(np.median(known))
    quarter = len(known) // 4
    spread = float(known[-1 - quarter] - known[quarter])
    return median if spread <= max(_SPREAD_SECONDS, _SPREAD_SHARE * abs(median)) else float("nan")
