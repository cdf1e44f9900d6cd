"""Which version a journal's files are of, and how an older one becomes this one. A newer one is left alone.

Version 1 did not say so. Version 2 says it, and promises that the positions within a segment have no gap unless the
segment itself says that it has some.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.errors import ConfigError, Fault

VERSION = 2
"""What this program writes, in `user_version` of every segment and of channels.db."""

CHANNELS_FILE = "channels.db"
"""The table of channel numbers in a journal's folder."""

FOLLOWS = "follows"
"""Stands in a segment that does not begin where the one before ended: the position behind the last one known."""

RESUME = "resume"
"""Stands in a newest segment whose end nobody knows: the position to go on at, so that none is given again."""

GAPS = "gaps"
"""Stands in a segment that lacks positions: version 1, thinned, or saved from damage."""

# https://www.sqlite.org/fileformat.html, 1.3: the first 16 bytes, and 4 bytes at 60.
_MAGIC = b"SQLite format 3\0"
_VERSION_AT = 60


def version_of(path: Path) -> int | None:
    """Return the version of a segment or of channels.db from its first bytes; None when it is no database."""
    with path.open("rb") as file:
        header = file.read(_VERSION_AT + 4)
    if len(header) < _VERSION_AT + 4 or not header.startswith(_MAGIC):
        return None
    return int.from_bytes(header[_VERSION_AT:], "big") or 1


def check_versions(folder: Path) -> None:
    """Raise ConfigError when any file of a journal is of a newer version; touches nothing.

    Whoever writes a segment has stamped channels.db before: beside one of this version a newer segment is damaged.
    """
    faults = []
    channels = folder / CHANNELS_FILE
    stamped = version_of(channels) if channels.exists() else None
    for path in [*sorted(folder.glob("*.segment")), channels]:
        version = version_of(path) if path.exists() else None
        if version is not None and version > VERSION and (path == channels or stamped != VERSION):
            message = f"is of version {version}; this program knows journals up to version {VERSION}"
            hint = "use the program that wrote it, or name another folder with --state; nothing was touched"
            faults.append(Fault(str(path), 1, 1, message, hint))
    if faults:
        raise ConfigError(faults)


@contextmanager
def one_kind_of_error() -> Iterator[None]:
    """Let a file so wrong that even SQLite's complaint of it is no text be a database error like any other."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError("the file is wrong, and so is what SQLite says of it") from error


def migrate_segment(path: Path) -> None:
    """Make a segment of version 1 one of this version; does nothing to others. Nobody may be reading it."""
    if version_of(path) != 1:
        return
    with one_kind_of_error(), closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        was_wal = connection.execute("pragma journal_mode").fetchone() == ("wal",)
        if was_wal:
            # The version must stand in the file itself, where it is looked for before anything is opened.
            connection.execute("pragma journal_mode=delete")
        has_tables = connection.execute("select 1 from sqlite_master where name = 'place'").fetchone()
        connection.execute("pragma synchronous=extra")
        connection.execute("begin immediate")
        if has_tables:
            connection.execute("insert or replace into place (name, value) values (?, 1)", (GAPS,))
        connection.execute(f"pragma user_version={VERSION:d}")
        connection.execute("commit")
        if was_wal:
            connection.execute("pragma journal_mode=wal")


def migrate_channels(connection: sqlite3.Connection) -> None:
    """Bring channels.db to this version within the caller's transaction; only the stamp is new."""
    if connection.execute("pragma user_version").fetchone() != (VERSION,):
        connection.execute(f"pragma user_version={VERSION:d}")
