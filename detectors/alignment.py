"""Samples of many channels to the slots of a grid: what the members of a group said at the same time.

A slot is [start, start + slot), named by its start; its value is the mean of a member's good samples in it, NaN when
there was none. Slots in which nobody said anything are not made.

Rule 1: a slot closes when every member has passed it, or when journal time is past its end + max age.
Rule 2: a closed slot never reopens: a sample that comes later is counted and left out.
Rule 3: only `advance` looks at journal time, so that cutting a stream into calls changes no slot.

    member a  ──x──x──│──x─────│──x──          a slot waits here for b ...
    member b  ─────x──│────────│               ... until b passes it, or max age after its end
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.rounds import sort_rows

SECOND = 1_000_000_000
_NEVER = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Grid:
    """How one group is aligned: how many members, how wide a slot, how long a missing member is waited for."""

    members: int
    slot_seconds: float
    max_age_seconds: float

    def __post_init__(self) -> None:
        """Refuse a group without members, and slots without width."""
        if self.members < 1 or self.slot_seconds <= 0 or self.max_age_seconds < 0:
            raise ValueError(f"a grid needs a member, a slot above 0 s and a max age of at least 0 s, got {self}")


class Slots(NamedTuple):
    """Closed slots of one group, oldest first."""

    group: int
    time_ns: Times
    """Start of each slot."""
    columns: Floats
    """Slots by members; NaN = absent."""


class _Cells(NamedTuple):
    """Finished means that wait for their slot to close: one of each member and slot."""

    member: Rows
    slot: NDArray[np.int64]
    mean: Floats

    def pick(self, chosen: NDArray[np.bool_]) -> _Cells:
        return _Cells(self.member[chosen], self.slot[chosen], self.mean[chosen])

    def take(self, order: NDArray[np.intp]) -> _Cells:
        return _Cells(self.member.take(order), self.slot.take(order), self.mean.take(order))

    def plus(self, other: _Cells) -> _Cells:
        if not other.member.size:
            return self
        return _Cells(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


def _no_cells() -> _Cells:
    return _Cells(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))


class Aligner:
    """One aligner for all groups; a row is a group's member, numbered group after group (`rows_of`).

    >>> aligner = Aligner([Grid(members=2, slot_seconds=60, max_age_seconds=120)])
    >>> rows, seconds = np.array([0, 1, 0, 0, 1]), np.array([5, 30, 35, 65, 70])
    >>> [closed] = aligner.update(rows, seconds * SECOND, np.array([1.0, 7.0, 3.0, 4.0, 8.0]))
    >>> closed.time_ns.tolist(), closed.columns.tolist()
    ([0], [[2.0, 7.0]])
    >>> aligner.update(np.array([0]), np.array([125]) * SECOND, np.array([5.0]))
    []
    >>> [closed] = aligner.advance(240 * SECOND)
    >>> (closed.time_ns // SECOND).tolist(), closed.columns.tolist()
    ([60], [[4.0, 8.0]])
    """

    version = 1

    def __init__(self, grids: Sequence[Grid]) -> None:
        self.grids = tuple(grids)
        sizes = [grid.members for grid in self.grids]
        self._sizes = np.array(sizes, np.intp)
        self._firsts = np.concatenate(([0], np.cumsum(sizes))).astype(np.intp)
        self._group_of = np.repeat(np.arange(len(sizes)), sizes)
        slot_ns = np.array([round(grid.slot_seconds * SECOND) for grid in self.grids], np.int64)
        self._slot_ns = slot_ns
        self._row_slot_ns = slot_ns.take(self._group_of)
        self._max_age_ns = np.array([round(grid.max_age_seconds * SECOND) for grid in self.grids], np.int64)
        size = int(self._firsts[-1])
        # The slot each member is in, and what it said there so far.
        self._slot = np.full(size, _NEVER, np.int64)
        self._sum = np.zeros(size)
        self._count = np.zeros(size, np.int64)
        self._cells = _no_cells()
        self._closed = np.full(len(sizes), _NEVER, np.int64)
        self._late = 0

    @property
    def late(self) -> int:
        """How many good samples came after their slot had closed."""
        return self._late

    def rows_of(self, group: int) -> Rows:
        """Return the rows of a group's members."""
        return np.arange(self._firsts[group], self._firsts[group + 1])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> list[Slots]:
        """Take samples (per row in time order) and return the slots that every member has passed now."""
        if not len(rows):
            return []
        order = sort_rows(rows)
        rows, value = rows.take(order), value.take(order)
        slot = time_ns.take(order) // self._row_slot_ns.take(rows)
        good = np.isfinite(value)
        late = slot <= self._closed.take(self._group_of.take(rows))
        if late.any():
            self._late += int((late & good).sum())
            kept = ~late
            rows, slot, value, good = rows[kept], slot[kept], value[kept], good[kept]
            if not len(rows):
                return []
        self._gather(rows, slot, value, good)
        frontier = np.minimum.reduceat(self._slot, self._firsts[:-1])
        is_passed = self._cells.slot < frontier.take(self._group_of.take(self._cells.member))
        return self._close(is_passed) if is_passed.any() else []

    def _gather(self, rows: Rows, slot: NDArray[np.int64], value: Floats, good: NDArray[np.bool_]) -> None:
        """Add samples, sorted by row, to their members' slots; slots that a member has left become cells."""
        is_first = np.ones(len(rows), np.bool_)
        np.not_equal(rows[1:], rows[:-1], out=is_first[1:])
        begins = is_first.copy()
        begins[1:] |= slot[1:] != slot[:-1]
        starts = np.flatnonzero(begins)
        cell_row, cell_slot = rows.take(starts), slot.take(starts)
        goes_on = is_first.take(starts) & (cell_slot == self._slot.take(cell_row))
        leaves = is_first.take(starts) & ~goes_on
        left = cell_row[leaves]
        before = _Cells(left, self._slot.take(left), self._sum.take(left))
        count_before = self._count.take(left)
        total = np.where(goes_on, self._sum.take(cell_row), 0.0)
        count = np.where(goes_on, self._count.take(cell_row), 0)
        cell_of = np.cumsum(begins) - 1
        # Sample after sample, never by pairs: the mean must not depend on where the stream was cut.
        with np.errstate(over="ignore"):
            np.add.at(total, cell_of[good], value[good])
        np.add.at(count, cell_of[good], 1)
        is_last = np.ones(len(starts), np.bool_)
        np.not_equal(cell_row[1:], cell_row[:-1], out=is_last[:-1])
        done = ~is_last & (count > 0)
        kept = count_before > 0
        self._cells = self._cells.plus(
            _Cells(before.member[kept], before.slot[kept], before.mean[kept] / count_before[kept])
        ).plus(_Cells(cell_row[done], cell_slot[done], total[done] / count[done]))
        last_rows = cell_row[is_last]
        self._slot[last_rows], self._sum[last_rows] = cell_slot[is_last], total[is_last]
        self._count[last_rows] = count[is_last]

    def due_ns(self) -> int | None:
        """Return the journal time from which on `advance` will close something, None when nothing is open."""
        rows = np.flatnonzero(self._count > 0)
        row = np.concatenate((rows, self._cells.member))
        if not row.size:
            return None
        slot = np.concatenate((self._slot.take(rows), self._cells.slot))
        return int(((slot + 1) * self._row_slot_ns.take(row) + self._max_age_ns.take(self._group_of.take(row))).min())

    def advance(self, now_ns: int) -> list[Slots]:
        """Close what is past its end + max age at this journal time."""
        newest = (now_ns - self._max_age_ns) // self._slot_ns - 1
        due = newest.take(self._group_of)
        is_due = (self._count > 0) & (self._slot <= due)
        if is_due.any():
            rows = np.flatnonzero(is_due)
            mean = self._sum.take(rows) / self._count.take(rows)
            self._cells = self._cells.plus(_Cells(rows, self._slot.take(rows), mean))
            self._sum[rows], self._count[rows] = 0.0, 0
        is_old = self._cells.slot <= due.take(self._cells.member)
        return self._close(is_old) if is_old.any() else []

    def _close(self, chosen: NDArray[np.bool_]) -> list[Slots]:
        cells = self._cells.pick(chosen)
        self._cells = self._cells.pick(~chosen)
        group_of = self._group_of.take(cells.member)
        order = np.lexsort((cells.slot, group_of))
        cells, group_of = cells.take(order), group_of.take(order)
        begins = np.ones(len(order), np.bool_)
        np.not_equal(group_of[1:], group_of[:-1], out=begins[1:])
        is_new = begins.copy()
        is_new[1:] |= cells.slot[1:] != cells.slot[:-1]
        line = np.cumsum(is_new) - 1
        lines = np.full((int(line[-1]) + 1, int(self._sizes.max())), np.nan)
        lines[line, cells.member - self._firsts.take(group_of)] = np.where(np.isfinite(cells.mean), cells.mean, np.nan)
        firsts = np.flatnonzero(is_new)
        slots, groups = cells.slot.take(firsts), group_of.take(firsts)
        times = slots * self._slot_ns.take(groups)
        # Sorted by slot, so that the newest of each group is assigned last.
        newest = self._closed.copy()
        newest[groups] = slots
        np.maximum(self._closed, newest, out=self._closed)
        bounds = [*np.flatnonzero(begins.take(firsts)).tolist(), len(firsts)]
        numbers = groups.take(bounds[:-1]).tolist()
        return [
            Slots(group, times[start:end], lines[start:end, : self.grids[group].members])
            for group, (start, end) in zip(numbers, pairwise(bounds), strict=True)
        ]

    def state(self, group: int) -> State:
        """Return one group's state: per member the slot it is in, and the cells that wait (of any number)."""
        part = slice(self._firsts[group], self._firsts[group + 1])
        cells = self._cells.pick(self._group_of.take(self._cells.member) == group)
        return {
            "slot": self._slot[part].copy(),
            "sum": self._sum[part].copy(),
            "count": self._count[part].copy(),
            "closed": self._closed[group : group + 1].copy(),
            "cell_member": cells.member - self._firsts[group],
            "cell_slot": cells.slot,
            "cell_mean": cells.mean,
        }

    def restore(self, state: State, group: int) -> None:
        """Take over one group's state."""
        part = slice(self._firsts[group], self._firsts[group + 1])
        self._slot[part], self._sum[part], self._count[part] = state["slot"], state["sum"], state["count"]
        self._closed[group] = state["closed"][0]
        others = self._cells.pick(self._group_of.take(self._cells.member) != group)
        member = state["cell_member"].astype(np.intp) + self._firsts[group]
        self._cells = others.plus(_Cells(member, state["cell_slot"], state["cell_mean"]))
