"""The newest entries in memory, so that readers which keep up never touch the disk, and where readers wait."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence

from gateway.journal.entry import Entry
from gateway.model import Batch

_ENTRY_WEIGHT = 40
"""An entry costs about as much memory as so many of its readings."""


class Tail:
    """What was committed last; bounded, safe to use from any thread."""

    def __init__(self, newest: int, capacity: int = 65_536) -> None:
        self._changed = threading.Condition()
        self._entries: list[Entry] = []
        self._weights: list[int] = []
        self._weight = 0
        self._capacity = capacity
        self._after = newest
        self.newest = newest
        """The position of the newest durable record."""

    def add(self, entries: Sequence[Entry]) -> None:
        """Take over entries that are on disk now, and wake who waits for them."""
        weights = [weight_of(entry) + _ENTRY_WEIGHT for entry in entries]
        with self._changed:
            self._entries += entries
            self._weights += weights
            self._weight += sum(weights)
            if self._weight > 2 * self._capacity:
                self._trim()
            self.newest = entries[-1].position
            self._changed.notify_all()

    def _trim(self) -> None:
        gone = 0
        while self._weight > self._capacity and gone < len(self._entries):
            self._weight -= self._weights[gone]
            gone += 1
        self._after = self._entries[gone - 1].position
        del self._entries[:gone]
        del self._weights[:gone]

    def read(self, after: int, max_readings: int) -> list[Entry] | None:
        """Return the entries after a position, or None when older ones are needed."""
        with self._changed:
            if after < self._after:
                return None
            start = bisect_right(self._entries, after, key=_position)
            weight = 0
            for index in range(start, len(self._entries)):
                weight += weight_of(self._entries[index])
                if weight > max_readings and index > start:
                    return self._entries[start:index]
            return self._entries[start:]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Block until something newer than a position is durable, or somebody wakes us; tell whether it is."""
        with self._changed:
            if self.newest <= after:
                self._changed.wait(timeout_seconds)
            return self.newest > after

    def wake(self) -> None:
        """Let those who wait look again."""
        with self._changed:
            self._changed.notify_all()


def weight_of(entry: Entry) -> int:
    """Return how many readings an entry counts for."""
    return max(1, len(entry.record)) if isinstance(entry.record, Batch) else 1


def _position(entry: Entry) -> int:
    return entry.position
