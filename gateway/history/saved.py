"""What a history has on disk, read beside a running gateway or without one. Writes nothing and mends nothing."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import numpy as np

from gateway.history import chunk
from gateway.history.columns import Columns, joined, settled
from gateway.history.head_log import decode

_REACHING = """
select body from chunk where channel = :channel and first_ns < :end and last_ns >= :start and first_ns >= coalesce(
  (select max(first_ns) from chunk where channel = :channel and first_ns <= :start), :start) order by first_ns
"""


class SavedHistory:
    """The history of a folder as its last commit left it."""

    def __init__(self, folder: Path) -> None:
        """Raise FileNotFoundError when there is none."""
        # The head first: rows that leave it meanwhile are in a chunk by then, the other way round they could be missed.
        self._unsealed: dict[int, Columns] = {}
        with closing(_open(folder / "head.db")) as head:
            head.execute("begin")
            found = head.execute("select position from place").fetchone()
            self.position: int = found[0] if found else 0
            """The reader's place: everything journaled up to it is here."""
            self.channels: dict[str, int] = dict(head.execute("select id, number from channel"))
            """The number of every channel id ever remembered."""
            self._take(body for (body,) in head.execute("select body from log order by entry"))
        self._chunks = _open(folder / "chunks.db")
        # One view of the chunks, however long they are looked at: what is sealed later belongs to no place known here.
        self._chunks.execute("begin")
        self._chunks.execute("select 1 from chunk limit 1").fetchone()
        self.damaged = 0
        """Chunks that could not be read."""

    def _take(self, bodies: Iterator[bytes]) -> None:
        parts: defaultdict[int, list[Columns]] = defaultdict(list)
        for body in bodies:
            try:
                unlogged = decode(body)
            except ValueError:
                continue
            ends = np.cumsum(unlogged.length.astype(np.int64)).tolist()
            runs = zip(unlogged.channel.tolist(), unlogged.fresh.tolist(), [0, *ends], ends, strict=False)
            for channel, is_fresh, begin, end in runs:
                if is_fresh:
                    parts[channel].clear()
                parts[channel].append(unlogged.rows.take(slice(begin, end)))
        self._unsealed = {channel: settled(joined(some)) for channel, some in parts.items() if some}

    def read(self, channel: int, start_ns: int, end_ns: int) -> Columns:
        """Return the readings from start on and before end, in the order of time."""
        parts = []
        for (body,) in self._chunks.execute(_REACHING, {"channel": channel, "start": start_ns, "end": end_ns}):
            try:
                parts.append(chunk.decode(body).between(start_ns, end_ns))
            except ValueError:
                self.damaged += 1
        if (unsealed := self._unsealed.get(channel)) is not None:
            parts.append(unsealed.between(start_ns, end_ns))
        return settled(joined(parts))

    def oldest_ns(self) -> int | None:
        """Return the time of the oldest reading in any chunk; None while there is none."""
        (oldest,) = self._chunks.execute("select min(first_ns) from chunk").fetchone()
        return None if oldest is None else int(oldest)

    def close(self) -> None:
        """Let go of the files."""
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise FileNotFoundError(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10, check_same_thread=False
    )
    connection.execute("pragma cache_size=-2000")
    return connection
