"""In which order readings arrived: as their file says or has them, unless it clearly was not written as they came.

Rule 1: rows that are late now and then are late. A file that begins with its newest rows, is shuffled, or was written
channel after channel has no order of arrival; it is put in the order of time, and held in memory for that.
Rule 2: of a file too long to be held its first readings decide.
Rule 3: a few readings that lie years from all others are slips of a clock; they would stretch everything, and are left
out.
Rule 4: a file that says when its rows were received is put in that order; of one too long to be held each portion is,
and what it says of later portions never goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.clock import to_iso
from gateway.model import SECOND, Floats, Int32s, Int64s
from gateway.recordings.notes import Notes

LATE = "late"
"""The kind of note that a row out of order is; nobody wants them of a file that is put in order."""
_HELD = 2_000_000
"""Readings, 56 MB."""
_PORTION = 400_000
_MIXED, _MOST_LATE = 0.01, 0.25
"""Shares of readings older than the one before, in a long file, and older than any before."""
_RUN = 100
"""Readings of one channel in a row that a file written channel after channel has at least, in the mean."""
_DAY_NS = 86_400 * SECOND
_YEAR_NS = 365 * _DAY_NS
_LONG_LAG_NS = _DAY_NS
"""Rows that were received so long after their time were rather stored again than received."""
_SLIPS = 0.01
"""Share of the readings at either end that may be slips."""


class Piece(NamedTuple):
    """Readings as columns, sorted by arrival."""

    arrival_ns: Int64s
    """When it was received, where the file says so, else the newest time that the file had come to."""
    channel: Int32s
    """The number of the channel, as the recording was given it."""
    time_ns: Int64s
    value: Floats
    """In the canonical unit; NaN when missing."""

    def rows(self, which: slice | NDArray[np.intp]) -> Piece:
        """Return some of its readings."""
        return Piece(self.arrival_ns[which], self.channel[which], self.time_ns[which], self.value[which])


class Order:
    """Hands the pieces of one recording on in the order of arrival."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._taken = self._given = self._slips = 0

    @property
    def share(self) -> float:
        """How much of what was read has been handed on."""
        return self._given / self._taken if self._taken else 1.0

    def received(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield the readings of a file that says when it received them."""
        left, newest_ns, is_told = self._counted(pieces), 0, False
        while (held := self._held(left)) is not None:
            sorted_ = held.rows(np.argsort(held.arrival_ns, kind="stable"))
            arrival_ns = np.maximum(sorted_.arrival_ns, newest_ns)
            if not is_told:
                self._say_lag(sorted_)
                is_told = True
            if before := int((sorted_.arrival_ns < newest_ns).sum()):
                text = (
                    f"{before:,} readings were received before others that stand far before them; taken as they stand"
                )
                self._notes.add("order", 0, text)
            kept = self._without_slips(sorted_._replace(arrival_ns=arrival_ns))
            newest_ns = int(arrival_ns[-1]) if len(arrival_ns) else newest_ns
            yield from self._portions(kept)

    def _held(self, left: Iterator[Piece]) -> Piece | None:
        """Return the next readings, as many as may be held; None at the end."""
        held, count = [], 0
        for piece in left:
            held.append(piece)
            count += len(piece.time_ns)
            if count >= _HELD:
                break
        return _joined(held) if held else None

    def _say_lag(self, piece: Piece) -> None:
        lag_ns = np.median(piece.arrival_ns - piece.time_ns) if len(piece.time_ns) else 0.0
        if lag_ns > _LONG_LAG_NS:
            hint = "--received-column - goes by the times of the readings instead"
            text = f"in the median a reading was received {lag_ns / _DAY_NS:.3g} days after its time; {hint}"
            self._notes.add("received", 0, text)

    def settled(self, pieces: Iterable[Piece], *, is_long: bool) -> Iterator[Piece]:
        """Yield the readings of a file; of a long one any two neighbours can be of different channels."""
        left = self._counted(pieces)
        held: list[Piece] = []
        for piece in left:
            held.append(piece)
            if self._taken >= _HELD:
                break
        if not held:
            return
        first = _after_the_times(self._without_slips(_joined(held)), self._slips)
        held.clear()
        if older := _out_of_order(first, is_long=is_long):
            self._notes.drop(LATE)
            self._notes.drop("gap")
            text = f"{older:,} readings are older than one before them; put in the order of time"
            self._notes.add("order", 0, text)
            everything = self._without_slips(_joined([first, *left]))
            order = np.argsort(everything.time_ns, kind="stable")
            whole = everything.rows(order)
            yield from self._portions(whole._replace(arrival_ns=whole.time_ns))
            return
        yield from self._portions(first)
        newest_ns = int(first.arrival_ns[-1]) if len(first.arrival_ns) else 0
        for piece in left:
            if self._slips:
                # The file's newest time was a slip's.
                arrival_ns = np.maximum.accumulate(np.append(newest_ns, piece.time_ns))
                newest_ns = int(arrival_ns[-1])
                piece = piece._replace(arrival_ns=arrival_ns[1:])  # noqa: PLW2901
            yield from self._portions(piece)

    def _counted(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            self._taken += len(piece.time_ns)
            yield piece

    def _portions(self, piece: Piece) -> Iterator[Piece]:
        for start in range(0, len(piece.time_ns), _PORTION):
            portion = piece.rows(slice(start, start + _PORTION))
            self._given += len(portion.time_ns)
            yield portion

    def _without_slips(self, piece: Piece) -> Piece:
        """Return the readings without the few whose time is years from all others."""
        time_ns = piece.time_ns
        if not len(time_ns) or int(time_ns.max()) - int(time_ns.min()) <= _YEAR_NS:
            return piece
        low, high = np.quantile(time_ns, (_SLIPS, 1.0 - _SLIPS), method="nearest").tolist()
        is_slip = (time_ns < low - _YEAR_NS) | (time_ns > high + _YEAR_NS)
        slips = np.flatnonzero(is_slip)
        if not slips.size:
            return piece
        self._given += len(slips)
        self._slips += len(slips)
        text = f"{to_iso(int(time_ns[slips[0]]))} lies years from all others; left out"
        self._notes.add("clock", 0, text, len(slips))
        return piece.rows(np.flatnonzero(~is_slip))


def _after_the_times(piece: Piece, slips: int) -> Piece:
    """Return readings that lost some as having arrived by the times of those that are left."""
    return piece._replace(arrival_ns=np.maximum.accumulate(piece.time_ns)) if slips else piece


def _joined(pieces: list[Piece]) -> Piece:
    return Piece(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


def _out_of_order(piece: Piece, *, is_long: bool) -> int:
    """Return how many readings are older than one before them when that is no lateness, else 0."""
    time_ns, channel = piece.time_ns, piece.channel
    older = int((time_ns < np.maximum.accumulate(time_ns)).sum())
    if not older:
        return 0
    size = len(time_ns)
    if older > _MOST_LATE * size:
        return older
    if not is_long:
        return 0
    runs = int((channel[1:] != channel[:-1]).sum()) + 1
    is_by_channel = runs > 1 and size >= _RUN * runs
    is_mixed = int((np.diff(time_ns) < 0).sum()) > _MIXED * size
    return older if is_by_channel or is_mixed else 0
