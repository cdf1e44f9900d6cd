"""A recording small enough to be drawn: the lowest and highest value of each channel in equal times, in one pass.

The times grow as the recording does: when it outruns its buckets, every two become one. Memory is bounded from the
start, whatever the length of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.model import SECOND, Floats, Int32s, Int64s

_CELLS = 6_000_000
"""Two tables of so many float32 are 48 MB."""
_MOST, _LEAST = 1 << 17, 1 << 11
_FEW = 10
"""Readings in a call of which a new step can be learned."""
_LEAST_KEPT, _MOST_KEPT = 0.67, 1.5
"""Shares of a call's time that readings of the usual step fill."""


class Drawn(NamedTuple):
    """A channel between two moments; a bucket without readings is NaN."""

    time_ns: Int64s
    """The middle of each bucket."""
    low: NDArray[np.float32]
    high: NDArray[np.float32]


class Reduced:
    """Lowest and highest value of each channel and bucket, valid readings, and the usual step of each channel.

    >>> one = Reduced(1)
    >>> time = np.arange(5) * SECOND
    >>> one.add(np.ones(5, np.int32), time, np.array([1.0, 5.0, np.nan, 2.0, 3.0]), 0)
    >>> one.drawn(1, 0, 4 * SECOND).high.tolist()
    [1.0, 5.0, nan, 2.0, 3.0]
    >>> one.hours(1) * 3600
    4.0
    """

    def __init__(self, channels: int) -> None:
        """`channels` are numbered from 1."""
        self._size = int(2 ** np.floor(np.log2(np.clip(_CELLS / max(channels, 1), _LEAST, _MOST))))
        self._low = np.full((channels + 1, self._size), np.inf, np.float32)
        self._high = np.full((channels + 1, self._size), -np.inf, np.float32)
        self._valid_ns = np.zeros(channels + 1, np.int64)
        self._without_step = np.zeros(channels + 1, np.int64)
        self._last_ns = np.zeros(channels + 1, np.int64)
        self._step_ns = np.zeros(channels + 1, np.int64)
        self._width_ns = SECOND
        self._first_ns: int | None = None
        self.last_ns = 0
        """The newest time there is."""

    @property
    def first_ns(self) -> int:
        """The time of the first reading."""
        return self._first_ns or 0

    @property
    def width_seconds(self) -> float:
        """How long a bucket is."""
        return self._width_ns / SECOND

    def add(self, channel: Int32s, time_ns: Int64s, value: Floats, warm_up_until_ns: int) -> None:
        """Take over readings; those before the end of the warm-up are drawn but not counted as valid."""
        kept = np.flatnonzero(np.isfinite(value))
        if not kept.size:
            return
        if kept.size < len(value):
            channel, time_ns, value = channel[kept], time_ns[kept], value[kept]
        if self._first_ns is None:
            self._first_ns = int(time_ns.min())
        newest = int(time_ns.max())
        self.last_ns = max(self.last_ns, newest)
        while (newest - self._first_ns) // self._width_ns >= self._size:
            self._fold()
        bucket = (time_ns - self._first_ns) // self._width_ns
        np.clip(bucket, 0, self._size - 1, out=bucket)
        bucket += channel.astype(np.int64) * self._size
        small = value.astype(np.float32)
        np.minimum.at(self._low.reshape(-1), bucket, small)
        np.maximum.at(self._high.reshape(-1), bucket, small)
        self._learn_steps(channel, time_ns)
        counted = channel[time_ns >= warm_up_until_ns] if int(time_ns[0]) < warm_up_until_ns else channel
        self._without_step += np.bincount(counted, minlength=len(self._valid_ns))
        has_step = self._step_ns > 0
        self._valid_ns[has_step] += self._without_step[has_step] * self._step_ns[has_step]
        self._without_step[has_step] = 0

    def hours(self, channel: int) -> float:
        """Return the hours with valid readings: their number times the usual step of their time."""
        return float(self._valid_ns[channel]) / SECOND / 3_600.0

    def step_ns(self, channel: int) -> int:
        """Return the newest usual step of a channel, 0 when it spoke once."""
        return int(self._step_ns[channel])

    def drawn(self, channel: int, start_ns: int, end_ns: int) -> Drawn:
        """Return a channel between two moments."""
        first_ns, width_ns = self.first_ns, self._width_ns
        first = int(np.clip((start_ns - first_ns) // width_ns, 0, self._size - 1))
        last = int(np.clip((end_ns - first_ns) // width_ns, first, self._size - 1))
        time_ns = first_ns + np.arange(first, last + 1, dtype=np.int64) * width_ns + width_ns // 2
        low, high = (table[channel, first : last + 1].copy() for table in (self._low, self._high))
        is_empty = low > high
        low[is_empty] = high[is_empty] = np.nan
        return Drawn(time_ns, low, high)

    def band(self, channel: int, before_ns: int, span_ns: int, shares: Sequence[float]) -> tuple[float, ...] | None:
        """Return quantiles of what a channel did in a while before a moment; None when it said nothing."""
        past = self.drawn(channel, before_ns - span_ns, before_ns)
        middle = (past.low + past.high) / np.float32(2.0)
        middle = middle[np.isfinite(middle)]
        return tuple(float(one) for one in np.quantile(middle, shares)) if middle.size else None

    def departure(self, channel: int, start_ns: int, end_ns: int, span_ns: int) -> float:
        """Return how far a channel's middle moved, in widths of its band in a while before; 0.0 when nobody knows."""
        before = self.band(channel, start_ns, span_ns, (0.05, 0.5, 0.95))
        during = self.band(channel, end_ns, max(end_ns - start_ns, 1), (0.5,))
        if before is None or during is None:
            return 0.0
        return abs(during[0] - before[1]) / max(before[2] - before[0], 1e-9)

    def _fold(self) -> None:
        half = self._size // 2
        for table, together, nothing in ((self._low, np.minimum, np.inf), (self._high, np.maximum, -np.inf)):
            table[:, :half] = together(table[:, ::2], table[:, 1::2])
            table[:, half:] = nothing
        self._width_ns *= 2

    def _learn_steps(self, channel: Int32s, time_ns: Int64s) -> None:
        """Learn the usual step, the median of a call's, of the channels that have none yet or do not keep theirs."""
        counts = np.bincount(channel, minlength=len(self._step_ns))
        span_ns = max(int(time_ns.max()) - int(time_ns.min()), 1)
        kept = counts * (self._step_ns / span_ns)
        is_off = (counts > _FEW) & ((kept < _LEAST_KEPT) | (kept > _MOST_KEPT))
        learning = np.flatnonzero((counts > 0) & ((self._step_ns == 0) | is_off))
        if learning.size:
            order = np.argsort(channel, kind="stable")
            ends = np.cumsum(counts)
            for number in learning.tolist():
                times = time_ns[order[ends[number] - counts[number] : ends[number]]]
                if self._last_ns[number]:
                    times = np.append(self._last_ns[number], times)
                steps = np.diff(times)
                steps = steps[steps > 0]
                if steps.size:
                    self._step_ns[number] = int(np.median(steps))
        self._last_ns[channel] = time_ns
