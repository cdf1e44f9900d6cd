"""The state of detection on disk: blocks of rows and the place in the journal, committed in one transaction.

Each row carries its key (channel, rule, hazard, asset), the version of its detector and the hash of its parameters,
so that after a change of the site file the rows that still fit stay and the others begin anew. Only blocks that
changed are written.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
import numpy as np

from detectors.contract import State

_BLOCK_ROWS = 256
_SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = full;
create table if not exists place (one integer primary key check (one = 1), position integer, moment_ns integer);
create table if not exists block (part text, number integer, rows blob, primary key (part, number)) without rowid;
"""

logger = logging.getLogger(__name__)


class Part(NamedTuple):
    """Rows of state of one bank."""

    name: str
    version: int
    keys: Sequence[tuple[str, ...]]
    parameters: Sequence[str]
    """Hash of each row's parameters."""
    state: State


class _Array(msgspec.Struct, frozen=True, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class _Block(msgspec.Struct, frozen=True, array_like=True):
    version: int
    keys: list[tuple[str, ...]]
    parameters: list[str]
    state: dict[str, _Array]


class SnapshotFile:
    """detection.db: one snapshot, replaced by the next."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._written: dict[tuple[str, int], bytes] = {}
        self._parts: list[Part] = []
        found = connection.execute("select position, moment_ns from place").fetchone()
        self.position: int = found[0] if found else 0
        self.moment_ns: int = found[1] if found else 0
        for name, rows in connection.execute("select part, rows from block order by part, number"):
            self._parts.append(_decode(name, rows))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open or create the file; one that cannot be read is put aside, and detection begins anew."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "detection.db"
        try:
            return cls(_connect(path))
        except (sqlite3.DatabaseError, zlib.error, msgspec.DecodeError, ValueError) as error:
            logger.warning("%s cannot be read (%s); detection starts from the oldest journaled reading", path, error)
        for suffix in ("", "-wal", "-shm"):
            old = path.with_name(path.name + suffix)
            if old.exists():
                old.replace(path.with_name(f"{path.name}.unreadable{suffix}"))
        return cls(_connect(path))

    def take(self) -> list[Part]:
        """Return the parts of the snapshot found at opening, once."""
        parts, self._parts = self._parts, []
        return parts

    def save(self, position: int, moment_ns: int, parts: Sequence[Part]) -> None:
        """Replace the snapshot; durable on return."""
        blocks = {(part.name, number): data for part in parts for number, data in enumerate(_encode(part))}
        digests = {key: hashlib.blake2b(data, digest_size=16).digest() for key, data in blocks.items()}
        changed = [(*key, zlib.compress(blocks[key], 1)) for key in blocks if self._written.get(key) != digests[key]]
        with self._connection as connection:
            connection.execute("begin immediate")
            if not self._written:
                connection.execute("delete from block")
            gone = [key for key in self._written if key not in blocks]
            connection.executemany("delete from block where part = ? and number = ?", gone)
            connection.executemany("insert or replace into block values (?, ?, ?)", changed)
            connection.execute("insert or replace into place values (1, ?, ?)", (position, moment_ns))
        self._written = digests
        self.position, self.moment_ns = position, moment_ns

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    # Opened on one thread, used on the reader's; never by two at a time.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.executescript(_SCHEMA)
    return connection


def _encode(part: Part) -> list[bytes]:
    blocks = []
    for start in range(0, len(part.keys), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        state = {
            name: _Array(array.dtype.str, array[rows].shape, np.ascontiguousarray(array[rows]).tobytes())
            for name, array in part.state.items()
        }
        block = _Block(part.version, list(part.keys[rows]), list(part.parameters[rows]), state)
        blocks.append(msgspec.msgpack.encode(block))
    return blocks


def _decode(name: str, rows: bytes) -> Part:
    block = msgspec.msgpack.decode(zlib.decompress(rows), type=_Block)
    state = {
        column: np.frombuffer(array.data, np.dtype(array.dtype)).reshape(array.shape)
        for column, array in block.state.items()
    }
    return Part(name, block.version, block.keys, block.parameters, state)
