"""The appends that wait for the next commit, in order. Knows when a commit is due, nothing of what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from gateway.errors import Unreachable
from gateway.model import Batch, Quarantine, Record

_READING_BYTES = 24
"""What a reading takes on disk."""


@dataclass(slots=True)
class Append:
    """Records to be committed as one whole, and who waits for it."""

    records: Sequence[Record]
    readings: int
    """How many readings it counts for; other records count by their size."""
    done: Future[None] = field(default_factory=Future)


class Gathering:
    """Collects appends while a commit runs or its window is open; safe to use from any thread."""

    def __init__(self, flush_seconds: float, flush_readings: int, most_readings: int) -> None:
        self._changed = threading.Condition()
        self._flush_seconds = flush_seconds
        self._flush_readings = flush_readings
        self._most_readings = most_readings
        self._appends: list[Append] = []
        self._readings = 0
        self._due = 0.0
        self._is_urgent = False
        self._is_woken = False
        self.is_closed = False
        """Whether nothing more is taken in."""

    def add(self, records: Sequence[Record], *, urgent: bool) -> Future[None]:
        """Queue records; the future resolves when they are on disk."""
        append = Append(tuple(records), sum(map(_readings_of, records)))
        # From here on the records are taken over: a caller that stops waiting cannot take them back.
        append.done.set_running_or_notify_cancel()
        with self._changed:
            if self.is_closed:
                append.done.set_exception(Unreachable("the journal is closed; the gateway is stopping"))
                return append.done
            if not self._appends:
                self._due = time.monotonic() + self._flush_seconds
            self._appends.append(append)
            self._readings += append.readings
            self._is_urgent = self._is_urgent or urgent
            if len(self._appends) == 1 or self._is_ready():
                self._changed.notify()
        return append.done

    def _is_ready(self) -> bool:
        return self._is_urgent or self._readings >= self._flush_readings or self.is_closed

    def take(self, idle_seconds: Callable[[], float]) -> list[Append]:
        """Block until a commit is due or `idle_seconds` have passed, and return what waits, if anything."""
        with self._changed:
            while not self._is_ready() and not self._is_woken:
                patience = idle_seconds()
                if self._appends:
                    patience = min(patience, self._due - time.monotonic())
                if patience <= 0:
                    break
                self._changed.wait(patience)
            self._is_woken = False
            is_flush = self._is_ready() or (bool(self._appends) and self._due <= time.monotonic())
            if not is_flush:
                return []
            return self._taken()

    def _taken(self) -> list[Append]:
        # One commit stays small enough for a segment; what is left over is due at once.
        readings = count = 0
        for append in self._appends:
            if count and readings + append.readings > self._most_readings:
                break
            readings += append.readings
            count += 1
        taken, self._appends = self._appends[:count], self._appends[count:]
        self._readings -= readings
        self._is_urgent = self._is_urgent and bool(self._appends)
        return taken

    def pause(self, seconds: float) -> None:
        """Block until woken or closed, at most so long."""
        with self._changed:
            if not self._is_woken and not self.is_closed:
                self._changed.wait(seconds)
            self._is_woken = False

    def wake(self) -> None:
        """Let the writer look at the world again: a reader moved on, or somebody moved a fake clock."""
        with self._changed:
            self._is_woken = True
            self._changed.notify()

    def close(self) -> None:
        """Take in nothing more; what waits is due now."""
        with self._changed:
            self.is_closed = True
            self._changed.notify()


def _readings_of(record: Record) -> int:
    if isinstance(record, Batch):
        return len(record)
    return 1 + len(record.payload) // _READING_BYTES if isinstance(record, Quarantine) else 1
