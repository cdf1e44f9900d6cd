"""Records of the segments in order, past whatever is damaged. Keeps no connection and no transaction."""

from __future__ import annotations

import sqlite3
import struct
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from gateway.journal.encoding import decode
from gateway.journal.entry import Entry
from gateway.journal.segment import Row, is_damage, own_notes_of, path_of, reading
from gateway.journal.versions import GAPS

_COLUMNS = "position, kind, received_ns, readings, crc, body"
_SELECT = f"select {_COLUMNS} from record where position > ? and position <= ? order by position"  # noqa: S608
_WEIGHT_BYTES = 32
"""A record weighs at least one reading for each of so many bytes, so that a slice of big ones stays small."""

_MOST_KNOWN = 100_000
"""So many damaged records are told apart from those met before."""


class Damaged(Exception):  # noqa: N818 - a fact, not a fault of the caller
    """A segment's file is wrong; `first` names it."""

    def __init__(self, first: int) -> None:
        self.first = first
        super().__init__(f"the segment that starts at {first} is damaged")


class Walk:
    """Reads the segments of a folder from any thread."""

    def __init__(
        self,
        folder: Path,
        firsts: Callable[[], tuple[int, ...]],
        newest: Callable[[], int],
        damaged: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._firsts = firsts
        self._newest = newest
        self._tell_damaged = damaged
        self._lock = threading.Lock()
        self._damaged: set[int] = set()
        self.lost = 0
        """Positions that could not be read any more, each counted once."""

    def read(self, after: int, max_readings: int) -> list[Entry]:
        """Return intact entries after a position, at least one where there is one."""
        entries: list[Entry] = []
        firsts = self._firsts()
        for index in range(max(0, bisect_right(firsts, after + 1) - 1), len(firsts)):
            last = firsts[index + 1] - 1 if index + 1 < len(firsts) else self._newest()
            for row in self._rows(firsts[index], max(after, firsts[index] - 1), last, max_readings):
                entry = self._entry(row)
                if entry is not None:
                    entries.append(entry)
            if entries:
                break
        return entries

    def _rows(self, first: int, after: int, last: int, max_readings: int) -> list[Row]:
        rows: list[Row] = []
        weight = 0
        is_end = False
        path = path_of(self._folder, first)
        try:
            with reading(path) as connection:
                for found in connection.execute(_SELECT, (after, last)):
                    row = sound(found)
                    weight += max(1, row.readings, len(row.body) // _WEIGHT_BYTES)
                    if rows and weight > max_readings:
                        break
                    rows.append(row)
                else:
                    is_end = True
                if _has_gap(rows, after, last if is_end else 0, own_notes_of(connection)):
                    raise Damaged(first)
        except FileNotFoundError:
            # Dropped meanwhile: every reader that matters has passed it.
            return []
        except sqlite3.DatabaseError as error:
            if not path.exists():
                return []
            if is_damage(error):
                raise Damaged(first) from error
            raise
        return rows

    def _entry(self, row: Row) -> Entry | None:
        try:
            if row.is_intact:
                return Entry(row.position, decode(row.kind, row.body), row.received_ns)
        except (ValueError, TypeError, struct.error):
            pass
        self._count(row.position, row.position + 1)
        return None

    def _count(self, start: int, stop: int) -> None:
        with self._lock:
            if start in self._damaged:
                return
            if len(self._damaged) >= _MOST_KNOWN:
                self._damaged = {known for known in self._damaged if known >= min(self._firsts(), default=0)}
            if len(self._damaged) < _MOST_KNOWN:
                self._damaged.add(start)
            self.lost += stop - start
        self._tell_damaged(stop - start)

    def count_lost(self, first: int, records: int) -> int:
        """Count records that went with a damaged segment; return how many were not counted one by one before."""
        end = min((other for other in self._firsts() if other > first), default=2**63)
        with self._lock:
            fresh = max(0, records - sum(first <= known < end for known in self._damaged))
            self.lost += fresh
            return fresh

    def of_kind(self, kind: int, after: int = 0) -> Iterator[Entry]:
        """Yield intact entries of one kind after a position, oldest first; a damaged segment ends early."""
        for first in self._firsts():
            yield from self._of_kind(first, f"position > {after:d} and kind = {kind:d} order by position")

    def backwards(self, kind: int) -> Iterator[Entry]:
        """Yield intact entries of one kind, newest first; a damaged segment ends early."""
        for first in reversed(self._firsts()):
            yield from self._of_kind(first, f"kind = {kind:d} order by position desc")

    def _of_kind(self, first: int, condition: str) -> Iterator[Entry]:
        # The kind stands in the text, not in a parameter: only so is the index over receipts used.
        select = f"select {_COLUMNS} from record where {condition}"  # noqa: S608 - numbers only
        with suppress(sqlite3.DatabaseError, FileNotFoundError), reading(path_of(self._folder, first)) as connection:
            for found in connection.execute(select):
                entry = self._entry(sound(found))
                if entry is not None:
                    yield entry


def _has_gap(rows: list[Row], after: int, wanted: int, notes: dict[str, int]) -> bool:
    """Tell whether records are missing, up to the one that is wanted at the end, although nothing says so."""
    if GAPS in notes:
        return False
    reached = after + len(rows)
    is_in_order = all(row.position == position for position, row in enumerate(rows, after + 1))
    return not is_in_order or reached < min(wanted, notes.get("last", 0))


def sound(found: Sequence[object]) -> Row:
    """Return a row as it was found; where a column is not even of its type, one whose checksum is wrong."""
    position, kind, received_ns, readings, crc, body = found
    integers = [number if isinstance(number, int) else -1 for number in (position, kind, received_ns, readings, crc)]
    at, of_kind, received, count, checked = integers
    return Row(at, of_kind, received, count, checked, body if isinstance(body, bytes) else b"")
