"""The folder of segments: which there are, which one is written, and what they take on disk.

The writer's thread owns everything here but `firsts`, which is replaced as a whole and may be read anywhere.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.journal.segment import (
    SUFFIX,
    Row,
    Segment,
    Totals,
    count,
    first_of,
    is_sealed,
    path_of,
    places_of,
    reading,
    seal,
    size_of,
)

_log = logging.getLogger(__name__)

_NOT_DAMAGE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY}
"""What stands against opening a segment but is not the segment's fault."""

KEPT = 2
"""The newest segments stay even when every reader has passed: identity and receipts are rebuilt from them."""


class Segments:
    """All segments of one journal, the newest open for writing."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._sizes: dict[int, int] = {}
        self._totals: dict[int, Totals] = {}
        self._unsealed: set[int] = set()
        self.places: dict[str, int] = {}
        """Readers' places and running counts as of the last commit."""
        paths = segment_paths(folder)
        self.firsts: tuple[int, ...] = tuple(map(first_of, paths))
        for path in paths[:-1]:
            self._look_at(path)
        self._active: Segment | None = None
        self.next_position = 1
        """The position the next record gets."""
        if paths:
            self._open_newest(paths[-1])
        self.seal_rest()

    def _look_at(self, path: Path) -> None:
        first = first_of(path)
        self._sizes[first] = size_of(path)
        self._unsealed.add(first)
        try:
            with reading(path) as connection:
                self._totals[first] = count(connection)
                self.places |= places_of(connection)
        except sqlite3.DatabaseError:
            _log.exception("segment %s is damaged; what can be read of it will be", path.name)

    def _open_newest(self, path: Path) -> None:
        first = first_of(path)
        try:
            if not is_sealed(path):
                # Opening it also finishes what a crash interrupted: a half-made file, an unfinished commit.
                self._active = Segment(path)
            self._look_at(path)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_DAMAGE:
                raise
            _log.exception("segment %s is damaged; writing goes on in a new one", path.name)
        totals = self._totals.get(first)
        if totals is None:
            # Every record takes more than one byte, so that no position of the damaged segment is given again.
            self._sizes[first] = size_of(path)
            self.next_position = first + max(self._segment_bytes, self._sizes[first]) + 1
            return
        self.next_position = max(first, totals.last + 1)
        if self._active is not None:
            self._unsealed.discard(first)

    def write(self, rows: Sequence[Row], places: Mapping[str, int]) -> None:
        """Commit rows and changed places as one whole, in a new segment when the newest is full."""
        is_full = bool(rows) and self._size_of_active() >= self._segment_bytes
        if self._active is None or (is_full and self._active.totals.records):
            self.roll(rows[0].position if rows else self.next_position)
        active = self._active
        if active is None:
            raise RuntimeError("a roll leaves an open segment")
        try:
            active.write(rows, places)
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                _log.exception("segment %s is damaged; writing goes on in a new one", active.path.name)
                self._leave(active)
                self.next_position = max(self.next_position, active.first + 1)
            raise
        self.places |= places
        self._totals[active.first] = active.totals
        if rows:
            self.next_position = rows[-1].position + 1

    def roll(self, first: int) -> None:
        """Start a new segment at a position and seal the one before."""
        old = self._active
        if old is not None and old.first == first:
            return
        new = Segment(path_of(self._folder, first))
        if self.places:
            new.write((), self.places)
        _sync(self._folder)
        self._active = new
        self.firsts = (*self.firsts, first)
        if old is not None:
            self._leave(old)
        self.seal_rest()

    def _leave(self, segment: Segment) -> None:
        segment.close()
        if self._active is segment:
            self._active = None
        self._sizes[segment.first] = size_of(segment.path)
        self._unsealed.add(segment.first)

    def seal_rest(self) -> None:
        """Seal what is no longer written; one that is being read at this moment is tried again later."""
        for first in sorted(self._unsealed):
            path = path_of(self._folder, first)
            try:
                seal(path)
            except sqlite3.OperationalError:
                continue
            except sqlite3.DatabaseError:
                _log.warning("segment %s is damaged and stays as it is", path.name)
            self._unsealed.discard(first)
            self._sizes[first] = size_of(path)

    def drop_passed(self, position: int) -> int:
        """Remove the oldest segments that end at or before a position; return how many."""
        dropped = 0
        while len(self.firsts) > KEPT and self.firsts[1] - 1 <= position:
            first, self.firsts = self.firsts[0], self.firsts[1:]
            path = path_of(self._folder, first)
            for tail in ("", "-wal", "-shm"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
            self._sizes.pop(first, None)
            self._totals.pop(first, None)
            self._unsealed.discard(first)
            dropped += 1
        return dropped

    def would_drop(self, position: int) -> bool:
        """Tell whether `drop_passed` would free something."""
        return len(self.firsts) > KEPT and self.firsts[1] - 1 <= position

    def size(self) -> int:
        """Return the bytes of all segments on disk, write-ahead logs included."""
        sizes = self._sizes.copy()
        return sum(size for first, size in sizes.items() if not self._is_active(first)) + self._size_of_active()

    def totals(self) -> list[Totals]:
        """Return what each readable segment holds, oldest first."""
        return [totals for _, totals in sorted(self._totals.copy().items())]

    @property
    def has_unsealed(self) -> bool:
        """Whether a finished segment could not be sealed yet."""
        return bool(self._unsealed)

    def _is_active(self, first: int) -> bool:
        active = self._active
        return active is not None and active.first == first

    def _size_of_active(self) -> int:
        active = self._active
        return size_of(active.path) if active is not None else 0

    def close(self) -> None:
        """Let go of the files; the newest segment stays open for the next start."""
        if self._active is not None:
            self._active.close()
            self._active = None


def segment_paths(folder: Path) -> list[Path]:
    """Return the segments of a folder, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.name.removesuffix(SUFFIX).isdecimal())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
