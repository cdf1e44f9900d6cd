"""A history read from its files, whether a gateway is writing them or not. Writes nothing, repairs nothing.

What a running gateway has not committed yet (ten seconds at most) is not seen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from gateway.errors import Unreachable
from gateway.history import chunk
from gateway.history.buckets import Buckets, fill, items_of
from gateway.history.columns import Columns, joined, settled
from gateway.history.head_log import decode

_CHUNKS = """
select body from chunk where channel = :channel and first_ns < :end and last_ns >= :start order by first_ns
"""


class OfflineHistory:
    """The history in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not (folder / "head.db").exists():
            raise FileNotFoundError(f"there is no history in {folder}")
        self.damaged = 0
        """Entries and chunks that could not be read and were passed over."""

    def channels(self) -> dict[str, int]:
        """Return the number of each channel id."""
        with self._reading("head.db") as head:
            return dict(head.execute("select id, number from channel order by number"))

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None = None) -> Columns:
        """Return the readings from start on and before end, in the order of time, at most the earliest `limit`."""
        # The head first: rows that leave it meanwhile are in a chunk by then.
        unsealed = self._unsealed(channel)
        parts = [*self._sealed(channel, start_ns, end_ns), unsealed]
        return settled(joined(parts)).between(start_ns, end_ns).take(slice(limit))

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int) -> Buckets:
        """Return the readings from start on and before end drawn together into `count` equal times."""
        return fill(items_of(self.read(channel, start_ns, end_ns), ()), start_ns, end_ns, count)

    def _unsealed(self, channel: int) -> Columns:
        rows: list[Columns] = []
        with self._reading("head.db") as head:
            for (body,) in head.execute("select body from log order by entry"):
                try:
                    entry = decode(body)
                except ValueError:
                    self.damaged += 1
                    continue
                for run in np.flatnonzero(entry.channel == channel).tolist():
                    if entry.fresh[run]:
                        rows = []
                    begin = int(entry.length[:run].sum())
                    rows.append(entry.rows.take(slice(begin, begin + int(entry.length[run]))))
        return joined(rows)

    def _sealed(self, channel: int, start_ns: int, end_ns: int) -> Iterator[Columns]:
        with self._reading("chunks.db") as chunks:
            for (body,) in chunks.execute(_CHUNKS, {"channel": channel, "start": start_ns, "end": end_ns}):
                try:
                    yield chunk.decode(body)
                except ValueError:
                    self.damaged += 1

    @contextmanager
    def _reading(self, name: str) -> Iterator[sqlite3.Connection]:
        path = (self._folder / name).absolute()
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
                connection.execute("begin")
                yield connection
        except sqlite3.DatabaseError as error:
            raise Unreachable(f"{path} cannot be read ({error})") from error
