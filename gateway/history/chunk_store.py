"""The sealed chunks on disk, keyed by channel and first time, in one SQLite file.

Rule 1: chunks of a channel never overlap, and within one times only go forward; so counting needs no decoding.
Rule 2: rows sealed twice change nothing: those that a chunk holds already are settled into it.
Rule 3: when the file is full the oldest chunks go first, and their rows are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gateway.health import Health
from gateway.history import chunk
from gateway.history.columns import Columns, joined, settled, usable
from gateway.history.database import ReadConnections, connect, transaction
from gateway.history.head import SEAL_ROWS

_PAGE = 8192
_DROP_AT_ONCE = 256
_TABLES = """
create table if not exists chunk (
  channel integer not null, first_ns integer not null, last_ns integer not null, rows integer not null,
  low real, high real, first real, last real, worst integer not null, body blob not null
);
create unique index if not exists by_time on chunk (channel, first_ns);
create index if not exists by_age on chunk (last_ns);
"""
# As chunks do not overlap, only the last that begins before a time can reach into it.
_NEAR = """
 from chunk where channel = :channel and first_ns < :end and first_ns >= coalesce(
  (select max(first_ns) from chunk where channel = :channel and first_ns <= :start), :start)
"""
_IN_ORDER = " order by first_ns"
_REACHING = _NEAR + " and last_ns >= :start" + _IN_ORDER


class Sealed(NamedTuple):
    """Settled rows of one channel on their way into chunks: late ones, and those beyond all chunks."""

    channel: int
    late: Columns
    rows: Columns


class Span(NamedTuple):
    """A chunk as a bucket sees it: its summary, and its bytes when the summary does not suffice."""

    first_ns: int
    last_ns: int
    rows: int
    low: float | None
    high: float | None
    first: float | None
    last: float | None
    worst: int
    body: bytes | None


class ChunkStore:
    """chunks.db: written by one thread, read by any."""

    def __init__(self, path: Path, *, health: Health) -> None:
        self._health = health
        self._connection, self.set_aside = connect(path, page_size=_PAGE, tables=_TABLES)
        self._readers = ReadConnections(path)

    def ends(self) -> dict[int, int]:
        """Return the time of the last sealed row of every channel."""
        ends: dict[int, int] = {}
        channel = -1
        while found := self._connection.execute(
            "select channel from chunk where channel > ? order by channel limit 1", (channel,)
        ).fetchone():
            (channel,) = found
            (ends[channel],) = self._connection.execute(
                "select last_ns from chunk where channel = ? order by first_ns desc limit 1", (channel,)
            ).fetchone()
        return ends

    def seal(self, work: Iterable[Sealed]) -> None:
        """Commit rows as chunks, all of them or none."""
        with transaction(self._connection):
            for channel, late, rows in work:
                if len(late):
                    self._settle_into_chunks(channel, late)
                if len(rows):
                    self._append(channel, rows)

    def _append(self, channel: int, rows: Columns) -> None:
        found = self._connection.execute(
            "select rows from chunk where channel = ? order by first_ns desc limit 1", (channel,)
        ).fetchone()
        if found and found[0] + len(rows) <= SEAL_ROWS:
            self._settle_into_chunks(channel, rows)
        else:
            self._insert(channel, rows)

    def _insert(self, channel: int, rows: Columns) -> None:
        pieces = -(-len(rows) // SEAL_ROWS)
        for piece in range(pieces):
            part = rows.take(slice(len(rows) * piece // pieces, len(rows) * (piece + 1) // pieces))
            self._connection.execute(
                "insert or replace into chunk values (?,?,?,?,?,?,?,?,?,?)",
                (channel, *_summary(part), chunk.encode(part)),
            )

    def _settle_into_chunks(self, channel: int, rows: Columns) -> None:
        """Settle rows into the chunks they fall into or follow."""
        start, end = int(rows.time_ns[0]), int(rows.time_ns[-1]) + 1
        held = self._connection.execute(
            "select rowid, first_ns, last_ns, rows" + _NEAR + _IN_ORDER,
            {"channel": channel, "start": start, "end": end},
        ).fetchall()
        begins = np.searchsorted(rows.time_ns, [first_ns for _, first_ns, _, _ in held]).tolist()
        cuts = [*begins, len(rows)]
        if cuts[0] > 0:
            self._insert(channel, rows.take(slice(cuts[0])))
        for (rowid, _, last_ns, count), cut in zip(held, pairwise(cuts), strict=True):
            part = rows.take(slice(*cut))
            if not len(part):
                continue
            if part.time_ns[0] > last_ns and count + len(part) > SEAL_ROWS:
                self._insert(channel, part)
            else:
                self._settle_into_chunk(channel, rowid, part)

    def _settle_into_chunk(self, channel: int, rowid: int, rows: Columns) -> None:
        (body,) = self._connection.execute("select body from chunk where rowid = ?", (rowid,)).fetchone()
        old = self.decoded(body)
        whole = settled(joined((old, rows)))
        if whole.same_as(old):
            return
        self._connection.execute("delete from chunk where rowid = ?", (rowid,))
        self._insert(channel, whole)

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None = None) -> Columns:
        """Return the rows from start on and before end; given a limit, at least so many of the earliest if held."""
        parts: list[Columns] = []
        rows = 0
        with self._readers.lend() as connection:
            for (body,) in connection.execute(
                "select body" + _REACHING,
                {"channel": channel, "start": start_ns, "end": end_ns},
            ):
                parts.append(self.decoded(body).between(start_ns, end_ns))
                rows += len(parts[-1])
                if limit is not None and rows >= limit:
                    break
        return joined(parts)

    def spans(self, channel: int, start_ns: int, end_ns: int, width_ns: int) -> list[Span]:
        """Return the chunks that reach into a time; bytes come only with those no bucket of this width holds whole."""
        with self._readers.lend() as connection:
            found = connection.execute(
                "select first_ns, last_ns, rows, low, high, first, last, worst,"
                " case when first_ns >= :start and last_ns < :end"
                "  and (first_ns - :start) / :width = (last_ns - :start) / :width then null else body end" + _REACHING,
                {"channel": channel, "start": start_ns, "end": end_ns, "width": width_ns},
            )
            return [Span(*row) for row in found]

    def count(self, channel: int, unsealed: Columns) -> int:
        """Count the distinct times of a channel, with unsealed rows that may repeat sealed ones."""
        with self._readers.lend() as connection:
            (rows,) = connection.execute(
                "select coalesce(sum(rows), 0) from chunk where channel = ?", (channel,)
            ).fetchone()
            if not len(unsealed):
                return int(rows)
            start, end = int(unsealed.time_ns[0]), int(unsealed.time_ns[-1]) + 1
            bodies = connection.execute(
                "select body" + _REACHING, {"channel": channel, "start": start, "end": end}
            ).fetchall()
        held = joined(self.decoded(body) for (body,) in bodies)
        return int(rows) + int((~np.isin(unsealed.time_ns, held.time_ns)).sum())

    def decoded(self, body: bytes) -> Columns:
        """Return the rows of a chunk; a damaged one has none, which is counted."""
        try:
            return chunk.decode(body)
        except ValueError:
            self._health.count("history", "failed", reason="damaged chunk")
            return joined(())

    def drop_oldest(self, surplus_bytes: int, *, spare: int) -> int:
        """Give up the oldest chunks, as far as one turn goes, and shorten the file; return the rows given up."""
        (free,) = self._connection.execute("pragma freelist_count").fetchone()
        wanted = surplus_bytes + spare - free * _PAGE
        freed = rows = 0
        with transaction(self._connection):
            for rowid, count, size in self._connection.execute(
                "select rowid, rows, length(body) from chunk order by last_ns limit ?", (_DROP_AT_ONCE,)
            ).fetchall():
                if freed >= wanted:
                    break
                self._connection.execute("delete from chunk where rowid = ?", (rowid,))
                freed += size
                rows += count
        # `execute` would free a single page.
        self._connection.executescript(f"pragma incremental_vacuum({surplus_bytes // _PAGE + 1})")
        self.checkpoint()
        return rows

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file."""
        self._connection.execute("pragma wal_checkpoint(truncate)")

    def close(self) -> None:
        """Let go of the file."""
        self._readers.close()
        self._connection.close()


def _summary(rows: Columns) -> Sequence[float | None]:
    """Return first and last time, rows, low, high, first and last usable value, worst quality."""
    ends = (int(rows.time_ns[0]), int(rows.time_ns[-1]), len(rows))
    value = rows.value[usable(rows)]
    worst = int(rows.quality.max())
    if not len(value):
        return (*ends, None, None, None, None, worst)
    return (*ends, float(value.min()), float(value.max()), float(value[0]), float(value[-1]), worst)
