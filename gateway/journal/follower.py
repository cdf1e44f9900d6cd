"""Walks the journal for one reader, in its own thread, and sees to it that one bad record stops nobody.

Rule 1: trouble of the box (disk, memory, another side that does not answer) is waited out; nothing is passed over.
Rule 2: any other failure is tried three times, then the slice is halved down to the one record that fails, and that
        record is set aside in quarantine.
Rule 3: a reader that fails on one record after the other is broken itself; it rests and nothing more is set aside.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal.encoding import encode
from gateway.journal.entry import Entry, Reader
from gateway.journal.journal import Journal
from gateway.model import Quarantine

_log = logging.getLogger(__name__)

_TRIES = 3
_MOST_ASIDE = 10
"""Records set aside in a row before the reader itself is taken to be broken."""
_FIRST_REST, _LONGEST_REST = 0.05, 20.0
_IDLE_SECONDS = 1.0
_NUDGE_SECONDS, _URGENT_NUDGE_SECONDS = 5.0, 0.25
_SMALLEST_SLICE, _LARGEST_SLICE = 500, 20_000
_LONG_SECONDS, _SHORT_SECONDS = 0.020, 0.008
"""Slices are sized so that a reader holds the interpreter no longer than this at a time."""

_POISON = "poison:"
_TROUBLE = (OSError, sqlite3.OperationalError, MemoryError, Unreachable)


class Follower:
    """One reader's thread. Whoever opened the reader closes it, after `stop`.

    While a reader that is not `needed` waits, /readyz says why and still answers 200. `idle` is called in its thread
    when nothing has come for a second.
    """

    def __init__(
        self,
        journal: Journal,
        reader: Reader,
        *,
        health: Health,
        needed: bool = True,
        idle: Callable[[], object] | None = None,
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._health = health
        self._needed = needed
        self._idle = idle
        self._condition_name = f"reader_{reader.name}"
        self._standing = ""
        self._stopping = threading.Event()
        self._moved = threading.Condition()
        self._applied = self._durable = reader.position()
        self._slice = _SMALLEST_SLICE
        self._aside_in_a_row = 0
        self._nudged_at = 0.0
        self._thread = threading.Thread(target=self._run, name=reader.name, daemon=True)
        # Before anything is appended: a place beyond the journal's newest record moves the journal on.
        journal.attach(reader.name, self._durable)
        health.set_condition(self._condition_name, ok=True, needed=needed)

    def start(self) -> None:
        """Begin to walk."""
        self._thread.start()

    @property
    def position(self) -> int:
        """The position up to which the reader was given everything."""
        return self._applied

    def caught_up(self, position: int, timeout_seconds: float) -> bool:
        """Block until the reader was given everything up to a position; tell whether it was."""
        with self._moved:
            return self._moved.wait_for(lambda: self._applied >= position, timeout_seconds)

    def stop(self) -> None:
        """End the walk after the slice at hand."""
        self._stopping.set()
        self._journal.wake_readers()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        rest = _FIRST_REST
        while not self._stopping.is_set():
            try:
                seen = self._journal.newest
                entries = self._journal.read(self._applied, max_readings=self._slice)
                if entries:
                    self._give(entries, _TRIES)
                elif not self._stopping.is_set():
                    self._wait_for_more(max(seen, self._applied))
                self._make_durable_for_room()
                rest = _FIRST_REST
            except _TROUBLE as trouble:
                rest = self._wait_out(trouble, rest)
            except Exception as error:  # noqa: BLE001 - a reader's thread outlives whatever its reader meets
                self._say(f"reader {self._reader.name!r} cannot go on: {error!r}", needed=self._needed)
                rest = self._rest(rest)

    def _wait_for_more(self, seen: int) -> None:
        patience = _URGENT_NUDGE_SECONDS if self._journal.is_waiting else _IDLE_SECONDS
        has_more = self._journal.wait(seen, patience)
        if self._idle is not None and not has_more and not self._stopping.is_set():
            self._idle()
            if self._standing:
                self._settle()

    def _give(self, entries: Sequence[Entry], tries: int) -> None:
        """Have the entries applied, whole or in parts, setting aside those that fail by themselves."""
        error = self._apply(entries, tries)
        if error is None or self._stopping.is_set():
            return
        if len(entries) == 1:
            self._set_aside(entries[0], error)
            return
        middle = len(entries) // 2
        for half in (entries[:middle], entries[middle:]):
            if not self._stopping.is_set():
                self._give(half, _TRIES if len(half) == 1 else 1)

    def _apply(self, entries: Sequence[Entry], tries: int) -> Exception | None:
        """Try to have entries applied; return what stands against it, None when they are (or a stop was asked for)."""
        rest = _FIRST_REST
        while not self._stopping.is_set():
            try:
                self._apply_once(entries)
            except _TROUBLE as trouble:
                rest = self._wait_out(trouble, rest)
            except Exception as error:  # noqa: BLE001 - whatever a record does to a reader
                tries -= 1
                if tries <= 0:
                    return error
                self._stopping.wait(_FIRST_REST)
            else:
                self._aside_in_a_row = 0
                if self._standing:
                    self._settle()
                return None
        return None

    def _apply_once(self, entries: Sequence[Entry]) -> None:
        began = time.monotonic()
        durable = self._reader.apply(entries)
        took = time.monotonic() - began
        if took > _LONG_SECONDS:
            self._slice = max(_SMALLEST_SLICE, self._slice // 2)
        elif took < _SHORT_SECONDS:
            self._slice = min(_LARGEST_SLICE, self._slice * 2)
        self._pass(entries[-1].position, durable)

    def _pass(self, position: int, durable: int) -> None:
        self._durable = durable
        self._journal.commit(self._reader.name, durable, seen=position)
        with self._moved:
            self._applied = position
            self._moved.notify_all()

    def _set_aside(self, entry: Entry, error: Exception) -> None:
        name = self._reader.name
        rest = _FIRST_REST
        while self._aside_in_a_row >= _MOST_ASIDE:
            self._say(
                f"reader {name!r} fails on every record ({error!r}); it rests, nothing is lost", needed=self._needed
            )
            rest = self._rest(rest)
            found = self._apply([entry], 1)
            if found is None:
                return
            error = found
        self._aside_in_a_row += 1
        self._health.count(name, "failed", 1, "poison")
        _log.error("reader %r fails on record %d, which is set aside", name, entry.position, exc_info=error)
        record = entry.record
        # A reader that fails on what was set aside must not make more of it.
        if not (isinstance(record, Quarantine) and record.reason.startswith(_POISON)):
            reject = Quarantine(
                f"journal record {entry.position}",
                f"{_POISON}{name}",
                repr(error),
                encode(record).body,
                entry.received_ns,
            )
            # Not awaited: at the cap the journal itself waits for this reader.
            self._journal.append([reject], urgent=True)
        self._say(f"reader {name!r} could not take record {entry.position}; see the quarantine", needed=False)
        self._standing = ""
        self._pass(entry.position, self._durable)

    def _make_durable_for_room(self) -> None:
        if not self._journal.needs_room or self._durable >= self._applied:
            return
        now = time.monotonic()
        if now < self._nudged_at + (_URGENT_NUDGE_SECONDS if self._journal.is_waiting else _NUDGE_SECONDS):
            return
        self._nudged_at = now
        self._durable = self._reader.apply(())
        self._journal.commit(self._reader.name, self._durable)

    def _say(self, reason: str, *, needed: bool) -> None:
        if reason != self._standing:
            _log.warning("%s", reason)
        self._standing = reason
        self._health.set_condition(self._condition_name, ok=False, reason=reason, needed=needed)

    def _wait_out(self, trouble: Exception, rest: float) -> float:
        self._say(f"reader {self._reader.name!r} waits: {trouble}", needed=self._needed)
        return self._rest(rest, trouble.retry_seconds if isinstance(trouble, Unreachable) else 0.0)

    def _settle(self) -> None:
        self._standing = ""
        self._health.set_condition(self._condition_name, ok=True, needed=self._needed)
        _log.info("reader %r goes on", self._reader.name)

    def _rest(self, seconds: float, at_least: float = 0.0) -> float:
        """Wait with full jitter, so that a city's boxes do not return together; return the next rest."""
        self._stopping.wait(at_least + random.uniform(0, seconds))  # noqa: S311 - spreads load, guards nothing
        return min(2 * seconds, _LONGEST_REST)
