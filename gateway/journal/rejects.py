"""What became no reading, kept after its segment is gone: the newest few megabytes, and counts by reason for ever.

A copy of the journal's quarantine records, keyed by position, so that taking one over twice changes nothing.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.journal.entry import Entry
from gateway.model import Quarantine

_log = logging.getLogger(__name__)

FILE = "quarantine.db"

_SCHEMA = """
create table if not exists reject (
    position integer primary key, received_ns integer not null, source text not null,
    reason text not null, detail text not null, payload blob not null, bytes integer not null);
create table if not exists reason (reason text primary key, seen integer not null) without rowid;
create table if not exists place (position integer not null);
"""
_ROW_BYTES = 64
_ROOM = 0.9
"""When the cap is passed, the oldest go until so much of it is used, so that not every record moves pages."""
_MOST_REASONS = 256
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class RejectCount:
    """How often one reason was met, and what is still kept of it."""

    reason: str
    seen: int
    kept: int
    bytes: int


class Rejects:
    """The bounded copy; the writer's thread owns it."""

    def __init__(self, path: Path, cap_bytes: int) -> None:
        self._cap_bytes = cap_bytes
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        # NORMAL may lose the newest rows in a power cut; they are read again from segments, which stay until `sync`.
        execute("pragma synchronous=normal")
        execute("pragma journal_mode=wal")
        execute("pragma wal_autocheckpoint=250")
        self._connection.executescript(f"begin; {_SCHEMA} commit;")
        (self.position,) = execute("select coalesce(max(position), 0) from place").fetchone()
        (self._bytes,) = execute("select coalesce(sum(bytes), 0) from reject").fetchone()
        self._reasons = {reason for (reason,) in execute("select reason from reason")}

    def take(self, entries: Iterable[Entry]) -> None:
        """Copy the quarantine records among the entries that are newer than what was taken before."""
        execute = self._connection.execute
        if self._connection.in_transaction:
            execute("rollback")
        kept = self._bytes
        last = self.position
        execute("begin immediate")
        try:
            for entry in entries:
                record = entry.record
                if isinstance(record, Quarantine) and entry.position > last:
                    kept += self._insert(entry.position, record)
                    last = entry.position
                    if kept > self._cap_bytes:
                        kept -= self._forget(kept - int(_ROOM * self._cap_bytes))
            execute("delete from place")
            execute("insert into place (position) values (?)", (last,))
            execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                execute("rollback")
            raise
        self._bytes = kept
        self.position = last

    def _insert(self, position: int, record: Quarantine) -> int:
        # Reasons are words of our own; a flood of invented ones must not grow without bound.
        known = record.reason in self._reasons or len(self._reasons) < _MOST_REASONS
        reason = record.reason if known else _OTHER
        self._reasons.add(reason)
        text = len(record.source.encode()) + len(record.reason.encode()) + len(record.detail.encode())
        size = len(record.payload) + text + _ROW_BYTES
        self._connection.execute(
            "insert into reject (position, received_ns, source, reason, detail, payload, bytes)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (position, record.received_ns, record.source, reason, record.detail, record.payload, size),
        )
        self._connection.execute(
            "insert into reason (reason, seen) values (?, 1) on conflict (reason) do update set seen = seen + 1",
            (reason,),
        )
        return size

    def _forget(self, too_many: int) -> int:
        gone = 0
        last = 0
        for position, size in self._connection.execute("select position, bytes from reject order by position"):
            if gone >= too_many:
                break
            gone += size
            last = position
        self._connection.execute("delete from reject where position <= ?", (last,))
        return gone

    def sync(self) -> None:
        """Make everything taken so far survive a power cut."""
        self._connection.execute("pragma wal_checkpoint(passive)").fetchone()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def open_rejects(path: Path, cap_bytes: int) -> Rejects:
    """Open the copy; a damaged one is put aside, not in the way."""
    try:
        return Rejects(path, cap_bytes)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        _log.exception("%s is damaged and was renamed; counting starts anew", path)
        for tail in ("", "-wal", "-shm"):
            part = path.with_name(path.name + tail)
            if part.exists():
                part.replace(part.with_name(f"{part.name}.damaged"))
        return Rejects(path, cap_bytes)


def counts_of(path: Path) -> tuple[RejectCount, ...]:
    """Return the counts by reason, most frequent first."""
    if not path.exists():
        return ()
    with closing(_open_to_read(path)) as connection:
        rows = connection.execute(
            "select reason.reason, seen, count(position), coalesce(sum(bytes), 0) from reason"
            " left join reject on reject.reason = reason.reason group by reason.reason order by seen desc, 1"
        )
        return tuple(RejectCount(*row) for row in rows)


def newest_of(path: Path, limit: int) -> list[Quarantine]:
    """Return the newest kept records, newest first."""
    if not path.exists():
        return []
    with closing(_open_to_read(path)) as connection:
        rows = connection.execute(
            "select source, reason, detail, payload, received_ns from reject order by position desc limit ?", (limit,)
        )
        return [Quarantine(*row) for row in rows]


def _open_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
