"""Counts the distinct (channel, time) of a stream, exactly, in bounded memory. Knows nothing of the journal or files.

    channel ─┬─ ten minutes ─ {times}     a row newer than all of its channel is distinct without looking;
             └─ ten minutes ─ {times}     any other is looked up among the times of its ten minutes

The times go to `take_slices` and are asked back by `load`; what nobody has any more cannot be compared, and is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gateway.model import SECOND, Flag, Flags16, Int32s, Int64s

HOUR_NS = 3_600 * SECOND
SLICE_NS = 600 * SECOND

Slice: TypeAlias = tuple[int, int]
"""A channel number, and a time in units of `SLICE_NS`."""
Load: TypeAlias = Callable[[int, int], Int64s | None]
"""Return the sorted times of a slice; None when they are not kept any more."""

_NEVER = -(1 << 62)


@dataclass(slots=True)
class Counts:
    """What was seen of one channel in one hour."""

    rows: int = 0
    distinct: int = 0
    corrected: int = 0
    """Rows that say that they correct an earlier one."""
    unknown: int = 0
    """Rows that could not be compared with what came before; counted as distinct."""
    last_position: int = 0

    @property
    def redelivered(self) -> int:
        """Rows that brought a time again."""
        return self.rows - self.distinct - self.corrected

    def add(self, other: Counts) -> None:
        """Add what else was seen."""
        self.rows += other.rows
        self.distinct += other.distinct
        self.corrected += other.corrected
        self.unknown += other.unknown
        self.last_position = max(self.last_position, other.last_position)


class Tally:
    """The counts since `take` was last called."""

    def __init__(self, load: Load, newest_ns: Mapping[int, int]) -> None:
        """`newest_ns` is the newest time of each channel that was ever counted."""
        self._load = load
        self._newest: Int64s = np.full(max(newest_ns, default=0) + 1, _NEVER, np.int64)
        for channel, time_ns in newest_ns.items():
            self._newest[channel] = time_ns
        # Rows newer than all of their channel: (channel, time), and of each run (channel, hour, rows, position).
        self._fresh: list[tuple[Int32s, Int64s]] = []
        self._runs: list[tuple[Int32s, Int64s, Int64s, Int64s]] = []
        self._slices: dict[Slice, list[Int64s]] = {}
        self._counts: defaultdict[tuple[int, int], Counts] = defaultdict(Counts)
        self.rows = 0
        """Rows since `take`."""

    def add(self, channel: Int32s, time_ns: Int64s, flags: Flags16, position: Int64s) -> None:
        """Count rows in."""
        if not len(channel):
            return
        self.rows += len(channel)
        order = np.lexsort((time_ns, channel))
        channel, time_ns, flags, position = channel[order], time_ns[order], flags[order], position[order]
        if int(channel[-1]) >= len(self._newest):
            more = max(int(channel[-1]) + 1, 2 * len(self._newest)) - len(self._newest)
            self._newest = np.append(self._newest, np.full(more, _NEVER, np.int64))
        is_first = np.concatenate(([True], channel[1:] != channel[:-1]))
        before = np.concatenate(([np.int64(_NEVER)], time_ns[:-1]))
        before[is_first] = self._newest[channel[is_first]]
        doubtful = np.unique(channel[time_ns <= before])
        if len(doubtful):
            is_doubtful = np.isin(channel, doubtful)
            self._add_doubtful(
                channel[is_doubtful], time_ns[is_doubtful], flags[is_doubtful], position[is_doubtful], doubtful
            )
            kept = ~is_doubtful
            channel, time_ns, position = channel[kept], time_ns[kept], position[kept]
        if len(channel):
            self._add_fresh(channel, time_ns, position)

    def _add_fresh(self, channel: Int32s, time_ns: Int64s, position: Int64s) -> None:
        hour = time_ns // HOUR_NS
        begins = np.flatnonzero(np.concatenate(([True], (channel[1:] != channel[:-1]) | (hour[1:] != hour[:-1]))))
        rows = np.diff(begins, append=len(channel))
        self._runs.append((channel[begins], hour[begins], rows, np.maximum.reduceat(position, begins)))
        is_last = np.concatenate((channel[1:] != channel[:-1], [True]))
        self._newest[channel[is_last]] = time_ns[is_last]
        self._fresh.append((channel, time_ns))

    def _add_doubtful(
        self, channel: Int32s, time_ns: Int64s, flags: Flags16, position: Int64s, doubtful: Int32s
    ) -> None:
        """Count rows of channels some of whose times are not new, looking each slice up."""
        known = [(some[rows], times[rows]) for some, times in self._fresh if (rows := np.isin(some, doubtful)).any()]
        corrects = (flags & np.uint16(Flag.CORRECTED)) != 0
        for begin, end in _runs_of(channel, time_ns // SLICE_NS):
            number, cell = int(channel[begin]), int(time_ns[begin] // SLICE_NS)
            times = time_ns[begin:end]
            mine = [held[(some == number) & (held // SLICE_NS == cell)] for some, held in known]
            counts = self._counts[number, cell * SLICE_NS // HOUR_NS]
            counts.rows += end - begin
            counts.last_position = max(counts.last_position, int(position[begin:end].max()))
            new = np.unique(times)
            loaded = self._load(number, cell)
            parts = [*mine, *self._slices.get((number, cell), ()), *([] if loaded is None else [loaded])]
            there = np.concatenate(parts) if parts else np.empty(0, np.int64)
            new = new[~np.isin(new, there)]
            if loaded is None:
                counts.unknown += len(new)
            counts.distinct += len(new)
            counts.corrected += min(int(corrects[begin:end].sum()), end - begin - len(new))
            if len(new):
                self._slices.setdefault((number, cell), []).append(new)
            self._newest[number] = max(int(self._newest[number]), int(times[-1]))

    def take(self) -> tuple[dict[tuple[int, int], Counts], dict[Slice, Int64s]]:
        """Return counts by (channel, hour) and new sorted times by slice since the last call, and begin anew."""
        for run in self._runs:
            for channel, hour, rows, position in zip(*(column.tolist() for column in run), strict=True):
                counts = self._counts[channel, hour]
                counts.rows += rows
                counts.distinct += rows
                counts.last_position = max(counts.last_position, position)
        slices = self._slices
        if self._fresh:
            channel = np.concatenate([some for some, _ in self._fresh])
            time_ns = np.concatenate([times for _, times in self._fresh])
            # Each piece is sorted, and the pieces of a channel follow each other in time.
            order = np.argsort(channel, kind="stable")
            channel, time_ns = channel[order], time_ns[order]
            cell = time_ns // SLICE_NS
            for begin, end in _runs_of(channel, cell):
                slices.setdefault((int(channel[begin]), int(cell[begin])), []).append(time_ns[begin:end])
        taken = {key: parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts)) for key, parts in slices.items()}
        counted = dict(self._counts)
        self._fresh, self._runs, self._slices, self._counts = [], [], {}, defaultdict(Counts)
        self.rows = 0
        return counted, taken


def _runs_of(channel: Int32s, cell: Int64s) -> list[tuple[int, int]]:
    """Return where runs of one channel and slice begin and end."""
    begins = np.flatnonzero(np.concatenate(([True], (channel[1:] != channel[:-1]) | (cell[1:] != cell[:-1]))))
    return list(zip(begins.tolist(), [*begins[1:].tolist(), len(channel)], strict=True))
