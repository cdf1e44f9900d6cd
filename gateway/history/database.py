"""How the history opens its SQLite files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from queue import Empty, Full, LifoQueue

_IDLE_READERS = 4


def connect(path: Path, *, page_size: int, tables: str) -> tuple[sqlite3.Connection, Path | None]:
    """Open a file for its one writer; transactions are explicit.

    A file that is no database any more is set aside, and returned, for a new one: warnings must go on.
    """
    try:
        return _connected(path, page_size, tables), None
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        aside = _free_name(path)
        path.rename(aside)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return _connected(path, page_size, tables), aside


def _connected(path: Path, page_size: int, tables: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        # In this order: neither page size nor vacuum mode can be changed once the file is in WAL mode.
        connection.execute(f"pragma page_size={page_size}")
        connection.execute("pragma auto_vacuum=incremental")
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("pragma journal_size_limit=16000000")
        connection.executescript(tables)
    except BaseException:
        connection.close()
        raise
    return connection


def _free_name(path: Path) -> Path:
    return next(name for number in count(1) if not (name := path.with_name(f"{path.name}.damaged-{number}")).exists())


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what happens inside as one, or nothing of it."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


class ReadConnections:
    """Connections that only read, lent to whichever thread asks; a few idle ones are kept."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro"
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue(_IDLE_READERS)

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection with one view of the file, that of its first statement."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, check_same_thread=False)
            connection.execute("pragma cache_size=-512")
        connection.execute("begin")
        try:
            yield connection
        finally:
            connection.execute("rollback")
            try:
                self._idle.put_nowait(connection)
            except Full:
                connection.close()

    def close(self) -> None:
        """Let go of the idle connections."""
        while not self._idle.empty():
            self._idle.get_nowait().close()
