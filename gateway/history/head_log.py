"""The head on disk: a log of the unsealed rows, the reader's place and the channel table, in one SQLite file.

The place is committed in one transaction with the rows before it, with `synchronous=FULL`: the journal gives up what
lies before a place it was told, so a place must be as durable as the rows it stands for.

An entry is  crc32 | header | channel i·runs | length I·runs | received_ns q·runs | fresh ?·runs |
time_ns q·rows | value d·rows | quality B·rows unless all good | flags H·rows unless all none.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from gateway.history.columns import Columns
from gateway.history.database import connect, transaction
from gateway.history.head import Unlogged
from gateway.model import Quality

_VERSION = 1
_CRC = struct.Struct("<I")
_HEADER = struct.Struct("<BBII")
_HAS_QUALITY, _HAS_FLAGS = 1, 2
_TABLES = """
create table if not exists place (one integer primary key check (one = 1), position integer not null);
create table if not exists channel (id text primary key, number integer not null) without rowid;
create table if not exists log (entry integer primary key, rows integer not null, body blob not null);
"""


def encode(unlogged: Unlogged) -> bytes:
    """Turn runs of rows into the bytes of an entry."""
    rows = unlogged.rows
    has_quality = bool((rows.quality != Quality.GOOD).any())
    has_flags = bool(rows.flags.any())
    columns = _HAS_QUALITY * has_quality | _HAS_FLAGS * has_flags
    parts = [
        _HEADER.pack(_VERSION, columns, len(unlogged.channel), len(rows)),
        unlogged.channel.tobytes(),
        unlogged.length.tobytes(),
        unlogged.received_ns.tobytes(),
        unlogged.fresh.tobytes(),
        rows.time_ns.tobytes(),
        rows.value.tobytes(),
        rows.quality.tobytes() if has_quality else b"",
        rows.flags.tobytes() if has_flags else b"",
    ]
    body = b"".join(parts)
    return _CRC.pack(zlib.crc32(body)) + body


def decode(entry: bytes) -> Unlogged:
    """Turn the bytes of an entry back; raise ValueError when they are damaged."""
    if len(entry) < _CRC.size + _HEADER.size or _CRC.unpack_from(entry)[0] != zlib.crc32(entry[_CRC.size :]):
        raise ValueError("damaged entry")
    version, columns, runs, rows = _HEADER.unpack_from(entry, _CRC.size)
    if version != _VERSION:
        raise ValueError(f"entry of version {version}; a newer program may have written it")
    at = _CRC.size + _HEADER.size
    channel = np.frombuffer(entry, np.int32, runs, at)
    length = np.frombuffer(entry, np.uint32, runs, at := at + 4 * runs)
    received_ns = np.frombuffer(entry, np.int64, runs, at := at + 4 * runs)
    fresh = np.frombuffer(entry, np.bool_, runs, at := at + 8 * runs)
    time_ns = np.frombuffer(entry, np.int64, rows, at := at + runs)
    value = np.frombuffer(entry, np.float64, rows, at := at + 8 * rows)
    at += 8 * rows
    quality = np.full(rows, int(Quality.GOOD), np.uint8)
    if columns & _HAS_QUALITY:
        quality = np.frombuffer(entry, np.uint8, rows, at)
        at += rows
    flags = np.frombuffer(entry, np.uint16, rows, at) if columns & _HAS_FLAGS else np.zeros(rows, np.uint16)
    return Unlogged(channel, length, fresh, received_ns, Columns(time_ns, value, quality, flags))


class HeadLog:
    """head.db: written by one thread."""

    def __init__(self, path: Path) -> None:
        self._connection, self.set_aside = connect(path, page_size=4096, tables=_TABLES)
        found = self._connection.execute("select position from place").fetchone()
        self.position: int = found[0] if found else 0
        self._entries = deque(self._connection.execute("select entry, rows from log order by entry"))
        self.row_count = sum(rows for _, rows in self._entries)
        """Rows in the log, void ones included."""
        self._next = self._entries[-1][0] + 1 if self._entries else 1

    @property
    def next_entry(self) -> int:
        """The number the next entry gets."""
        return self._next

    def entries(self) -> Iterator[tuple[int, Unlogged | None]]:
        """Yield every entry in order, None for a damaged one."""
        for entry, body in self._connection.execute("select entry, body from log order by entry"):
            try:
                yield entry, decode(body)
            except ValueError:
                yield entry, None

    def commit(self, unlogged: Unlogged, position: int, forget_before: int) -> int:
        """Append the rows, move the place, give up the entries before `forget_before`; return the entry's number."""
        entry, rows = self._next, len(unlogged.rows)
        with transaction(self._connection):
            if len(unlogged.channel):
                self._connection.execute("insert into log values (?, ?, ?)", (entry, rows, encode(unlogged)))
            self._connection.execute("insert or replace into place values (1, ?)", (position,))
            self._connection.execute("delete from log where entry < ?", (forget_before,))
        self.position = position
        if len(unlogged.channel):
            self._next += 1
            self.row_count += rows
            self._entries.append((entry, rows))
        while self._entries and self._entries[0][0] < forget_before:
            self.row_count -= self._entries.popleft()[1]
        return entry

    def remember_channels(self, numbers: Mapping[str, int]) -> None:
        """Keep the number of each channel id."""
        with transaction(self._connection):
            self._connection.executemany("insert or replace into channel values (?, ?)", numbers.items())

    def channels(self) -> dict[str, int]:
        """Return the number of each channel id."""
        return dict(self._connection.execute("select id, number from channel order by number"))

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file."""
        self._connection.execute("pragma wal_checkpoint(truncate)")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
