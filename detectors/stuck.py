"""A value that does not change at all for a channel's `stuck_seconds` (QARTOD's flat line test).

Score = seen time without a change / stuck time. Time between two samples counts up to the gap only: nobody knows
what happened in a longer silence. Bit-equal values are "the same"; the bank works in closed form, without rounds.
IOOS, Manual for Real-Time Quality Control of In-situ Temperature and Salinity Data, test 8 (flat line).
"""

from __future__ import annotations

from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.rounds import every_row, sort_rows

SECOND = 1_000_000_000


class Stuck:
    """Score how long each row's value has not changed; NaN seconds mean no opinion.

    `gap_seconds` decides how much of a silence between two equal samples counts as seen.

    >>> bank = Stuck(np.array([60.0]), np.array([30.0]))
    >>> times = np.array([0, 15, 30, 45, 60]) * SECOND
    >>> bank.update(np.zeros(5, np.intp), times, np.array([7.0, 7.0, 7.0, 7.5, 7.5])).tolist()
    [0.0, 0.25, 0.5, 0.0, 0.25]
    """

    name = "stuck"
    version = 1

    def __init__(self, stuck_seconds: Floats, gap_seconds: Floats) -> None:
        self._stuck_ns = stuck_seconds * SECOND
        self._gap_ns = np.round(gap_seconds * SECOND).astype(np.int64)
        size = len(stuck_seconds)
        self._every = every_row(size)
        self._value = np.full(size, np.nan)
        self._time_ns = np.zeros(size, np.int64)
        self._held_ns = np.zeros(size, np.int64)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary times, as contract tests and benchmarks use it."""
        return cls(np.where(np.arange(rows) % 4 == 0, np.nan, 3_600.0), np.full(rows, 180.0))

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        finite = np.isfinite(value)
        if np.count_nonzero(finite) < len(value):
            score = np.full(len(rows), np.nan)
            score[finite] = self.update(rows[finite], time_ns[finite], value[finite])
            return score
        if np.count_nonzero(rows[1:] > rows[:-1]) == max(len(rows) - 1, 0):
            return self._update_once(rows, time_ns, value)
        if not np.count_nonzero(rows[1:] < rows[:-1]):
            return self._update_sorted(rows, time_ns, value)
        order = sort_rows(rows)
        score = np.empty(len(rows))
        score[order] = self._update_sorted(rows.take(order), time_ns.take(order), value.take(order))
        return score

    def watch(self, rows: Rows, time_ns: Times, value: Floats) -> Floats | None:
        """Return one score per sample; None when every value of the call is another than the one before."""
        if rows is not self._every or np.count_nonzero(np.isfinite(value)) < len(value):
            return self.update(rows, time_ns, value)
        if np.count_nonzero(value == self._value):
            return self._update_once(rows, time_ns, value)
        self._value[:], self._time_ns[:] = value, time_ns
        self._held_ns.fill(0)
        return None

    def _update_once(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Take at most one sample of each row, which needs no sums."""
        is_same = value == self._value.take(rows)
        held_ns = np.zeros(len(rows), np.int64)
        if np.count_nonzero(is_same):
            step_ns = time_ns - self._time_ns.take(rows)
            np.clip(step_ns, 0, self._gap_ns.take(rows), out=step_ns)
            np.copyto(held_ns, self._held_ns.take(rows) + step_ns, where=is_same)
        for column, newest in ((self._value, value), (self._time_ns, time_ns), (self._held_ns, held_ns)):
            if len(rows) == len(column):
                column[:] = newest
            else:
                column[rows] = newest
        return held_ns / self._stuck_ns.take(rows)

    def _update_sorted(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        size = len(rows)
        if size == 0:
            return np.empty(0)
        is_first = np.empty(size, np.bool_)
        is_first[0] = True
        np.not_equal(rows[1:], rows[:-1], out=is_first[1:])
        firsts = np.flatnonzero(is_first)
        first_rows = rows.take(firsts)
        step_ns = np.empty(size, np.int64)
        np.subtract(time_ns[1:], time_ns[:-1], out=step_ns[1:])
        step_ns[firsts] = time_ns.take(firsts) - self._time_ns.take(first_rows)
        is_same = np.empty(size, np.bool_)
        np.equal(value[1:], value[:-1], out=is_same[1:])
        is_same[firsts] = value.take(firsts) == self._value.take(first_rows)
        held_ns = np.zeros(size, np.int64)
        if np.count_nonzero(is_same):
            self._hold(rows, firsts, step_ns, is_same, held_ns)
        lasts = np.append(firsts[1:], size) - 1
        self._value[first_rows] = value.take(lasts)
        self._time_ns[first_rows] = time_ns.take(lasts)
        self._held_ns[first_rows] = held_ns.take(lasts)
        return held_ns / self._stuck_ns.take(rows)

    def _hold(
        self, rows: Rows, firsts: Rows, step_ns: Times, is_same: np.typing.NDArray[np.bool_], held_ns: Times
    ) -> None:
        """Sum the steps since each sample's last change, or since the row's state; sums wrap, differences do not."""
        np.clip(step_ns, 0, self._gap_ns.take(rows), out=step_ns)
        step_ns *= is_same
        total_ns = np.cumsum(step_ns)
        carried = firsts[is_same.take(firsts)]
        anchor = np.where(is_same, 0, np.arange(len(rows)))
        anchor[firsts] = firsts
        anchor = np.maximum.accumulate(anchor)
        held_ns[carried] = self._held_ns.take(rows.take(carried)) + step_ns.take(carried)
        np.add(held_ns.take(anchor), total_ns - total_ns.take(anchor), out=held_ns)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples tell that a value stands still
        """Change nothing: silence is another detector's matter."""
        return no_scores()

    def state(self) -> State:
        """Return the last value, its time, and how long it has been held."""
        return {"value": self._value.copy(), "time_ns": self._time_ns.copy(), "held_ns": self._held_ns.copy()}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._value[rows] = state["value"]
        self._time_ns[rows] = state["time_ns"]
        self._held_ns[rows] = state["held_ns"]
