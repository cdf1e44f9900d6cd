"""A process to be killed: journals numbered readings as fast as it can, follows itself, and tells what is durable.

Every commit holds 1 to 40 appends; append n holds two batches, of n % 7 + 1 rows each, and every 10th also a reject.
Each line on stdout is the number of an append whose future has resolved.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.clock import SystemClock
from gateway.health import Health
from gateway.journal import Entry, Follower, Journal
from gateway.model import Batch, Quarantine, Record, batch_of
from gateway.settings import JournalSettings

SETTINGS = JournalSettings(
    segment_bytes=300_000, cap_bytes=3_000_000, reserve_bytes=100_000, flush_seconds=0.002, readers=("notes",)
)


class Notes:
    """A reader that keeps its place in the transaction of its work."""

    name = "notes"

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.executescript(
            "create table if not exists note (position integer, number integer, rows integer);"
            "create table if not exists place (position integer); insert into place select 0"
            " where not exists (select 1 from place);"
        )

    def position(self) -> int:
        """Return the durable place."""
        (position,) = self._connection.execute("select max(position) from place").fetchone()
        return int(position)

    def apply(self, entries: Sequence[Entry]) -> int:
        """Note every batch."""
        if entries:
            notes = [
                (entry.position, int(entry.record.value[0]), len(entry.record))
                for entry in entries
                if isinstance(entry.record, Batch)
            ]
            self._connection.execute("begin immediate")
            self._connection.executemany("insert into note values (?, ?, ?)", notes)
            self._connection.execute("update place set position = ?", (entries[-1].position,))
            self._connection.execute("commit")
        return self.position()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def records_of(number: int, clock: SystemClock) -> list[Record]:
    """Return what append `number` holds."""
    rows = number % 7 + 1
    received = clock.now()
    records: list[Record] = [
        batch_of([(2 * n + half, number, float(number), 1, 0) for n in range(rows)], received) for half in (0, 1)
    ]
    if number % 10 == 0:
        records.append(Quarantine("victim", "tenth", str(number), b"x" * 20, received.utc_ns))
    return records


def main(folder: Path, first: int) -> None:
    """Append from a number on until somebody ends it."""
    clock = SystemClock()
    health = Health()
    journal = Journal.open(folder / "journal", settings=SETTINGS, clock=clock, health=health)
    Follower(journal, Notes(folder / "notes.db"), health=health).start()
    number = first
    while True:
        futures = [(n, journal.append(records_of(n, clock))) for n in range(number, number + number % 40 + 1)]
        for n, future in futures:
            future.result()
            os.write(1, b"%d\n" % n)
        number += len(futures)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
