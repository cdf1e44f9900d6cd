"""proof.db: counts by channel and hour, the times of the last days, facts that explain gaps, and the reader's place.

All of it is committed in one transaction with the place. Times are kept for two days, or as far as their share of the
file goes; counts for forty days.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from gateway.errors import Unreachable
from gateway.model import Int64s
from gateway.proof.tally import HOUR_NS, SLICE_NS, Counts, Slice

FILE = "proof.db"
_SCHEMA = """
create table if not exists place (
    one integer primary key check (one = 1), position integer not null, horizon integer not null,
    began_ns integer not null);
create table if not exists hour (
    channel integer not null, hour integer not null, rows integer not null, distinct_rows integer not null,
    corrected integer not null, unknown integer not null, last_position integer not null,
    primary key (channel, hour)) without rowid;
create table if not exists slice (
    channel integer not null, cell integer not null, part integer not null, body blob not null,
    primary key (channel, cell, part)) without rowid;
create index if not exists by_age on slice (cell);
create table if not exists newest (channel integer primary key, time_ns integer not null);
create table if not exists fact (
    hour integer not null, kind text not null, subject text not null, count integer not null,
    primary key (hour, kind, subject)) without rowid;
"""
_SLICES_KEPT = 2 * 24 * HOUR_NS // SLICE_NS
_HOURS_KEPT = 40 * 24
_SLICES_BYTES = 64_000_000
_KINDS = (np.dtype("<u1"), np.dtype("<u2"), np.dtype("<u4"), np.dtype("<u8"))
_SLICE_HEAD = struct.Struct("<qqB")
_NO_CELL = -(1 << 62)
_MOST_SUBJECTS = 512
"""Facts of one hour are about so many subjects at most; the rest is one."""

TICK = "tick"
REJECTED = "rejected"
REFUSED = "refused"
HOLE = "hole"
BEGAN = "began"
"""Kinds of facts: the journal's ticks, what became no reading, what a database refuses for ever (by channel and source
time), positions that nobody can read any more, and the moment at which counting began."""

Fact = tuple[int, str, str]
"""Hour, kind, subject."""


class ProofFile:
    """The file; applied to by one thread. `read_only` opens one that a gateway may be writing."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        path = folder / FILE
        if read_only:
            if not path.exists():
                raise FileNotFoundError(path)
            uri = f"{path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = _opened(path)
        if read_only:
            # One view of the file, however long the report takes.
            self._connection.execute("begin")
        found = self._connection.execute("select position, horizon, began_ns from place").fetchone()
        self.position: int = found[0] if found else 0
        """The journal's position up to which everything is counted here."""
        self._horizon: int = found[1] if found else _NO_CELL
        self.began_ns: int | None = found[2] if found else None
        """Journal time at which counting began; 0 when it began with the journal itself, None when it has not."""

    def newest_ns(self) -> dict[int, int]:
        """Return the newest time of each channel."""
        return dict(self._connection.execute("select channel, time_ns from newest"))

    def load(self, channel: int, cell: int) -> Int64s | None:
        """Return the times of a slice; None when they were given up."""
        if cell < self._horizon:
            return None
        found = self._connection.execute(
            "select body from slice where channel = ? and cell = ? order by part", (channel, cell)
        )
        parts = [_unpacked(body) for (body,) in found]
        if len(parts) == 1:
            return parts[0]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def commit(
        self,
        position: int,
        counts: Mapping[tuple[int, int], Counts],
        slices: Mapping[Slice, Int64s],
        facts: Mapping[Fact, int],
        *,
        began_ns: int,
        now_ns: int,
    ) -> None:
        """Put on disk what was counted up to a position, as one whole."""
        # Each commit adds a part to a slice: writing it whole again would cost more the busier a channel is.
        parts = [(channel, cell, position, _packed(times)) for (channel, cell), times in slices.items()]
        newest: dict[int, int] = {}
        for (channel, _), times in slices.items():
            newest[channel] = max(newest.get(channel, int(times[-1])), int(times[-1]))
        with _transaction(self._connection) as connection:
            connection.executemany(
                "insert into hour values (?, ?, ?, ?, ?, ?, ?) on conflict (channel, hour) do update set"
                " rows = rows + excluded.rows, distinct_rows = distinct_rows + excluded.distinct_rows,"
                " corrected = corrected + excluded.corrected, unknown = unknown + excluded.unknown,"
                " last_position = max(last_position, excluded.last_position)",
                [
                    (channel, hour, one.rows, one.distinct, one.corrected, one.unknown, one.last_position)
                    for (channel, hour), one in counts.items()
                ],
            )
            connection.executemany("insert or replace into slice values (?, ?, ?, ?)", parts)
            connection.executemany(
                "insert into newest values (?, ?)"
                " on conflict (channel) do update set time_ns = max(time_ns, excluded.time_ns)",
                newest.items(),
            )
            connection.executemany(
                "insert into fact values (?, ?, ?, ?)"
                " on conflict (hour, kind, subject) do update set count = count + excluded.count",
                [(*fact, count) for fact, count in facts.items()],
            )
            horizon = self._forget(connection, now_ns)
            connection.execute("insert or replace into place values (1, ?, ?, ?)", (position, horizon, began_ns))
        self.position, self._horizon, self.began_ns = position, horizon, began_ns

    def _forget(self, connection: sqlite3.Connection, now_ns: int) -> int:
        """Give up what is too old or too much; return the slice from which on all times are known."""
        horizon = max(self._horizon, now_ns // SLICE_NS - _SLICES_KEPT)
        connection.execute("delete from slice where cell < ?", (horizon,))
        connection.execute("delete from hour where hour < ?", (now_ns // HOUR_NS - _HOURS_KEPT,))
        connection.execute("delete from fact where hour < ?", (now_ns // HOUR_NS - _HOURS_KEPT,))
        (size,) = connection.execute("select coalesce(sum(length(body)), 0) from slice").fetchone()
        while size > _SLICES_BYTES:
            (oldest,) = connection.execute("select min(cell) from slice").fetchone()
            horizon = oldest + 1
            connection.execute("delete from slice where cell < ?", (horizon,))
            (size,) = connection.execute("select coalesce(sum(length(body)), 0) from slice").fetchone()
        return horizon

    def counts(self, first_hour: int, last_hour: int) -> dict[tuple[int, int], Counts]:
        """Return the counts by (channel, hour) from one hour to another, both included."""
        found = self._connection.execute(
            "select channel, hour, rows, distinct_rows, corrected, unknown, last_position from hour"
            " where hour between ? and ?",
            (first_hour, last_hour),
        )
        return {(channel, hour): Counts(*rest) for channel, hour, *rest in found}

    def times(self, channel: int, hour: int) -> Int64s | None:
        """Return the distinct times of a channel in an hour; None when they are not all kept any more."""
        per_hour = HOUR_NS // SLICE_NS
        parts = [self.load(channel, hour * per_hour + number) for number in range(per_hour)]
        known = [part for part in parts if part is not None]
        return np.concatenate(known) if len(known) == len(parts) else None

    def facts(self, first_hour: int, last_hour: int) -> dict[Fact, int]:
        """Return facts and how often each was met."""
        found = self._connection.execute(
            "select hour, kind, subject, count from fact where hour between ? and ?", (first_hour, last_hour)
        )
        return {(hour, kind, subject): count for hour, kind, subject, count in found}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bounded(facts: Mapping[Fact, int]) -> dict[Fact, int]:
    """Return the facts with what is beyond the bound of an hour under one subject."""
    kept: dict[Fact, int] = {}
    for (hour, kind, subject), count in facts.items():
        key = (hour, kind, subject) if len(kept) < _MOST_SUBJECTS else (hour, kind, "others")
        kept[key] = kept.get(key, 0) + count
    return kept


def _packed(times: Int64s) -> bytes:
    """Return sorted distinct times as first, greatest common step, and the steps in as few bytes as they need."""
    steps = np.diff(times)
    common = int(np.gcd.reduce(steps)) if len(steps) else 1
    counts = steps // common
    kind = next(kind for kind in _KINDS if not len(counts) or int(counts.max()) <= np.iinfo(kind).max)
    head = _SLICE_HEAD.pack(int(times[0]), common, _KINDS.index(kind))
    return head + zlib.compress(counts.astype(kind).tobytes(), 1)


def _unpacked(body: bytes) -> Int64s:
    first, common, kind = _SLICE_HEAD.unpack_from(body)
    counts = np.frombuffer(zlib.decompress(body[_SLICE_HEAD.size :]), _KINDS[kind]).astype(np.int64)
    times: Int64s = first + np.concatenate(([np.int64(0)], np.cumsum(counts * common)))
    return times


def _opened(path: Path) -> sqlite3.Connection:
    """Open or make the file; one that is damaged is put aside, and counting starts anew."""
    for _ in range(2):
        connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode=wal")
            # What a power cut takes is counted again from the journal: the place goes with it.
            connection.execute("pragma synchronous=normal")
            connection.executescript(f"begin; {_SCHEMA} commit;")
        except sqlite3.OperationalError as error:
            connection.close()
            raise Unreachable(f"{path} cannot be opened: {error}") from error
        except sqlite3.DatabaseError:
            connection.close()
            for tail in ("", "-wal", "-shm"):
                part = path.with_name(path.name + tail)
                if part.exists():
                    part.replace(part.with_name(f"{part.name}.damaged"))
        else:
            return connection
    raise Unreachable(f"{path} is damaged and cannot be put aside")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    if connection.in_transaction:
        connection.execute("rollback")
    connection.execute("begin immediate")
    try:
        yield connection
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
