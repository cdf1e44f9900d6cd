"""Readings of one channel drawn together into buckets of time, for a trend of any length. Pure.

What goes into a bucket is items in the order of time: single rows, or whole chunks by their summaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gateway.history.chunk_store import Span
from gateway.history.columns import Columns, usable
from gateway.model import Bytes8, Floats, Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """What a channel did in each of many equal times, the last perhaps shorter.

    Failed and missing values count as rows and in `worst_quality`, but are never drawn; without a value to draw
    low, high, first and last are NaN, without a row `worst_quality` is 0.
    """

    start_ns: Int64s
    end_ns: Int64s
    low: Floats
    high: Floats
    first: Floats
    last: Floats
    rows: Int64s
    worst_quality: Bytes8

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """What goes into buckets: for each item when it began, its rows, its values to draw (NaN for none)."""

    time_ns: Int64s
    low: Floats
    high: Floats
    first: Floats
    last: Floats
    rows: Int64s
    worst: Bytes8


def width_of(start_ns: int, end_ns: int, count: int) -> int:
    """Return the width of `count` buckets in whole nanoseconds."""
    return -(-(end_ns - start_ns) // count)


def items_of(rows: Columns, spans: Sequence[Span]) -> Items:
    """Return rows and summaries as items in the order of time; no row may lie within a summary."""
    value = np.where(usable(rows), rows.value, np.nan)
    columns = Items(rows.time_ns, value, value, value, value, np.ones(len(rows), np.int64), rows.quality)
    if not spans:
        return columns
    first_ns, _, count, low, high, first, last, worst, _ = zip(*spans, strict=True)
    time_ns = np.concatenate((rows.time_ns, np.array(first_ns, np.int64)))
    order = np.argsort(time_ns, kind="stable")
    return Items(
        time_ns[order],
        np.concatenate((value, np.array(low, np.float64)))[order],
        np.concatenate((value, np.array(high, np.float64)))[order],
        np.concatenate((value, np.array(first, np.float64)))[order],
        np.concatenate((value, np.array(last, np.float64)))[order],
        np.concatenate((columns.rows, np.array(count, np.int64)))[order],
        np.concatenate((rows.quality, np.array(worst, np.uint8)))[order],
    )


def fill(items: Items, start_ns: int, end_ns: int, count: int) -> Buckets:
    """Draw items, all of them from start on and before end, together."""
    width = width_of(start_ns, end_ns, count)
    starts = np.array([min(start_ns + bucket * width, end_ns) for bucket in range(count + 1)], np.int64)
    buckets = Buckets(
        starts[:-1],
        starts[1:],
        low=np.full(count, np.nan),
        high=np.full(count, np.nan),
        first=np.full(count, np.nan),
        last=np.full(count, np.nan),
        rows=np.zeros(count, np.int64),
        worst_quality=np.zeros(count, np.uint8),
    )
    begin, bucket = _runs(items.time_ns, starts)
    if len(begin):
        buckets.rows[bucket] = np.add.reduceat(items.rows, begin)
        buckets.worst_quality[bucket] = np.maximum.reduceat(items.worst, begin)
    drawn = ~np.isnan(items.low)
    begin, bucket = _runs(items.time_ns[drawn], starts)
    if len(begin):
        ends = np.append(begin[1:], int(drawn.sum())) - 1
        buckets.low[bucket] = np.minimum.reduceat(items.low[drawn], begin)
        buckets.high[bucket] = np.maximum.reduceat(items.high[drawn], begin)
        buckets.first[bucket] = items.first[drawn][begin]
        buckets.last[bucket] = items.last[drawn][ends]
    return buckets


def _runs(time_ns: Int64s, starts: Int64s) -> tuple[Int64s, Int64s]:
    """Return where the items of each bucket that has any begin, and which bucket that is."""
    begin = np.searchsorted(time_ns, starts)
    bucket = np.flatnonzero(begin[1:] > begin[:-1])
    return begin[bucket], bucket
