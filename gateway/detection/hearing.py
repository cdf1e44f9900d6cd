"""What is heard of a run beside what is judged: readings as they were received, good or not.

Rule 1: times are those of receipt, so that neither late readings nor a wrong clock change the order.
Rule 2: None is heard where nothing can have changed: most runs are all good, and cost next to nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors import Clocks, Unfit
from detectors.contract import Floats, Rows
from gateway.detection.run import Run, Samples
from gateway.model import SECOND, Flag, Quality

Hear: TypeAlias = Callable[[Run], Samples | None]
"""From a run to what a bank hears: rows of the bank, times of receipt, values, entries and places."""

_MAINTENANCE = np.uint16(Flag.MAINTENANCE)
_NO_CLOCK = np.uint16(Flag.NO_SOURCE_TIME | Flag.BACKFILL | Flag.TIME_UNSURE)
_SUSPICIOUS_SHARE = 0.5
"""A clock is looked at once it seems to be off by this share of what is allowed."""


def hear_values(run: Run) -> Samples | None:
    """Hear every reading: one that fails its tests was spoken all the same, and its channel is not silent."""
    if run.is_whole and len(run.channel) and len(run.moments_ns) == 1:
        received_ns = np.full(len(run.channel), run.moments_ns[0])
        return Samples(run.channel, received_ns, run.value, run.entry, np.arange(len(run.channel)))
    return _heard(run, run.channel, run.value, run.channel >= 0)


def hear_unfit(detector: Unfit, low: Floats, high: Floats, *, is_range: bool) -> Hear:
    """Return what hears which readings cannot be judged: those outside their span, or those the device doubts."""

    def hear(run: Run) -> Samples | None:
        if detector.is_idle and run.is_whole:
            return None
        known = run.channel >= 0
        channel = np.where(known, run.channel, 0)
        is_outside = (run.value < low.take(channel)) | (run.value > high.take(channel))
        is_unfit = ~run.is_good & (run.quality >= Quality.SUSPECT) & (run.quality < Quality.MISSING)
        is_unfit &= (run.flags & _MAINTENANCE) == 0
        is_unfit &= is_outside if is_range else ~is_outside
        value = np.where(is_unfit, 1.0, np.where(run.is_good, 0.0, np.nan))
        return _heard(run, run.channel, value, known & np.isfinite(value))

    return hear


def hear_clocks(detector: Clocks, row_of: Rows) -> Hear:
    """Return what hears how far the newest reading of each device is from its receipt, once an entry."""
    limit = detector.limit_seconds
    least_ns = int(_SUSPICIOUS_SHARE * limit.min() * SECOND) if len(limit) else 0

    def hear(run: Run) -> Samples | None:
        if not len(run.channel) or not len(limit):
            return None
        watched = detector.is_watched()
        first_ns, last_ns = int(run.moments_ns.min()), int(run.moments_ns.max())
        is_near = int(run.time_ns.max()) - first_ns <= least_ns and last_ns - int(run.time_ns.min()) <= least_ns
        if is_near and not watched.any():
            return None
        rows = np.where(run.channel >= 0, row_of.take(np.maximum(run.channel, 0)), -1)
        offset = np.multiply(run.time_ns - run.moments_ns.take(run.entry), 1e-9, dtype=np.float64)
        known = (rows >= 0) & ((run.flags & _NO_CLOCK) == 0)
        is_marked = watched.copy()
        is_marked[rows[known & (np.abs(offset) > _SUSPICIOUS_SHARE * limit.take(rows))]] = True
        picked = np.flatnonzero(known & is_marked.take(rows))
        if not picked.size:
            return None
        order = picked[np.lexsort((offset[picked], rows[picked], run.entry[picked]))]
        is_last = np.ones(len(order), np.bool_)
        is_last[:-1] = (np.diff(rows[order]) != 0) | (np.diff(run.entry[order]) != 0)
        newest = np.zeros(len(rows), np.bool_)
        newest[order[is_last]] = True
        return _heard(run, rows, offset, newest)

    return hear


def _heard(run: Run, rows: Rows, value: Floats, picked: NDArray[np.bool_]) -> Samples | None:
    place = np.flatnonzero(picked)
    if not place.size:
        return None
    entry = run.entry.take(place)
    return Samples(rows.take(place), run.moments_ns.take(entry), value.take(place), entry, place)
