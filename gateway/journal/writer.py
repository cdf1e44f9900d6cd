"""The one thread that writes the journal: gathers, resolves, commits, acknowledges, and makes room.

Rule 1: a future resolves only after its records are on disk, and futures resolve in the order of the appends.
Rule 2: what cannot be written now waits and is tried again; only `close` gives it back, as Unreachable.
Rule 3: the cap holds; what goes when it is reached is `Room`'s to say. While nothing may go, appends wait.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence

from gateway.clock import Clock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal.cursors import Cursors
from gateway.journal.encoding import KIND_QUARANTINE, Encoded, encode
from gateway.journal.entry import Entry
from gateway.journal.gathering import Append, Gathering
from gateway.journal.identity import Identity
from gateway.journal.mending import Mending
from gateway.journal.rejects import Rejects
from gateway.journal.reserve import Reserve
from gateway.journal.room import Room
from gateway.journal.segment import Row, checksum
from gateway.journal.segments import Segments
from gateway.journal.tail import Tail
from gateway.journal.walking import Walk
from gateway.model import SECOND, Batch, Quarantine, Record, Tick
from gateway.settings import AtCap, JournalSettings

_log = logging.getLogger(__name__)

TICK_NS = 10 * SECOND
"""How often journal time is written down, whether or not anything arrives."""

CONFLICTS = "conflicts"
CAP = "cap_bytes"
AT_CAP = "at_cap"
SECONDS_TO_FULL = "seconds_to_full"
"""Names of numbers that the segments keep beside the readers' places."""

POLICIES: tuple[AtCap, ...] = ("hold", "thin", "drop_oldest")
"""The policies at the cap; AT_CAP is the place of the present one, from 1 on."""

_RETRY_SECONDS = 1.0
_IDLE_SECONDS = 3600.0
_ROW_BYTES = 40
_PAGES_BYTES = 4 * 4096
"""What a commit costs beyond its rows: the partly filled pages it rewrites."""


class Writer:
    """Owns the segments while it runs."""

    def __init__(
        self,
        *,
        segments: Segments,
        identity: Identity,
        gathering: Gathering,
        tail: Tail,
        cursors: Cursors,
        rejects: Rejects,
        walk: Walk,
        reserve: Reserve,
        room: Room,
        mending: Mending,
        settings: JournalSettings,
        clock: Clock,
        health: Health,
        ticks: bool,
        before_commit: Callable[[], object] | None = None,
    ) -> None:
        self._segments = segments
        self._identity = identity
        self._gathering = gathering
        self._tail = tail
        self._cursors = cursors
        self._rejects = rejects
        self._walk = walk
        self._is_behind = False
        self._reserve = reserve
        self._room = room
        self._mending = mending
        self._settings = settings
        self._before_commit = before_commit
        self._clock = clock
        self._health = health
        self._ticks = ticks
        self._last_tick_ns = clock.now().monotonic_ns
        self._at_least = 0
        self.is_waiting = False
        """Whether a commit waits for room."""
        self.heartbeat_ns = self._last_tick_ns
        """Monotonic time at which the thread last got round; a thread that waits for room still gets round."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Take over the rejects that a stop left in the segments only, and begin to write."""
        self._is_behind = True
        self._copy_rejects(())
        self._thread.start()

    def join(self) -> None:
        """Wait until everything is written, or given back."""
        self._thread.join()

    def continue_after(self, position: int) -> None:
        """Give the next record a position after this one: a reader has seen it, whatever the disk says now."""
        self._at_least = max(self._at_least, position + 1)

    def _run(self) -> None:
        try:
            while True:
                self.heartbeat_ns = self._clock.now().monotonic_ns
                appends = self._gathering.take(self._patience)
                is_closed = self._gathering.is_closed
                if appends or self._seconds_to_tick() <= 0:
                    self._commit(appends)
                self._keep_house()
                if is_closed and not appends:
                    break
            self._room.close()
            self._save_places()
        except Exception:  # noqa: BLE001 - said once, loudly, instead of a thread that is silently gone
            _log.exception("the journal's writer failed")
            self._health.set_condition("journal", ok=False, reason="the journal's writer failed; restart the gateway")
        finally:
            self._gathering.close()
            for append in self._gathering.take(lambda: 0.0):
                append.done.set_exception(Unreachable("the journal is closed"))

    def _patience(self) -> float:
        return 0.0 if self._room.is_busy and not self._gathering.is_closed else self._seconds_to_tick()

    def _seconds_to_tick(self) -> float:
        if not self._ticks or self._gathering.is_closed:
            return _IDLE_SECONDS
        return (self._last_tick_ns + TICK_NS - self._clock.now().monotonic_ns) / SECOND

    def _commit(self, appends: Sequence[Append]) -> None:
        try:
            records = self._resolved(appends)
            now = self._clock.now()
            if self._ticks and now.monotonic_ns - self._last_tick_ns >= TICK_NS:
                self._last_tick_ns = now.monotonic_ns
                records.append(Tick(now.utc_ns))
            encoded = [encode(record) for record in records]
            entries = self._write(records, encoded, now.utc_ns) if records else []
        except Exception as error:  # noqa: BLE001 - whatever it was, the thread everybody waits for goes on
            _log.exception("a commit of the journal failed; its senders will send again")
            self._health.count("journal", "failed", len(appends), "commit")
            for append in appends:
                append.done.set_exception(error)
            return
        if entries is None:
            for append in appends:
                append.done.set_exception(Unreachable("the journal closed before this was on disk"))
            return
        if entries:
            self._take_rejects(entries)
            self._tail.add(entries)
        self._health.count("journal", "sent", sum(one.readings for one in encoded))
        for append in appends:
            append.done.set_result(None)

    def _resolved(self, appends: Sequence[Append]) -> list[Record]:
        records = [record for append in appends for record in append.records]
        batches = [record for record in records if isinstance(record, Batch)]
        resolved = iter(self._identity.resolve(batches))
        return [next(resolved) if isinstance(record, Batch) else record for record in records]

    def _write(self, records: Sequence[Record], encoded: Sequence[Encoded], now_ns: int) -> list[Entry] | None:
        """Write until it is on disk; None when the journal closed before it was."""
        size = sum(len(one.body) + _ROW_BYTES for one in encoded) + _PAGES_BYTES
        self.is_waiting = False
        while True:
            self.heartbeat_ns = self._clock.now().monotonic_ns
            is_last_try = self._gathering.is_closed
            position = max(self._segments.next_position, self._at_least)
            received = [received_of(record, now_ns) for record in records]
            rows = [
                Row(at, kind, ns, readings, checksum(at, kind, ns, readings, body), body)
                for at, ns, (kind, readings, body) in zip(
                    range(position, position + len(records)), received, encoded, strict=True
                )
            ]
            self._mending.work()
            if self._room.makes(size):
                try:
                    if self._before_commit is not None:
                        self._before_commit()
                    self._segments.write(rows, self._changed_places(is_tick=isinstance(records[-1], Tick)))
                except (sqlite3.DatabaseError, OSError) as error:
                    if self._gives_reserve(error):
                        continue
                else:
                    self._settle()
                    self.is_waiting = False
                    return [
                        Entry(row.position, record, row.received_ns) for row, record in zip(rows, records, strict=True)
                    ]
            if is_last_try:
                return None
            if self.is_waiting:
                self._gathering.pause(_RETRY_SECONDS)
            else:
                # Once more at once: a reader that moved on until now did not know that it is waited for.
                self.is_waiting = True
                self._tail.wake()

    def _changed_places(self, *, is_tick: bool) -> dict[str, int]:
        # Readers move with every commit; their places would cost a page each time, and only people look at them.
        places = {CONFLICTS: self._identity.conflicts}
        if is_tick:
            full = self._room.seconds_to_full
            places |= self._cursors.places() | self._room.given_up.places()
            places |= {
                CAP: self._settings.cap_bytes,
                AT_CAP: POLICIES.index(self._settings.at_cap) + 1,
                # 0 says that it does not fill, and one that is full now still fills.
                SECONDS_TO_FULL: 0 if full is None else max(1, round(full)),
            }
        saved = self._segments.places
        return {name: value for name, value in places.items() if saved.get(name, 0) != value}

    def _save_places(self) -> None:
        places = self._changed_places(is_tick=True)
        if places and self._segments.firsts:
            try:
                self._segments.write((), places)
            except (sqlite3.DatabaseError, OSError):
                _log.warning("the readers' places could not be written at the end; the readers know them")

    def _gives_reserve(self, error: sqlite3.DatabaseError | OSError) -> bool:
        """Say what is wrong; give the reserve back when the disk is full, and tell whether that helped."""
        if _is_full(error):
            self._condition("the disk is full; acknowledgements are held back. Free space on the journal's disk")
            return self._reserve.free()
        self._condition(f"the journal cannot write ({error}); acknowledgements are held back. Check the disk")
        return False

    def _condition(self, reason: str) -> None:
        if self._health.set_condition("journal", ok=False, reason=reason):
            _log.error("%s", reason)

    def _settle(self) -> None:
        if self._reserve.restore():
            is_change = self._health.set_condition("journal", ok=True)
        else:
            reason = "the disk is nearly full: the journal's reserve cannot be set aside. Free space on its disk"
            is_change = self._health.set_condition("journal", ok=False, reason=reason, needed=False)
        if is_change:
            _log.info("the journal writes")

    def _take_rejects(self, entries: Sequence[Entry]) -> None:
        if any(isinstance(entry.record, Quarantine | Tick) for entry in entries):
            self._copy_rejects(entries)

    def _copy_rejects(self, entries: Sequence[Entry]) -> None:
        try:
            if self._is_behind:
                self._rejects.take(self._missed())
            elif any(isinstance(entry.record, Quarantine) for entry in entries):
                self._rejects.take(entries)
        except sqlite3.DatabaseError as error:
            self._is_behind = True
            self._health.count("journal", "failed", 1, "quarantine copy")
            _log.warning("quarantine records stay in the journal only for now: %s", error)
        else:
            self._is_behind = False

    def _missed(self) -> Iterator[Entry]:
        return self._walk.of_kind(KIND_QUARANTINE, self._rejects.position)

    def _keep_house(self) -> None:
        if self._mending.is_due:
            self._mending.work()
        self._room.keep()
        if self._segments.has_unsealed:
            self._segments.seal_rest()


def received_of(record: Record, now_ns: int) -> int:
    """Return when a record was received; one that does not say was received now."""
    if isinstance(record, Batch | Quarantine | Tick):
        return record.received_ns
    return now_ns


def _is_full(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
