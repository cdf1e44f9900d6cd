"""How far the readers say they are, and so what the journal may let go. The truth is in the readers' own files.

A holding reader is waited for, at the cap too. A yielding one is waited for while there is room.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

_PREFIX = "reader:"


class Cursors:
    """The durable places of all readers; only the named ones hold segments back."""

    def __init__(self, holding: Sequence[str], places: Mapping[str, int], yielding: Sequence[str] = ()) -> None:
        self._lock = threading.Lock()
        self._holding = tuple(holding)
        self._yielding = tuple(name for name in yielding if name not in holding)
        self._told: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        # What was known at the last stop is for people to look at; it lets nothing go.
        self._known = readers_in(places)

    def attach(self, reader: str, position: int) -> None:
        """Take a reader's own place as it is, even if it lies further back than what was known."""
        with self._lock:
            self._set(reader, position)

    def commit(self, reader: str, position: int, seen: int | None = None) -> None:
        """Move a reader's place on; never back. `seen` is how far it has read without having made it durable."""
        with self._lock:
            self._seen[reader] = max(self._seen.get(reader, 0), position, seen or 0)
            if position > self._told.get(reader, -1):
                self._set(reader, position)

    def _set(self, reader: str, position: int) -> None:
        self._told[reader] = position
        self._known[reader] = position
        self._seen.setdefault(reader, position)

    def passed(self) -> int:
        """Return the position that every reader has passed for which segments are kept; 0 until each has said."""
        return min(self._passed_by(self._holding), self._passed_by(self._yielding))

    def passed_at_cap(self) -> int:
        """Return the position that every holding reader has passed, whatever the yielding ones have."""
        return self._passed_by(self._holding)

    def seen(self) -> int:
        """Return the position that every reader for which segments are kept has read, durably or not."""
        with self._lock:
            return min((self._seen.get(name, 0) for name in (*self._holding, *self._yielding)), default=2**62)

    def place_of(self, reader: str) -> int:
        """Return a reader's durable place; 0 until it has said."""
        with self._lock:
            return self._told.get(reader, 0)

    def behind(self, position: int) -> tuple[str, ...]:
        """Return the yielding readers that have not passed a position."""
        with self._lock:
            return tuple(name for name in self._yielding if self._told.get(name, 0) < position)

    def _passed_by(self, readers: Sequence[str]) -> int:
        with self._lock:
            return min((self._told.get(name, 0) for name in readers), default=2**62)

    def slowest(self) -> tuple[str, int]:
        """Return the reader that is furthest back of those for which segments are kept, and its place."""
        with self._lock:
            places = [(name, self._told.get(name, 0)) for name in (*self._holding, *self._yielding)]
            return min(places, key=lambda place: place[1], default=("", 2**62))

    def all(self) -> dict[str, int]:
        """Return every known place; a holding reader that was never seen is at 0."""
        with self._lock:
            return dict.fromkeys((*self._holding, *self._yielding), 0) | self._known

    def places(self) -> dict[str, int]:
        """Return the places as the segments keep them."""
        with self._lock:
            return {_PREFIX + reader: position for reader, position in self._told.items()}


def readers_in(places: Mapping[str, int]) -> dict[str, int]:
    """Return the readers' places among what a segment keeps."""
    return {name.removeprefix(_PREFIX): position for name, position in places.items() if name.startswith(_PREFIX)}
