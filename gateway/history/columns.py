"""Readings of one channel as columns, and the one rule by which a later value for a time already held wins.

The rule is associative: however a stream is cut into pieces that are settled apart, the settled whole is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gateway.model import Bytes8, Flag, Flags16, Floats, Int64s, Quality

CORRECTED = np.uint16(Flag.CORRECTED)
UNUSABLE = np.array([Quality.FAIL, Quality.MISSING], np.uint8)
"""The qualities whose values say nothing about the world."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Readings of one channel; once settled they are in the order of time, one row per time."""

    time_ns: Int64s
    value: Floats
    quality: Bytes8
    flags: Flags16

    def __len__(self) -> int:
        return len(self.time_ns)

    def __iter__(self) -> Iterator[tuple[int, float, int, int]]:
        return zip(self.time_ns.tolist(), self.value.tolist(), self.quality.tolist(), self.flags.tolist(), strict=True)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Columns:
        """Return the given rows (positions, a mask or a slice)."""
        return Columns(self.time_ns[rows], self.value[rows], self.quality[rows], self.flags[rows])

    def between(self, start_ns: int, end_ns: int) -> Columns:
        """Return the rows of settled columns from start on and before end."""
        first, last = np.searchsorted(self.time_ns, (start_ns, end_ns))
        return self.take(slice(int(first), int(last)))

    def same_as(self, other: Columns) -> bool:
        """Tell whether both hold the same rows, value bits included; NaN equals NaN."""
        return (
            len(self) == len(other)
            and bool((self.time_ns == other.time_ns).all())
            and not bool(values_differ(self.value, other.value).any())
            and bool((self.quality == other.quality).all())
            and bool((self.flags == other.flags).all())
        )


def empty() -> Columns:
    """Return columns without rows."""
    return Columns(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8), np.empty(0, np.uint16))


def joined(parts: Iterable[Columns]) -> Columns:
    """Return the rows of all parts, one part after the other."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return empty()
    return Columns(
        np.concatenate([part.time_ns for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.quality for part in parts]),
        np.concatenate([part.flags for part in parts]),
    )


def values_differ(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Tell where two columns differ in their bits; every NaN equals every other."""
    differ: NDArray[np.bool_] = one.view(np.int64) != other.view(np.int64)
    if differ.any():
        differ &= ~(np.isnan(one) & np.isnan(other))
    return differ


def settled(rows: Columns) -> Columns:
    """Bring rows, given in the order of arrival, into the order of time with one row per time.

    Of rows of one time the last that changes value or quality stands, and is flagged corrected; a repetition changes
    nothing. A row that already says it was corrected stands as it is.

    >>> rows = Columns(np.array([5, 1, 5, 5]), np.array([7.0, 0.5, 8.0, 8.0]), np.ones(4, "u1"), np.zeros(4, "u2"))
    >>> list(settled(rows))
    [(1, 0.5, 1, 0), (5, 8.0, 1, 16)]
    """
    if in_order(rows.time_ns):
        return rows
    return one_per_time(rows.take(np.argsort(rows.time_ns, kind="stable")))


def in_order(time_ns: Int64s) -> bool:
    """Tell whether times only go forward."""
    return bool((time_ns[1:] > time_ns[:-1]).all())


def one_per_time(rows: Columns) -> Columns:
    """Settle rows that are sorted by time already, those of one time in the order of arrival."""
    return rows_standing(rows, rows.time_ns[1:] == rows.time_ns[:-1])[0]


def rows_standing(rows: Columns, repeats: NDArray[np.bool_]) -> tuple[Columns, NDArray[np.intp]]:
    """Return one row for each run of rows, and where it stood; `repeats[i]` says that row i+1 has the key of row i."""
    changes = values_differ(rows.value[1:], rows.value[:-1]) | (rows.quality[1:] != rows.quality[:-1])
    begins = np.concatenate(([True], ~repeats))
    takes_over = begins.copy()
    takes_over[1:] |= changes | (rows.flags[1:] & CORRECTED != 0)
    position = np.arange(len(rows))
    last = np.flatnonzero(np.concatenate((~repeats, [True])))
    standing = np.maximum.accumulate(np.where(takes_over, position, 0))[last]
    found = rows.take(standing)
    return replace(found, flags=np.where(begins[standing], found.flags, found.flags | CORRECTED)), standing


def usable(rows: Columns) -> NDArray[np.bool_]:
    """Tell which rows hold a value that may be drawn: finite, and neither failed nor missing."""
    return np.isfinite(rows.value) & ~np.isin(rows.quality, UNUSABLE)
