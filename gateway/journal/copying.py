"""A sealed segment written anew beside an old one and put in its place as a whole; positions stay as they are.

    000…1.segment.new       in the making, worth nothing
    000…1.segment.saved     what could be saved of a damaged segment; whole, and takes its place next
    000…1.segment.corrupt   the damaged segment, kept for people to look at

A crash between two of these steps leaves what `finish_interrupted` completes or forgets at the next start. Whoever has
the old file open goes on reading it.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gateway.journal.segment import PAGE_BYTES, PLACE, SCHEMA, SUFFIX, Row, Totals, count, seal_totals, sync_folder

NEW = ".new"
SAVED = ".saved"
CORRUPT = ".corrupt"
_INSERT = "insert or ignore into record (position, kind, received_ns, readings, crc, body) values (?, ?, ?, ?, ?, ?)"
_SIDE_FILES = ("-wal", "-shm", "-journal")


class Copy:
    """The new file; until it takes a place it can be abandoned at any moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.new = path.with_name(path.name + NEW)
        self.new.unlink(missing_ok=True)
        self._connection = sqlite3.connect(self.new, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute(f"pragma page_size={PAGE_BYTES}")
            # Nobody reads it before it is complete and on disk, so that nothing needs to be undone.
            self._connection.execute("pragma journal_mode=off")
            self._connection.execute("pragma synchronous=off")
            self._connection.executescript(f"begin; {SCHEMA}")
        except BaseException:
            self.abandon()
            raise

    def add(self, rows: Sequence[Row]) -> None:
        """Take over rows, in any order; a position that is there already stays as it is."""
        self._connection.executemany(_INSERT, rows)

    def finish(self, places: Mapping[str, int]) -> Totals:
        """Seal the new file with what else it says, and have it on disk."""
        totals = count(self._connection)
        self._connection.executemany(PLACE, [*places.items(), *seal_totals(totals)])
        self._connection.execute("commit")
        self._connection.close()
        descriptor = os.open(self.new, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return totals

    def replace(self) -> None:
        """Put the finished file in the old one's place, which was sealed, too."""
        self.new.replace(self._path)
        sync_folder(self._path.parent)

    def replace_damaged(self) -> Path:
        """Put the finished file in a damaged one's place and keep that under another name, which is returned."""
        saved = self._path.with_name(self._path.name + SAVED)
        self.new.replace(saved)
        sync_folder(self._path.parent)
        corrupt = _free_name(self._path)
        self._path.replace(corrupt)
        _take_place(saved, self._path, corrupt)
        return corrupt

    def abandon(self) -> None:
        """Let go of a file that is not to be finished."""
        self._connection.close()
        self.new.unlink(missing_ok=True)


def finish_interrupted(folder: Path) -> None:
    """Complete or forget what a crash interrupted."""
    for path in folder.glob(f"*{SUFFIX}{NEW}*"):
        path.unlink()
    for saved in folder.glob(f"*{SUFFIX}{SAVED}"):
        path = saved.with_name(saved.name.removesuffix(SAVED))
        if path.exists():
            saved.unlink()
        else:
            _take_place(saved, path, _newest_corrupt(path))


def corrupt_segments(folder: Path) -> list[Path]:
    """Return the damaged segments that were set aside and kept, oldest first."""
    return sorted(
        path
        for path in folder.glob(f"*{SUFFIX}{CORRUPT}*")
        if not any(path.name.endswith(tail) for tail in _SIDE_FILES)
    )


def _take_place(saved: Path, path: Path, corrupt: Path) -> None:
    # A write-ahead log left beside the new file would be taken for its own.
    for tail in _SIDE_FILES:
        part = path.with_name(path.name + tail)
        if part.exists():
            part.replace(corrupt.with_name(corrupt.name + tail))
    sync_folder(path.parent)
    saved.replace(path)
    sync_folder(path.parent)


def _corrupt_names(path: Path) -> Iterator[Path]:
    yield path.with_name(path.name + CORRUPT)
    for number in itertools.count(2):
        yield path.with_name(f"{path.name}{CORRUPT}.{number}")


def _free_name(path: Path) -> Path:
    return next(name for name in _corrupt_names(path) if not name.exists())


def _newest_corrupt(path: Path) -> Path:
    newest = path.with_name(path.name + CORRUPT)
    for name in itertools.takewhile(Path.exists, _corrupt_names(path)):
        newest = name
    return newest
