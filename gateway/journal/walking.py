"""Records of the segments in order, past whatever is damaged. Keeps no connection and no transaction."""

from __future__ import annotations

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from gateway.journal.encoding import decode
from gateway.journal.entry import Entry
from gateway.journal.segment import Row, path_of, reading

_COLUMNS = "position, kind, received_ns, readings, crc, body"
_SELECT = f"select {_COLUMNS} from record where position > ? and position <= ? order by position"  # noqa: S608
_WEIGHT_BYTES = 32
"""A record weighs at least one reading for each of so many bytes, so that a slice of big ones stays small."""


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
        path = path_of(self._folder, first)
        try:
            with reading(path) as connection:
                for found in connection.execute(_SELECT, (after, last)):
                    row = Row(*found)
                    weight += max(1, row.readings, len(row.body) // _WEIGHT_BYTES)
                    if rows and weight > max_readings:
                        break
                    rows.append(row)
        except FileNotFoundError:
            # Dropped meanwhile: every reader that matters has passed it.
            return []
        except sqlite3.DatabaseError:
            if rows or not path.exists():
                return rows
            return self._rows_behind_damage(path, after, last)
        return rows

    def _rows_behind_damage(self, path: Path, after: int, last: int) -> list[Row]:
        """Return the first record that can still be read after a position, counting what lies between as lost."""
        step = 1
        while after + step <= last:
            row = _first_row(path, after + step - 1, last)
            if row is not None:
                low, high = after + step // 2, after + step
                while low + 1 < high:
                    middle = (low + high) // 2
                    found = _first_row(path, middle - 1, last)
                    if found is None:
                        low = middle
                    else:
                        row, high = found, middle
                self._count(after + 1, row.position)
                return [row]
            step *= 2
        self._count(after + 1, last + 1)
        return []

    def _entry(self, row: Row) -> Entry | None:
        try:
            if row.is_intact:
                return Entry(row.position, decode(row.kind, row.body), row.received_ns)
        except (ValueError, TypeError):
            pass
        self._count(row.position, row.position + 1)
        return None

    def _count(self, start: int, stop: int) -> None:
        with self._lock:
            if start in self._damaged:
                return
            self._damaged.add(start)
            self.lost += stop - start
        self._tell_damaged(stop - start)

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
                entry = self._entry(Row(*found))
                if entry is not None:
                    yield entry


def _first_row(path: Path, after: int, last: int) -> Row | None:
    try:
        with reading(path) as connection:
            found = connection.execute(f"{_SELECT} limit 1", (after, last)).fetchone()
            return Row(*found) if found else None
    except (sqlite3.DatabaseError, FileNotFoundError):
        return None
