"""Rows whose time is not known yet, on disk until an anchor gives it, and the newest anchor of each boot.

Rule 1: a row that is held is as durable as one in the journal, and acknowledged like one.
Rule 2: the anchor is kept before rows are released by it; released again after a crash, they get the same times, and
        the same time and value of a channel is the same reading.
Rule 3: rows of a boot that never had an anchor ended before this boot began; that is all that is known, so they are
        placed there as SUSPECT and stay flagged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from gateway.errors import Unreachable
from gateway.journal.encoding import KIND_BATCH, decode, encode
from gateway.model import Anchor, Batch, Flag, Quality

FILE = "unsure.db"
_SCHEMA = """
create table if not exists held (
    id integer primary key, boot_id text not null, readings integer not null, body blob not null);
create table if not exists anchor (
    boot_id text primary key, monotonic_ns integer not null, utc_ns integer not null) without rowid;
"""
_CAP_BYTES = 64_000_000
_BOOTS_KEPT = 8


class HeldRows:
    """The side table of one journal; one thread at a time."""

    def __init__(self, folder: Path, cap_bytes: int = _CAP_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._cap_bytes = cap_bytes
        self._connection = sqlite3.connect(folder / FILE, isolation_level=None, timeout=10, check_same_thread=False)
        try:
            self._connection.execute("pragma synchronous=extra")
            self._connection.executescript(f"begin; {_SCHEMA} commit;")
            self._bytes, self.readings = self._connection.execute(
                "select coalesce(sum(length(body)), 0), coalesce(sum(readings), 0) from held"
            ).fetchone()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise Unreachable(f"{folder / FILE} cannot be used ({error}); restore or remove it") from error

    @staticmethod
    def held_in(folder: Path) -> int:
        """Return how many readings are held in a folder, also while a gateway runs."""
        path = folder / FILE
        if not path.exists():
            return 0
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            (readings,) = connection.execute("select coalesce(sum(readings), 0) from held").fetchone()
            return int(readings)

    def anchor(self, boot_id: str) -> Anchor | None:
        """Return the newest anchor of a boot."""
        found = self._connection.execute(
            "select boot_id, monotonic_ns, utc_ns from anchor where boot_id = ?", (boot_id,)
        ).fetchone()
        return None if found is None else Anchor(*found)

    def keep(self, anchor: Anchor) -> None:
        """Put an anchor on disk; those of boots long past go."""
        with self._disk():
            self._connection.execute(
                "insert or replace into anchor values (?, ?, ?)", (anchor.boot_id, anchor.monotonic_ns, anchor.utc_ns)
            )
            self._connection.execute(
                "delete from anchor where boot_id not in (select boot_id from anchor order by utc_ns desc limit ?)",
                (_BOOTS_KEPT,),
            )

    def hold(self, batches: Sequence[Batch]) -> None:
        """Put rows on disk, all of them or none, or raise Unreachable.

        Their times are monotonic times of the batch's boot.
        """
        rows = [(batch.boot_id, len(batch), encode(batch).body) for batch in batches if len(batch)]
        size = sum(len(body) for _, _, body in rows)
        if self._bytes + size > self._cap_bytes:
            raise Unreachable(f"{self.readings} readings wait for the time to be known, more do not fit; set the clock")
        with self._disk():
            self._connection.executemany("insert into held (boot_id, readings, body) values (?, ?, ?)", rows)
        self._bytes += size
        self.readings += sum(readings for _, readings, _ in rows)

    def timed(self, anchor: Anchor) -> list[Batch]:
        """Return what is held with the times it has by this boot's anchor, in the order in which it was held."""
        ends: dict[str, int] = {}
        for boot_id, batch in self._held():
            ends[boot_id] = max(ends.get(boot_id, batch.monotonic_ns), int(batch.time_ns.max()), batch.monotonic_ns)
        began_ns = anchor.utc_ns - anchor.monotonic_ns
        timed = []
        for boot_id, batch in self._held():
            own = anchor if boot_id == anchor.boot_id else self.anchor(boot_id)
            if own is not None:
                timed.append(_moved(batch, own.utc_ns - own.monotonic_ns))
            else:
                guessed = _moved(batch, began_ns - ends[boot_id])
                quality = np.maximum(guessed.quality, np.uint8(Quality.SUSPECT))
                timed.append(replace(guessed, quality=quality, flags=guessed.flags | np.uint16(Flag.TIME_UNSURE)))
        return timed

    def _held(self) -> Iterator[tuple[str, Batch]]:
        for boot_id, body in self._connection.execute("select boot_id, body from held order by id"):
            with suppress(ValueError):
                batch = decode(KIND_BATCH, body)
                if isinstance(batch, Batch):
                    yield boot_id, batch

    def forget(self) -> None:
        """Let go of everything held: it is in the journal."""
        with self._disk():
            self._connection.execute("delete from held")
        self._bytes = self.readings = 0

    def _disk(self) -> _Transaction:
        return _Transaction(self._connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self._connection.execute("rollback" if kind else "commit")
        except sqlite3.OperationalError as trouble:
            with suppress(sqlite3.OperationalError):
                self._connection.execute("rollback")
            if kind is None:
                raise Unreachable(f"readings without a sure time cannot be kept: {trouble}") from trouble
        if isinstance(error, sqlite3.OperationalError):
            raise Unreachable(f"readings without a sure time cannot be kept: {error}") from error


def _moved(batch: Batch, offset_ns: int) -> Batch:
    return replace(batch, time_ns=batch.time_ns + offset_ns, received_ns=batch.monotonic_ns + offset_ns)
