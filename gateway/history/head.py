"""The rows not yet sealed into chunks, in memory: one table with a line of room for each channel. Knows no files.

    channel → slot → | row | row | row | … ROOM rows, in the order of arrival |
                              ^ logged   ^ fill

Rule 1: rows before `logged` are in the log on disk; from there to `fill` they are not yet.
Rule 2: a slot that is `fresh` begins anew in the log: what the log holds of it so far is void.
Rule 3: one thread changes anything, and does so under `lock`, so that any thread may read.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.history.arrival import Arrival, Slots
from gateway.history.columns import Columns, empty
from gateway.history.latest import NEVER, Latest, LatestRows
from gateway.model import Int32s, Int64s

SEAL_ROWS = 512
"""Rows of a full chunk."""
ROOM = SEAL_ROWS + 64
"""Rows a slot holds: a full chunk, and what arrives until the next commit seals it."""
LARGEST_CHANNEL = 1 << 24
"""No journal hands out higher numbers; a damaged one must not take all memory."""
_NO_ROW = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, eq=False)
class Unlogged:
    """Runs of rows for the log: the channel of each, its length, and whether the channel begins anew with it.

    `received_ns` is when the channel's latest reading was received.
    """

    channel: Int32s
    length: NDArray[np.uint32]
    fresh: NDArray[np.bool_]
    received_ns: Int64s
    rows: Columns


class Head:
    """The unsealed rows and the latest row of every channel."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        """Slots in use."""
        self.latest = LatestRows()
        self.channel = np.zeros(0, np.int32)
        self.fill = np.zeros(0, np.int64)
        self.logged = np.zeros(0, np.int64)
        self.fresh = np.zeros(0, np.bool_)
        self.since = np.zeros(0, np.int64)
        """Number of the log entry in which the slot last began anew."""
        self.sealed_until = np.zeros(0, np.int64)
        self.oldest = np.zeros(0, np.int64)
        """Time of the oldest row beyond `sealed_until`."""
        self._slot_of = np.full(1, -1, np.int32)
        self._table = Columns(*(np.zeros((0, ROOM), kind) for kind in (np.int64, np.float64, np.uint8, np.uint16)))

    def add_channels(self, channels: Int32s) -> None:
        """Make a slot for each channel that has none yet."""
        known = (channels > 0) & (channels < len(self._slot_of))
        if bool(known.all()) and int(self._slot_of[channels].min(initial=0)) >= 0:
            return
        known[known] = self._slot_of[channels[known]] >= 0
        new = np.unique(channels[~known])
        if new[0] < 1 or new[-1] > LARGEST_CHANNEL:
            raise ValueError(f"channel numbers lie between 1 and {LARGEST_CHANNEL}, got {new[0]} and {new[-1]}")
        slots = np.arange(self.count, self.count + len(new))
        with self.lock:
            self._grow(self.count + len(new), int(new[-1]))
            self._slot_of[new] = slots
            self.channel[slots] = new
            self.fresh[slots] = True
            self.count += len(new)

    def slot(self, channel: int) -> int:
        """Return the slot of a channel, -1 when it has none."""
        return int(self._slot_of[channel]) if 0 < channel < len(self._slot_of) else -1

    def slots(self, channels: Int32s) -> Int32s:
        """Return the slots of channels that all have one."""
        return self._slot_of[channels]

    def without_room(self, arrival: Arrival) -> NDArray[np.bool_]:
        """Tell which runs do not fit into their slots."""
        return self.fill[arrival.slots] + arrival.length > ROOM

    def place(self, arrival: Arrival) -> None:
        """Write rows, which must fit, behind those of their slots."""
        slots, begin, length, rows, _ = arrival
        if not len(rows):
            return
        at = np.repeat(slots * ROOM + self.fill[slots] - begin, length) + np.arange(len(rows))
        unsealed = np.where(rows.time_ns > np.repeat(self.sealed_until[slots], length), rows.time_ns, _NO_ROW)
        oldest = np.minimum(self.oldest[slots], np.minimum.reduceat(unsealed, begin))
        table = self._table
        with self.lock:
            table.time_ns.reshape(-1)[at] = rows.time_ns
            table.value.reshape(-1)[at] = rows.value
            table.quality.reshape(-1)[at] = rows.quality
            table.flags.reshape(-1)[at] = rows.flags
            self.fill[slots] += length
            self.oldest[slots] = oldest

    def replace(self, slot: int, rows: Columns, sealed_until: int) -> None:
        """Leave only these rows in a slot; it begins anew in the log."""
        unsealed = rows.time_ns[rows.time_ns > sealed_until]
        with self.lock:
            _copy(rows, self._table, slot, len(rows))
            self.fill[slot] = len(rows)
            self.logged[slot] = 0
            self.fresh[slot] = True
            self.sealed_until[slot] = sealed_until
            self.oldest[slot] = unsealed.min(initial=_NO_ROW)

    def rows(self, slot: int) -> Columns:
        """Return a copy of a slot's rows in the order of arrival; none for slot -1."""
        if slot < 0:
            return empty()
        with self.lock:
            found = np.s_[slot, : int(self.fill[slot])]
            table = self._table
            return Columns(
                table.time_ns[found].copy(),
                table.value[found].copy(),
                table.quality[found].copy(),
                table.flags[found].copy(),
            )

    def latest_rows(self) -> dict[int, Latest]:
        """Return the latest row of every channel that has one, by channel."""
        with self.lock:
            channels, rows = self.channel[: self.count].tolist(), self.latest.rows(self.count)
        return {channel: row for channel, row in zip(channels, rows, strict=True) if row.time_ns != NEVER}

    def note_latest(self, arrival: Arrival) -> None:
        """Move the latest row of each slot of the arrival on."""
        with self.lock:
            self.latest.note(arrival)

    def slots_to_log(self) -> Slots:
        """Return the slots of which the log lacks something."""
        used = slice(self.count)
        return np.flatnonzero((self.fill[used] > self.logged[used]) | self.fresh[used])

    def unlogged(self, slots: Slots) -> Unlogged:
        """Return what the log lacks of these slots."""
        begin, length = self.logged[slots], self.fill[slots] - self.logged[slots]
        ends = np.cumsum(length)
        at = np.repeat(slots * ROOM + begin - ends + length, length) + np.arange(int(length.sum()))
        table = self._table
        rows = Columns(
            table.time_ns.reshape(-1)[at],
            table.value.reshape(-1)[at],
            table.quality.reshape(-1)[at],
            table.flags.reshape(-1)[at],
        )
        received_ns = self.latest.received_ns[slots]
        return Unlogged(self.channel[slots], length.astype(np.uint32), self.fresh[slots], received_ns, rows)

    def mark_logged(self, slots: Slots, entry: int) -> None:
        """Note that the log, with the entry of this number, lacks nothing of these slots."""
        fresh = slots[self.fresh[slots]]
        self.since[fresh] = entry
        self.fresh[fresh] = False
        self.logged[slots] = self.fill[slots]

    def void(self, slots: Slots) -> None:
        """Forget the rows of these slots: in the log they begin anew."""
        self.fill[slots] = 0
        self.oldest[slots] = _NO_ROW
        self.fresh[slots] = True

    def begin_anew(self, slots: Slots) -> None:
        """Have these slots written whole into the next log entry."""
        self.logged[slots] = 0
        self.fresh[slots] = True

    def _grow(self, slots: int, channel: int) -> None:
        if channel >= len(self._slot_of):
            self._slot_of = np.pad(
                self._slot_of, (0, channel + 1 + channel // 8 - len(self._slot_of)), constant_values=-1
            )
        if slots <= len(self.channel):
            return
        room = slots + slots // 8
        more = (0, room - len(self.channel))
        self.channel = np.pad(self.channel, more)
        self.fill = np.pad(self.fill, more)
        self.logged = np.pad(self.logged, more)
        self.fresh = np.pad(self.fresh, more)
        self.since = np.pad(self.since, more)
        self.sealed_until = np.pad(self.sealed_until, more, constant_values=NEVER)
        self.oldest = np.pad(self.oldest, more, constant_values=_NO_ROW)
        self.latest.grow(room)
        # Memory that was never written takes no room: only rows in use are copied.
        old, kinds = self._table, (np.int64, np.float64, np.uint8, np.uint16)
        self._table = Columns(*(np.zeros((room, ROOM), kind) for kind in kinds))
        for slot in range(self.count):
            fill = int(self.fill[slot])
            held = np.s_[slot, :fill]
            _copy(
                Columns(old.time_ns[held], old.value[held], old.quality[held], old.flags[held]),
                self._table,
                slot,
                fill,
            )


def _copy(rows: Columns, table: Columns, slot: int, length: int) -> None:
    table.time_ns[slot, :length] = rows.time_ns
    table.value[slot, :length] = rows.value
    table.quality[slot, :length] = rows.quality
    table.flags[slot, :length] = rows.flags
