"""Readings of many channels as they arrived, sorted by slot so that each slot's rows lie side by side."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gateway.history.columns import Columns
from gateway.model import Int32s, Int64s

Slots: TypeAlias = NDArray[np.intp]
"""Positions of channels in the tables of the head."""


class Arrival(NamedTuple):
    """Rows in runs of one slot each, slots ascending; within a run rows keep the order of their arrival."""

    slots: Slots
    begin: Slots
    length: Slots
    rows: Columns
    received_ns: Int64s

    def of(self, run: int) -> Columns:
        """Return the rows of one run."""
        begin = int(self.begin[run])
        return self.rows.take(slice(begin, begin + int(self.length[run])))

    def without(self, runs: NDArray[np.bool_]) -> Arrival:
        """Return the arrival less the given runs."""
        rows, length = np.repeat(~runs, self.length), self.length[~runs]
        begin = np.cumsum(length) - length
        return Arrival(self.slots[~runs], begin, length, self.rows.take(rows), self.received_ns[rows])


def sort_by_slot(slots: Int32s, rows: Columns, received_ns: Int64s) -> Arrival:
    """Arrange rows, at least one, by the slot of each."""
    # numpy sorts 16 bits by radix, in half the time.
    order = np.argsort(slots.astype(np.uint16) if int(slots.max()) < 1 << 16 else slots, kind="stable")
    slots = slots[order]
    begin = np.flatnonzero(np.concatenate(([True], slots[1:] != slots[:-1])))
    length = np.diff(begin, append=len(order))
    return Arrival(slots[begin].astype(np.intp), begin, length, rows.take(order), received_ns[order])
