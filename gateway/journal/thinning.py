"""One sealed segment written anew with fewer readings of the least important channels. Knows nothing of the cap.

Of each channel of a class every fourth reading stays, the first of them included; what every reader has passed goes as
a whole. Positions stay as they are, and something of the last record stays, so that none is given again. The work is
done in slices: nobody waits for it longer than for one of them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np

from gateway.journal.copying import Copy
from gateway.journal.encoding import KIND_BATCH, decode, encode
from gateway.journal.importance import IMPORTANCES, Importances
from gateway.journal.segment import (
    THINNED_LOW,
    THINNED_NORMAL,
    Row,
    Totals,
    checksum,
    own_notes_of,
    places_of,
    reading,
    size_of,
)
from gateway.journal.versions import FOLLOWS, GAPS
from gateway.model import Batch, Int64s

ONE_OF = 4
"""One reading of so many stays each time."""
MOST_TIMES = 3
"""How often a segment is thinned for one class: then one reading of 64 is left."""
CLASSES = (THINNED_LOW, THINNED_NORMAL)
"""What is thinned, in this order; channels of high importance never are."""

_ROWS = 100
_SELECT = "select position, kind, received_ns, readings, crc, body from record order by position"


class Thinning:
    """The rewriting of one segment for one class of channels; `passed` is what every reader has done with."""

    def __init__(self, path: Path, importances: Importances, *, level: int, times: int, passed: int) -> None:
        self._path = path
        self._importances = importances
        self._level = level
        self._times = times
        self._passed = passed
        self._seen = np.zeros(0, np.int64)
        self.given_up: Int64s = np.zeros(len(IMPORTANCES), np.int64)
        """Readings that some reader had not passed, by importance."""
        self._copy = Copy(path)
        self._stack = ExitStack()
        try:
            self._connection = self._stack.enter_context(reading(path))
            self._rows = self._connection.execute(_SELECT)
            (self._last,) = self._connection.execute("select coalesce(max(position), 0) from record").fetchone()
        except BaseException:
            self.abandon()
            raise

    def advance(self, seconds: float) -> bool:
        """Work for about so long; return whether everything is copied. On an error nothing has changed."""
        until = time.monotonic() + seconds
        try:
            while part := [Row(*found) for found in islice(self._rows, _ROWS)]:
                kept = (self._thinned(row) for row in part)
                self._copy.add([row for row in kept if row is not None])
                if time.monotonic() >= until:
                    return False
        except BaseException:
            self.abandon()
            raise
        return True

    def finish(self, places: Mapping[str, int]) -> tuple[Totals, dict[str, int]] | None:
        """Put the thinner file in place; return what it holds and notes of itself, None when nothing was gained.

        `places` are counts that are true once it is in place, and not before.
        """
        try:
            times = {CLASSES[self._level]: self._times + 1, GAPS: 1}
            kept = {
                name: value
                for name, value in own_notes_of(self._connection).items()
                if name in (*CLASSES, FOLLOWS, GAPS)
            }
            notes = kept | times
            totals = self._copy.finish(places_of(self._connection) | dict(places) | notes)
            self._stack.close()
            if size_of(self._copy.new) >= size_of(self._path):
                self._copy.abandon()
                return None
            self._copy.replace()
        except BaseException:
            self.abandon()
            raise
        return totals, notes

    @property
    def bytes_copied(self) -> int:
        """What the new file takes beside the old one at this moment."""
        return size_of(self._copy.new)

    def abandon(self) -> None:
        """Leave the segment as it is."""
        self._stack.close()
        self._copy.abandon()

    def _thinned(self, row: Row) -> Row | None:
        if not row.is_intact:
            # A damaged record stays, so that it is met, counted and mended as one.
            return row
        if row.position <= self._passed:
            return row if row.position == self._last else None
        record = decode(row.kind, row.body) if row.kind == KIND_BATCH else None
        return self._thinned_batch(row, record) if isinstance(record, Batch) else row

    def _thinned_batch(self, row: Row, batch: Batch) -> Row | None:
        stays = self._stays(batch)
        if row.position == self._last and not stays.any():
            stays[-1:] = True
        if stays.all():
            return row
        gone = np.zeros(len(IMPORTANCES), np.int64)
        gone[self._level] = len(batch) - int(stays.sum())
        self.given_up += gone
        if not stays.any():
            return None
        _, readings, body = encode(batch.take(stays))
        crc = checksum(row.position, row.kind, row.received_ns, readings, body)
        return Row(row.position, row.kind, row.received_ns, readings, crc, body)

    def _stays(self, batch: Batch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        stays = np.ones(len(batch), np.bool_)
        rows = np.flatnonzero(self._importances.of(batch.channel) == self._level)
        if len(rows):
            stays[rows] = self._nth(batch.channel[rows]) % ONE_OF == 0
        return stays

    def _nth(self, channel: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Int64s:
        """Return of each row how many of its channel came before it in this segment, and remember them."""
        highest = int(channel.max())
        if highest >= len(self._seen):
            self._seen = np.append(self._seen, np.zeros(highest + 1 - len(self._seen), np.int64))
        order = np.argsort(channel, kind="stable")
        ordered = channel[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        lengths = np.diff(starts, append=len(ordered))
        nth = np.empty(len(channel), np.int64)
        nth[order] = np.arange(len(ordered)) - np.repeat(starts, lengths)
        nth += self._seen[channel]
        self._seen[ordered[starts]] += lengths
        return nth


def count_unpassed(path: Path, importances: Importances, passed: int) -> Int64s:
    """Return how many readings of each importance lie behind a position in a segment; damaged ones are not known."""
    counts = np.zeros(len(IMPORTANCES), np.int64)
    select = "select position, kind, received_ns, readings, crc, body from record where position > ? and kind = ?"
    try:
        with reading(path) as connection:
            for found in connection.execute(select, (passed, KIND_BATCH)):
                row = Row(*found)
                record = decode(row.kind, row.body) if row.is_intact else None
                if isinstance(record, Batch):
                    counts += importances.count(record.channel)
    except (sqlite3.DatabaseError, FileNotFoundError):
        return counts
    return counts
