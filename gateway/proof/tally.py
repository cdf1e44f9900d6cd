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
        self._newest: defaultdict[int, int] = defaultdict(lambda: _NEVER, newest_ns)
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
        channel, time_ns = channel[order], time_ns[order]
        corrects = (flags[order] & np.uint16(Flag.CORRECTED)) != 0
        position = position[order]
        cell = time_ns // SLICE_NS
        begins = np.flatnonzero(np.concatenate(([True], (channel[1:] != channel[:-1]) | (cell[1:] != cell[:-1]))))
        ends = [*begins[1:].tolist(), len(channel)]
        for begin, end in zip(begins.tolist(), ends, strict=True):
            part = slice(begin, end)
            self._add_slice(int(channel[begin]), int(cell[begin]), time_ns[part], corrects[part], position[part])

    def _add_slice(
        self, channel: int, cell: int, time_ns: Int64s, corrects: np.typing.NDArray[np.bool_], position: Int64s
    ) -> None:
        counts = self._counts[channel, cell * SLICE_NS // HOUR_NS]
        counts.rows += len(time_ns)
        counts.last_position = max(counts.last_position, int(position.max()))
        is_first = np.concatenate(([True], time_ns[1:] != time_ns[:-1]))
        fresh = time_ns[is_first]
        if fresh[0] <= self._newest[channel]:
            fresh, is_known = self._unseen(channel, cell, fresh)
            if not is_known:
                counts.unknown += len(fresh)
        self._newest[channel] = max(self._newest[channel], int(time_ns[-1]))
        counts.distinct += len(fresh)
        if corrects.any():
            counts.corrected += min(int(corrects.sum()), len(time_ns) - len(fresh))
        if len(fresh):
            self._slices.setdefault((channel, cell), []).append(fresh)

    def _unseen(self, channel: int, cell: int, time_ns: Int64s) -> tuple[Int64s, bool]:
        """Return the times that were not there before, and whether all that were there are known."""
        loaded = self._load(channel, cell)
        parts = [*self._slices.get((channel, cell), ()), *(() if loaded is None else (loaded,))]
        known = np.concatenate(parts) if parts else np.empty(0, np.int64)
        return time_ns[~np.isin(time_ns, known)], loaded is not None

    def take(self) -> tuple[dict[tuple[int, int], Counts], dict[Slice, Int64s]]:
        """Return counts by (channel, hour) and new sorted times by slice since the last call, and begin anew."""
        counts = dict(self._counts)
        slices = {key: np.sort(np.concatenate(parts)) for key, parts in self._slices.items()}
        self._counts = defaultdict(Counts)
        self._slices = {}
        self.rows = 0
        return counts, slices
