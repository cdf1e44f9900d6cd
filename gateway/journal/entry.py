"""One journaled record with its position, and what a reader of the journal must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.model import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as the journal holds it; positions count records from 1 and are never reused."""

    position: int
    record: Record
    received_ns: int


class Reader(Protocol):
    """Something that walks the journal at its own pace and keeps its own place, in its own file."""

    @property
    def name(self) -> str:
        """The reader's name, as `stores.journal.readers` of the site file says it."""
        ...

    def position(self) -> int:
        """Return the last position that is durably done; 0 at the very beginning."""
        ...

    def apply(self, entries: Sequence[Entry]) -> int:
        """Take over the entries and return the durable position, which may lag behind them.

        Work and place are committed in one transaction. Applying entries twice must change nothing: a call that
        raised is made again, perhaps with fewer entries. No entries at all means: make durable now what is pending
        and return the place, the journal needs room.
        """
        ...

    def close(self) -> None:
        """Commit what is pending and let go of the files."""
        ...
