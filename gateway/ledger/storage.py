"""The ledger's file: events in a hash chain, and an index of warnings that could be rebuilt from them.

One connection writes (the ledger's thread); readers open their own for the length of one question.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from gateway.early_warning import Drilled, EarlyWarning, Event, Observed, Redecoded, State, fold
from gateway.ledger.chain import DRILLED, GENESIS, REDECODED, decode, encode, event_id, kind_of, link

FILE = "ledger.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, warning TEXT, finding TEXT,
    body BLOB NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_warning ON events (warning, position) WHERE warning IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_of_finding ON events (finding) WHERE warning IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_outside ON events (position) WHERE warning IS NULL;
CREATE TABLE IF NOT EXISTS warnings (id TEXT PRIMARY KEY, is_open INTEGER NOT NULL, changed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS warnings_by_change ON warnings (is_open, changed);
CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, hash BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS channels (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
"""


def connect_writer(folder: Path) -> sqlite3.Connection:
    """Open the file for writing, every commit on disk before it returns."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.executescript(_SCHEMA)
    return connection


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for one question, all of it answered from one moment."""
    with closing(sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        yield connection


class Storage:
    """What the writing side does inside its transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        row = connection.execute("SELECT position, hash FROM head").fetchone()
        self._position, self._hash = (0, GENESIS) if row is None else (int(row[0]), bytes(row[1]))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is written inside, all or nothing."""
        position, chained = self._position, self._hash
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._position, self._hash = position, chained
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def has_event(self, wanted: bytes) -> bool:
        """Whether this event is in the ledger already."""
        return self._connection.execute("SELECT 1 FROM events WHERE id = ?", (wanted,)).fetchone() is not None

    def has_warning(self, wanted: str) -> bool:
        """Whether this warning was ever raised."""
        return self._connection.execute("SELECT 1 FROM warnings WHERE id = ?", (wanted,)).fetchone() is not None

    def closed_warning(self, wanted: str) -> EarlyWarning | None:
        """Fold a warning that no longer stands."""
        return read_warning(self._connection, wanted)

    def append(self, event: Event) -> None:
        """Chain one event to the end."""
        kind, body = kind_of(event), encode(event)
        finding = event.finding.id if isinstance(event, Observed) else None
        position, chained = self._position + 1, link(self._hash, kind, body)
        self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
            (position, event_id(event), kind, event.warning, finding, body, chained),
        )
        self._connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (position, chained))
        self._position, self._hash = position, chained

    def index(self, warning: EarlyWarning) -> None:
        """Note whether a warning is open, so that a start need not read the whole past."""
        self._connection.execute(
            "INSERT OR REPLACE INTO warnings VALUES (?, ?, ?)",
            (warning.id, warning.state is not State.CLOSED, self._position),
        )

    def remember_channels(self, channels: Mapping[str, int]) -> None:
        """Keep channel numbers, which are handed out once and for all."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO channels (id, number) VALUES (?, ?)", sorted(channels.items())
        )

    def highest_channel(self) -> int:
        """Return the highest channel number known, 0 for none."""
        (highest,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM channels").fetchone()
        return int(highest)


def was_warned_of(connection: sqlite3.Connection, finding: str) -> bool:
    """Tell whether a finding was ever put into a warning."""
    query = "SELECT 1 FROM events WHERE finding = ? AND warning IS NOT NULL LIMIT 1"
    return connection.execute(query, (finding,)).fetchone() is not None


def read_warning(connection: sqlite3.Connection, wanted: str) -> EarlyWarning | None:
    """Fold one warning, open or closed, from its events."""
    warning: EarlyWarning | None = None
    for event in read_events(connection, wanted):
        warning = fold(warning, event)
    return warning


def read_events(connection: sqlite3.Connection, warning: str) -> list[Event]:
    """Return the events of one warning in their order."""
    rows = connection.execute("SELECT kind, body FROM events WHERE warning = ? ORDER BY position", (warning,))
    return [decode(kind, body) for kind, body in rows]


def read_open_ids(connection: sqlite3.Connection) -> list[str]:
    """Return the ids of all open warnings."""
    return [name for (name,) in connection.execute("SELECT id FROM warnings WHERE is_open ORDER BY changed")]


def read_closed_ids(connection: sqlite3.Connection, limit: int) -> list[str]:
    """Return the ids of the warnings closed last."""
    rows = connection.execute("SELECT id FROM warnings WHERE NOT is_open ORDER BY changed DESC LIMIT ?", (limit,))
    return [name for (name,) in rows]


def read_outside(connection: sqlite3.Connection, limit: int) -> list[Event]:
    """Return the newest events of findings that have come into no warning since, the oldest first."""
    rows = connection.execute(
        "SELECT kind, body FROM events AS mine WHERE warning IS NULL AND finding IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM events"
        " WHERE warning IS NOT NULL AND finding = mine.finding AND position > mine.position)"
        " ORDER BY position DESC LIMIT ?",
        (limit,),
    ).fetchall()
    events = []
    for kind, body in reversed(rows):
        # A damaged event stands in nobody's way here; verifying the file tells of it.
        with suppress(ValueError):
            events.append(decode(kind, body))
    return events


def read_drills(connection: sqlite3.Connection, limit: int) -> list[Drilled]:
    """Return how the newest drills ended, the newest first."""
    rows = connection.execute(
        "SELECT body FROM events WHERE warning IS NULL AND kind = ? ORDER BY position DESC LIMIT ?", (DRILLED, limit)
    )
    drills = [decode(DRILLED, body) for (body,) in rows]
    return [drill for drill in drills if isinstance(drill, Drilled)]


def drills_in(folder: Path, start_ns: int, end_ns: int, limit: int = 100) -> list[Drilled]:
    """Return the drills begun in a time, of a ledger that a gateway may be writing; none where there is no ledger."""
    try:
        with reading(folder) as connection:
            return [drill for drill in read_drills(connection, limit) if start_ns <= drill.start_ns < end_ns]
    except (sqlite3.Error, ValueError):
        return []


def read_redecodings(connection: sqlite3.Connection, limit: int) -> list[Redecoded]:
    """Return the newest corrections by another profile, the newest first."""
    rows = connection.execute(
        "SELECT body FROM events WHERE warning IS NULL AND kind = ? ORDER BY position DESC LIMIT ?", (REDECODED, limit)
    )
    steps = [decode(REDECODED, body) for (body,) in rows]
    return [step for step in steps if isinstance(step, Redecoded)]


def verify_file(folder: Path) -> int | None:
    """Return the position of the first event that is not as it was written; None when all are."""
    expected, chained = 1, GENESIS
    try:
        with reading(folder) as connection:
            rows = connection.execute(
                "SELECT position, id, kind, warning, finding, body, hash FROM events ORDER BY position"
            )
            for position, *columns in rows:
                link_found = _checked_link(chained, columns) if position == expected else None
                if link_found is None:
                    return expected
                expected, chained = expected + 1, link_found
            head = connection.execute("SELECT position, hash FROM head").fetchone()
    except sqlite3.DatabaseError:
        return expected
    # The head is what shows that events were cut off at the end.
    return None if (head or (0, GENESIS)) == (expected - 1, chained) else expected


def _checked_link(previous: bytes, columns: list[object]) -> bytes | None:
    """Return the hash of a stored event, or None when any of its columns is not what its body says."""
    identity, kind, warning, finding, body, stored = columns
    if not isinstance(kind, str) or not isinstance(body, bytes):
        return None
    chained = link(previous, kind, body)
    if chained != stored:
        return None
    try:
        event = decode(kind, body)
    except ValueError:
        return None
    found = event.finding.id if isinstance(event, Observed) else None
    return chained if (identity, warning, finding) == (event_id(event), event.warning, found) else None
