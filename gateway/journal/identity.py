"""Decides what a row is when its channel already holds one at that time: the same again, or a conflict.

Identity is channel and source time. The same value again passes through (readers keep one); another value moves on by
1 ns until it finds a free time or its own value, and becomes SUSPECT. Only the last rows of a channel are known;
further back the later value wins in the readers. Values are compared bit for bit, and NaN equals NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gateway.model import Batch, Flag, Int64s, Quality

REMEMBERED = 64
"""Rows of each channel that are compared."""

_NEVER = np.iinfo(np.int64).min
_NAN = np.int64(0x7FF8000000000000)
_RESIDENT = 256
_CORRECTED = np.uint16(Flag.CORRECTED)

Places = NDArray[np.intp]


class Identity:
    """The last rows of every channel; one row of each table per channel, in the order they first came."""

    def __init__(self) -> None:
        self.conflicts = 0
        """Rows that were moved to a time of their own."""
        self._slot_of = np.full(_RESIDENT, -1, np.intp)
        self._channels = 0
        self._time = np.full((_RESIDENT, REMEMBERED), _NEVER, np.int64)
        self._bits = np.zeros((_RESIDENT, REMEMBERED), np.int64)
        self._count = np.zeros(_RESIDENT, np.intp)
        self._latest = np.full(_RESIDENT, _NEVER, np.int64)
        self._mark = np.zeros(_RESIDENT, np.intp)

    def resolve(self, batches: Sequence[Batch]) -> list[Batch]:
        """Return the batches as they are to be journaled, in order, and remember their rows."""
        if len(batches) > 1 and self._take_newer(
            np.concatenate([batch.channel for batch in batches]),
            np.concatenate([batch.time_ns for batch in batches]),
            np.concatenate([batch.value for batch in batches]),
        ):
            return list(batches)
        return [self._resolve_one(batch) for batch in batches]

    def _resolve_one(self, batch: Batch) -> Batch:
        if not len(batch) or self._take_newer(batch.channel, batch.time_ns, batch.value):
            return batch
        if (batch.flags & _CORRECTED).all():
            # Corrections come as batches of their own, and mean the very time that is held.
            return batch
        slots = self._slots(batch.channel)
        bits = _bits_of(batch.value)
        time_ns = batch.time_ns.copy()
        for rows in _rounds(slots):
            self._take_round(rows, slots[rows], bits[rows], time_ns)
        moved = time_ns != batch.time_ns
        if not moved.any():
            return batch
        quality = batch.quality.copy()
        quality[moved & (quality < Quality.SUSPECT)] = Quality.SUSPECT
        return replace(batch, time_ns=time_ns, quality=quality)

    def _take_newer(self, channel: NDArray[np.int32], time_ns: Int64s, value: NDArray[np.float64]) -> bool:
        """Remember rows that are all newer than what their channels hold; return False, untouched, otherwise."""
        slots = self._slots(channel)
        order = np.arange(len(slots))
        self._mark[slots] = order
        if (self._mark[slots] == order).all():
            if (time_ns <= self._latest[slots]).any():
                return False
            self._append(slots, self._count[slots], time_ns, _bits_of(value))
            self._count[slots] += 1
            self._latest[slots] = time_ns
            return True
        order = np.argsort(slots, kind="stable")
        slots, time_ns = slots[order], time_ns[order]
        is_first = np.empty(len(slots), np.bool_)
        is_first[0] = True
        np.not_equal(slots[1:], slots[:-1], out=is_first[1:])
        before = np.empty_like(time_ns)
        before[1:] = time_ns[:-1]
        before[is_first] = self._latest[slots[is_first]]
        if (time_ns <= before).any():
            return False
        starts = np.flatnonzero(is_first)
        lengths = np.diff(starts, append=len(slots))
        nth = np.arange(len(slots)) - np.repeat(starts, lengths)
        # Of a long run only the last rows are remembered; writing the others would meet the same cells twice.
        is_kept = nth >= np.repeat(lengths - REMEMBERED, lengths)
        bits = _bits_of(value)[order]
        self._append(slots[is_kept], (self._count[slots] + nth)[is_kept], time_ns[is_kept], bits[is_kept])
        self._count[slots[starts]] += lengths
        self._latest[slots[starts]] = time_ns[starts + lengths - 1]
        return True

    def _append(self, slots: Places, nth: Places, time_ns: Int64s, bits: Int64s) -> None:
        cells = slots * REMEMBERED + nth % REMEMBERED
        self._time.ravel()[cells] = time_ns
        self._bits.ravel()[cells] = bits

    def _take_round(self, rows: Places, slots: Places, bits: Int64s, time_ns: Int64s) -> None:
        """Decide rows of distinct channels, moving times in place."""
        held = self._time[slots] == time_ns[rows, None]
        is_held = held.any(axis=1)
        is_same = (held & (self._bits[slots] == bits[:, None])).any(axis=1)
        is_new = ~is_held
        for index in np.flatnonzero(is_held & ~is_same):
            slot = slots[index]
            time_ns[rows[index]], is_new[index] = self._free_time(slot, int(time_ns[rows[index]]), int(bits[index]))
            self.conflicts += int(is_new[index])
        rows, slots = rows[is_new], slots[is_new]
        self._append(slots, self._count[slots], time_ns[rows], bits[is_new])
        self._count[slots] += 1
        # A time far ahead that fell out of the table must not hold the fast path back.
        self._latest[slots] = self._time[slots].max(axis=1)

    def _free_time(self, slot: np.intp, time_ns: int, bits: int) -> tuple[int, bool]:
        """Return the first time from here on that is free (True) or already holds this value (False)."""
        held = dict(zip(self._time[slot].tolist(), self._bits[slot].tolist(), strict=True))
        while time_ns in held and held[time_ns] != bits:
            time_ns += 1
        return time_ns, time_ns not in held

    def _slots(self, channel: NDArray[np.int32]) -> Places:
        if not len(channel):
            return np.empty(0, np.intp)
        highest = int(channel.max())
        if highest >= len(self._slot_of):
            grown = np.full(max(highest + 1, 2 * len(self._slot_of)), -1, np.intp)
            grown[: len(self._slot_of)] = self._slot_of
            self._slot_of = grown
        slots = self._slot_of[channel]
        if slots.min() < 0:
            for number in np.unique(channel[slots < 0]):
                self._slot_of[number] = self._channels
                self._channels += 1
            self._grow()
            slots = self._slot_of[channel]
        return slots

    def _grow(self) -> None:
        size = len(self._latest)
        if self._channels <= size:
            return
        more = max(self._channels, 2 * size) - size
        self._time = np.vstack((self._time, np.full((more, REMEMBERED), _NEVER, np.int64)))
        self._bits = np.vstack((self._bits, np.zeros((more, REMEMBERED), np.int64)))
        self._count = np.append(self._count, np.zeros(more, np.intp))
        self._latest = np.append(self._latest, np.full(more, _NEVER, np.int64))
        self._mark = np.append(self._mark, np.zeros(more, np.intp))


def _bits_of(value: NDArray[np.float64]) -> Int64s:
    bits = np.ascontiguousarray(value, np.float64).view(np.int64)
    is_nan = np.isnan(value)
    return np.where(is_nan, _NAN, bits) if is_nan.any() else bits


def _rounds(slots: Places) -> list[Places]:
    """Cut rows into rounds in which each channel occurs once, keeping the order within each channel."""
    order = np.argsort(slots, kind="stable")
    ordered = slots[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(starts, append=len(slots))
    nth = np.arange(len(slots)) - np.repeat(starts, lengths)
    by_round = np.argsort(nth, kind="stable")
    return np.split(order[by_round], np.flatnonzero(np.diff(nth[by_round])) + 1)
