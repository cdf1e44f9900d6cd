"""The newest reading of every channel, by source time. Numbers only: one row of each column for each slot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gateway.history.arrival import Arrival, Slots
from gateway.history.columns import CORRECTED, Columns, rows_standing, values_differ
from gateway.model import Int64s

NEVER = int(np.iinfo(np.int64).min)
"""Before every reading."""


class Latest(NamedTuple):
    """The newest reading of a channel, by source time."""

    time_ns: int
    received_ns: int
    value: float
    quality: int
    flags: int


class LatestRows:
    """A bank of latest rows; times only go forward, and at one time the later value wins as it does in the history."""

    def __init__(self) -> None:
        self.received_ns = np.zeros(0, np.int64)
        self.time_ns = np.zeros(0, np.int64)
        self._value = np.zeros(0)
        self._quality = np.zeros(0, np.uint8)
        self._flags = np.zeros(0, np.uint16)

    def grow(self, slots: int) -> None:
        """Make room for this many slots."""
        more = slots - len(self.time_ns)
        self.received_ns = np.pad(self.received_ns, (0, more))
        self.time_ns = np.pad(self.time_ns, (0, more), constant_values=NEVER)
        self._value = np.pad(self._value, (0, more))
        self._quality = np.pad(self._quality, (0, more))
        self._flags = np.pad(self._flags, (0, more))

    def note(self, arrival: Arrival) -> None:
        """Move the slots of an arrival on."""
        slots, begin, length, rows, received_ns = arrival
        within = np.ones(len(rows), np.bool_)
        within[begin] = False
        if not bool((rows.time_ns[1:] <= rows.time_ns[:-1])[within[1:]].any()):
            last = begin + length - 1
            self._take_over(slots, rows.take(last), received_ns[last])
            return
        slot_of_row = np.repeat(slots, length)
        order = np.lexsort((rows.time_ns, slot_of_row))
        rows, slot_of_row = rows.take(order), slot_of_row[order]
        repeats = (rows.time_ns[1:] == rows.time_ns[:-1]) & (slot_of_row[1:] == slot_of_row[:-1])
        newest, standing = rows_standing(rows, repeats)
        last = np.searchsorted(slot_of_row[standing], slots, side="right") - 1
        self._take_over(slots, newest.take(last), received_ns[order[standing[last]]])

    def rows(self, count: int) -> list[Latest]:
        """Return the rows of the first slots; the time of a slot without one is NEVER."""
        columns = (self.time_ns, self.received_ns, self._value, self._quality, self._flags)
        return list(map(Latest, *(column[:count].tolist() for column in columns)))

    def _take_over(self, slots: Slots, rows: Columns, received_ns: Int64s) -> None:
        same_time = rows.time_ns == self.time_ns[slots]
        changes = values_differ(rows.value, self._value[slots]) | (rows.quality != self._quality[slots])
        corrects = same_time & (changes | (rows.flags & CORRECTED != 0))
        wins = (rows.time_ns > self.time_ns[slots]) | corrects
        slots = slots[wins]
        self.received_ns[slots] = received_ns[wins]
        self.time_ns[slots] = rows.time_ns[wins]
        self._value[slots] = rows.value[wins]
        self._quality[slots] = rows.quality[wins]
        self._flags[slots] = np.where(corrects, rows.flags | CORRECTED, rows.flags)[wins]
