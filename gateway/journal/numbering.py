"""Channel numbers: handed out once, append-only, never reused. What leaves the box carries ids, not numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Unreachable
from gateway.journal.versions import migrate_channels

_SCHEMA = """
create table if not exists channel (
    number integer primary key, id text not null unique, base text not null,
    unit text not null, scale real not null, quantity text not null,
    unique (base, unit, scale, quantity));
"""


class DiskFull(Unreachable):
    """New channels cannot be numbered: the disk is full."""


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """What makes a channel the same channel: its id `asset.device.point`, and what its values mean."""

    id: str
    unit: str
    scale: float = 1.0
    quantity: str = ""


@dataclass(frozen=True, slots=True)
class NumberedChannel:
    """The number of a channel and its id, which ends in `~2` (`~3`, …) after its values changed their meaning."""

    number: int
    id: str


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel that was numbered once, whether or not the site still has it."""

    number: int
    id: str
    quantity: str


def known_channels(path: Path) -> list[KnownChannel]:
    """Return every channel ever numbered."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        return [KnownChannel(*row) for row in connection.execute("select number, id, quantity from channel")]


def number_channels(path: Path, channels: Sequence[ChannelKey], at_least: int) -> dict[str, NumberedChannel]:
    """Return the channel of each id asked for, numbering new ones after `at_least`; durable on return."""
    try:
        return _number_all(path, channels, at_least)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            raise DiskFull(f"the disk is full, channels cannot be numbered; free space beside {path}") from error
        # Other numbers would give each channel another one's past: this file is never made anew by itself.
        raise Unreachable(f"the channel numbers in {path} cannot be used ({error}); restore the file") from error


def _number_all(path: Path, channels: Sequence[ChannelKey], at_least: int) -> dict[str, NumberedChannel]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        # EXTRA also syncs the folder, so that the commit itself survives a power cut.
        connection.execute("pragma synchronous=extra")
        connection.executescript(f"begin; {_SCHEMA} commit;")
        connection.execute("begin immediate")
        migrate_channels(connection)
        numbered = {key.id: _number(connection, key, at_least) for key in channels}
        connection.execute("commit")
    return numbered


def _number(connection: sqlite3.Connection, key: ChannelKey, at_least: int) -> NumberedChannel:
    found = connection.execute(
        "select number, id from channel where base = ? and unit = ? and scale = ? and quantity = ?",
        (key.id, key.unit, key.scale, key.quantity),
    ).fetchone()
    if found is not None:
        return NumberedChannel(*found)
    (generations,) = connection.execute("select count(*) from channel where base = ?", (key.id,)).fetchone()
    (highest,) = connection.execute("select coalesce(max(number), 0) from channel").fetchone()
    channel_id = key.id if not generations else f"{key.id}~{generations + 1}"
    number = max(highest, at_least) + 1
    connection.execute(
        "insert into channel (number, id, base, unit, scale, quantity) values (?, ?, ?, ?, ?, ?)",
        (number, channel_id, key.id, key.unit, key.scale, key.quantity),
    )
    return NumberedChannel(number, channel_id)
