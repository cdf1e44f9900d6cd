"""One segment: an SQLite file with the records of a run of positions, named by the first of them.

Rule 1: a commit is one transaction under synchronous=FULL; it returns when the records are on disk.
Rule 2: a sealed segment has left WAL mode and never changes again, so it is read without locks or side files.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gateway.journal.versions import FOLLOWS, GAPS, RESUME, VERSION, one_kind_of_error

SUFFIX = ".segment"
PAGE_BYTES = 2048
"""Every commit writes its partly filled pages again: smaller ones spare flash, larger ones gain no speed."""
_LOG_BYTES = 4_000_000
_WAL_BYTE = 18
"""Byte 18 of an SQLite file is 2 in WAL mode and 1 otherwise (https://www.sqlite.org/fileformat.html, 1.3)."""

SCHEMA = f"""
create table if not exists record (
    position integer primary key, kind integer not null, received_ns integer not null,
    readings integer not null, crc integer not null, body blob not null);
create index if not exists receipts on record (position) where kind = 6;
create table if not exists place (name text primary key, value integer not null) without rowid;
pragma user_version={VERSION};
"""
"""What a new segment is made of."""

_INSERT = "insert into record (position, kind, received_ns, readings, crc, body) values (?, ?, ?, ?, ?, ?)"
PLACE = "insert into place (name, value) values (?, ?) on conflict (name) do update set value = excluded.value"
"""Notes a number by its name."""

THINNED_LOW, THINNED_NORMAL = "thinned_low", "thinned_normal"
"""How often a segment was thinned, by the importance of the channels."""

_SEAL = ("records", "readings", "oldest_ns", "newest_ns", "last")
_OWN = frozenset({*_SEAL, FOLLOWS, GAPS, RESUME, THINNED_LOW, THINNED_NORMAL})
"""What a segment notes of itself; everything else is the journal's."""

_CHECKED = struct.Struct("<qqqI")


class Row(NamedTuple):
    """A record as it lies in a segment."""

    position: int
    kind: int
    received_ns: int
    readings: int
    crc: int
    body: bytes

    @property
    def is_intact(self) -> bool:
        """Whether the record is the one that was written here."""
        return self.crc == checksum(self.position, self.kind, self.received_ns, self.readings, self.body)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a segment holds."""

    records: int = 0
    readings: int = 0
    oldest_ns: int = 0
    newest_ns: int = 0
    last: int = 0
    """The highest position; 0 when there is no record."""

    def plus(self, rows: Sequence[Row]) -> Totals:
        """Return the totals with these rows added."""
        if not rows:
            return self
        received = [row.received_ns for row in rows]
        oldest = min(received) if not self.records else min(self.oldest_ns, *received)
        newest = max(received) if not self.records else max(self.newest_ns, *received)
        readings = self.readings + sum(row.readings for row in rows)
        return Totals(self.records + len(rows), readings, oldest, newest, rows[-1].position)


def checksum(position: int, kind: int, received_ns: int, readings: int, body: bytes) -> int:
    """Return the CRC-32 of a record together with where and what it claims to be."""
    return zlib.crc32(body, zlib.crc32(_CHECKED.pack(position, kind, received_ns, readings)))


def path_of(folder: Path, first: int) -> Path:
    """Return where the segment that starts at a position lies."""
    return folder / f"{first:019d}{SUFFIX}"


def first_of(path: Path) -> int:
    """Return the first position of a segment from its name."""
    return int(path.name.removesuffix(SUFFIX))


def size_of(path: Path) -> int:
    """Return the bytes a segment takes on disk, its write-ahead log included."""
    return sum(_file_size(path.with_name(path.name + tail)) for tail in ("", "-wal"))


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class Segment:
    """The segment that is being written, made by `make` before; only the writer's thread touches it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first = first_of(path)
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
        try:
            with one_kind_of_error():
                self._connection.execute(f"pragma wal_autocheckpoint={_LOG_BYTES // PAGE_BYTES}")
                self._connection.execute("pragma synchronous=full")
                self._connection.execute("pragma journal_mode=wal")
                self.totals = count(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def write(self, rows: Sequence[Row], places: Mapping[str, int]) -> None:
        """Commit rows and places as one whole; on return they are on disk."""
        execute = self._connection.execute
        if self._connection.in_transaction:
            execute("rollback")
        execute("begin immediate")
        try:
            with one_kind_of_error():
                self._connection.executemany(_INSERT, rows)
                self._connection.executemany(PLACE, places.items())
                execute("commit")
        except BaseException:
            # SQLite ends the transaction by itself on some errors, not on others.
            if self._connection.in_transaction:
                execute("rollback")
            raise
        self.totals = self.totals.plus(rows)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def make(path: Path) -> None:
    """Make an empty segment; it appears as a whole, so that an empty file is never one in the making."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute(f"pragma page_size={PAGE_BYTES}")
        # Made under a rollback journal, so that a WAL file never stands beside an empty segment.
        connection.execute("pragma synchronous=full")
        connection.executescript(f"begin; {SCHEMA} commit;")
    new.replace(path)
    sync_folder(path.parent)


def seal(path: Path) -> None:
    """Bring a segment out of WAL mode; it is not written again. Does nothing to a sealed one."""
    if not is_wal(path):
        return
    with one_kind_of_error(), closing(sqlite3.connect(path, isolation_level=None, timeout=1)) as connection:
        connection.executemany(PLACE, seal_totals(count(connection)))
        connection.execute("pragma journal_mode=delete")


def seal_totals(totals: Totals) -> list[tuple[str, int]]:
    """Return the numbers that seal a segment."""
    return [(name, getattr(totals, name)) for name in _SEAL]


def is_wal(path: Path) -> bool:
    """Tell whether a segment may still be written, or was left so."""
    with path.open("rb") as file:
        header = file.read(_WAL_BYTE + 1)
    return len(header) <= _WAL_BYTE or header[_WAL_BYTE] != 1


def is_sealed(path: Path) -> bool:
    """Tell whether a segment is finished; one that was only just being made is not in WAL mode either."""
    if is_wal(path):
        return False
    try:
        with reading(path) as connection:
            return "last" in dict(connection.execute("select name, value from place"))
    except sqlite3.DatabaseError:
        return False


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a segment to read from; a sealed one without locks or side files."""
    if not path.exists():
        raise FileNotFoundError(path)
    mode = "mode=ro" if is_wal(path) else "mode=ro&immutable=1"
    at = f"{path.absolute().as_uri()}?{mode}"
    with one_kind_of_error(), closing(sqlite3.connect(at, uri=True, timeout=10)) as connection:
        yield connection


def count(connection: sqlite3.Connection) -> Totals:
    """Return what a segment holds, from its seal where it has one."""
    notes = _notes(connection)
    if "last" in notes:
        return Totals(*(notes[name] for name in _SEAL))
    found = connection.execute(
        "select count(*), coalesce(sum(readings), 0), coalesce(min(received_ns), 0),"
        " coalesce(max(received_ns), 0), coalesce(max(position), 0) from record"
    ).fetchone()
    return Totals(*found)


def sealed_totals(path: Path) -> Totals | None:
    """Return what a segment was sealed with, if it was and that can still be read."""
    try:
        with reading(path) as connection:
            notes = _notes(connection)
    except (sqlite3.DatabaseError, FileNotFoundError):
        return None
    return Totals(*(notes[name] for name in _SEAL)) if "last" in notes else None


def follows_of(path: Path) -> int:
    """Return the position behind the last one that was known when a segment was begun, as far as it can be read."""
    try:
        with reading(path) as connection:
            return _notes(connection).get(FOLLOWS, first_of(path))
    except (sqlite3.DatabaseError, FileNotFoundError):
        return first_of(path)


def places_of(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the readers' places and running counts as of a segment's last commit."""
    return {name: value for name, value in _notes(connection).items() if name not in _OWN}


def own_notes_of(connection: sqlite3.Connection) -> dict[str, int]:
    """Return what a segment notes of itself: its seal, whether it lacks positions, how often it was thinned."""
    return {name: value for name, value in _notes(connection).items() if name in _OWN}


def _notes(connection: sqlite3.Connection) -> dict[str, int]:
    notes = dict(connection.execute("select name, value from place"))
    is_sound = all(isinstance(name, str) and isinstance(value, int) for name, value in notes.items())
    if not is_sound or ("last" in notes and not notes.keys() >= set(_SEAL)):
        raise sqlite3.DatabaseError("what the segment notes of itself is damaged")
    return notes


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell whether an error says that the file itself is wrong, not that the box is in trouble."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Raised by Python, over text that is none, or by us.
        return True
    # The statements are fixed, so that one SQLite cannot make sense of (ERROR) means that the tables are wrong.
    unreadable = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ}
    wrong = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH}
    return code in unreadable or code & 0xFF in wrong | {sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_CONSTRAINT}


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
