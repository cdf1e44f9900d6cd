"""The journal as the house sees it: append, read, wait, commit. Appended means on disk; a commit never moves back."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.clock import Clock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal.cursors import Cursors
from gateway.journal.encoding import KIND_BATCH, KIND_RECEIPTS, storable
from gateway.journal.entry import Entry
from gateway.journal.gathering import Gathering
from gateway.journal.identity import Identity
from gateway.journal.numbering import ChannelKey, KnownChannel, NumberedChannel, known_channels, number_channels
from gateway.journal.rejects import FILE as REJECTS_FILE
from gateway.journal.rejects import Rejects, counts_of, open_rejects
from gateway.journal.reserve import Reserve
from gateway.journal.segments import Segments
from gateway.journal.stats import JournalStats, read_quarantine, stats_of
from gateway.journal.tail import Tail
from gateway.journal.walking import Walk
from gateway.journal.writer import CONFLICTS, Writer
from gateway.model import Batch, Quarantine, Receipts, Record
from gateway.settings import JournalSettings

_log = logging.getLogger(__name__)

_CHANNELS_FILE = "channels.db"
_RESERVE_FILE = "reserve"
_LOCK_FILE = "lock"
_FLASH_SECONDS = 1.0
_LEAST_SEGMENTS = 4
"""So many segments fit under the cap, so that a full journal always has one to let go."""
_READING_BYTES = 24
_COMMITTED_READINGS = 100_000
_REBUILT_READINGS = 400_000
_REBUILT_RECORDS = 10_000
"""How much of the newest segments is looked through for each channel's last rows: a start takes no longer for it."""


class Journal:
    """Everything measured, appended once. Safe to use from any thread; `close` when done."""

    def __init__(self, folder: Path, *, settings: JournalSettings, clock: Clock, health: Health, ticks: bool) -> None:
        self._folder = folder
        self._settings = settings
        self._health = health
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(folder / _LOCK_FILE)
        self._is_closed = False
        reserve = Reserve(folder / _RESERVE_FILE, settings.reserve_bytes)
        segment_bytes = min(settings.segment_bytes, settings.cap_bytes // _LEAST_SEGMENTS)
        try:
            self._segments, self._rejects = self._open_files(segment_bytes, reserve)
        except BaseException:
            os.close(self._lock)
            raise
        places = self._segments.places
        self._tail = Tail(self._segments.next_position - 1)
        self._walk = Walk(folder, lambda: self._segments.firsts, lambda: self._tail.newest, self._count_damaged)
        self._cursors = Cursors(settings.readers, places, settings.yielding)
        self._identity = self._remembered(places.get(CONFLICTS, 0))
        flush_seconds = max(settings.flush_seconds, _FLASH_SECONDS if settings.storage == "flash" else 0.0)
        most_readings = min(segment_bytes // _READING_BYTES, _COMMITTED_READINGS)
        self._gathering = Gathering(flush_seconds, settings.flush_readings, most_readings)
        self._writer = Writer(
            segments=self._segments,
            identity=self._identity,
            gathering=self._gathering,
            tail=self._tail,
            cursors=self._cursors,
            rejects=self._rejects,
            walk=self._walk,
            reserve=reserve,
            cap_bytes=settings.cap_bytes,
            clock=clock,
            health=health,
            ticks=ticks,
        )
        # A copy that outlived its segments must not take their positions for known ones.
        self._writer.continue_after(self._rejects.position)
        reserve.restore()
        health.set_condition("journal", ok=True)
        health.gauge("journal_bytes", lambda: float(self._segments.size()))
        health.gauge("journal_records_behind", lambda: float(self.newest - min(self.newest, self._cursors.passed())))
        self._writer.start()

    def _open_files(self, segment_bytes: int, reserve: Reserve) -> tuple[Segments, Rejects]:
        while True:
            try:
                rejects = open_rejects(self._folder / REJECTS_FILE, self._settings.quarantine_bytes)
                try:
                    return Segments(self._folder, segment_bytes), rejects
                except BaseException:
                    rejects.close()
                    raise
            except sqlite3.OperationalError as error:
                # Opening after a kill needs a little room, too.
                if not reserve.free():
                    raise Unreachable(f"the journal in {self._folder} cannot be opened: {error}") from error

    @classmethod
    def open(
        cls, folder: Path, *, settings: JournalSettings, clock: Clock, health: Health, ticks: bool = True
    ) -> Journal:
        """Open or make the journal of a folder and start its writer.

        `ticks=False` is for recordings that bring their own ticks. Raises Unreachable while another process has it.
        """
        return cls(folder, settings=settings, clock=clock, health=health, ticks=ticks)

    def number(self, channels: Sequence[ChannelKey], at_least: int = 0) -> dict[str, NumberedChannel]:
        """Return number and actual id of each channel by the id asked for; durable on return.

        New channels are numbered after `at_least`, the highest number that history or ledger know.
        """
        return number_channels(self._folder / _CHANNELS_FILE, channels, at_least)

    def channels(self) -> list[KnownChannel]:
        """Return every channel ever numbered, those that the site no longer has too."""
        return known_channels(self._folder / _CHANNELS_FILE)

    def append(self, records: Sequence[Record], *, urgent: bool = False) -> Future[None]:
        """Journal records as one whole; the future resolves when they are on disk, in the order of the appends.

        It fails with Unreachable when the journal closes first, and with ValueError for columns of unequal length.
        """
        try:
            sound = [storable(record) for record in records]
        except ValueError as error:
            refused: Future[None] = Future()
            refused.set_exception(error)
            return refused
        self._health.count("journal", "received", sum(len(record) for record in sound if isinstance(record, Batch)))
        return self._gathering.add(sound, urgent=urgent)

    @property
    def newest(self) -> int:
        """The position of the newest durable record; 0 when there is none."""
        return self._tail.newest

    def read(self, after: int, *, max_readings: int = 10_000) -> list[Entry]:
        """Return the entries after a position, about as many readings as asked for, at least one entry if any.

        Damaged records are passed over and counted.
        """
        entries = self._tail.read(after, max_readings)
        return self._walk.read(after, max_readings) if entries is None else entries

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Block the thread until something newer than a position is durable, or `wake_readers`; tell whether it is."""
        return self._tail.wait(after, timeout_seconds)

    def attach(self, reader: str, position: int) -> None:
        """Take a reader's own durable place as the truth, before anything is appended.

        A place beyond the newest record means that the disk lost what it had confirmed: positions go on behind it.
        """
        self._writer.continue_after(position)
        self._cursors.attach(reader, position)
        self._gathering.wake()

    def commit(self, reader: str, position: int) -> None:
        """Note a reader's durable place; what every holding reader has passed may go."""
        self._cursors.commit(reader, position)
        if self._writer.is_waiting or self._segments.would_drop(self._cursors.passed()):
            self._gathering.wake()

    @property
    def needs_room(self) -> bool:
        """Whether readers should make their places durable now, so that segments can go."""
        return self._writer.needs_room

    @property
    def is_waiting(self) -> bool:
        """Whether appends wait at this moment for room, on the disk or under the cap."""
        return self._writer.is_waiting

    @property
    def heartbeat_ns(self) -> int:
        """Monotonic time at which the writer last got round: at least once a tick while it lives, full disk or not."""
        return self._writer.heartbeat_ns

    def wake(self) -> None:
        """Let the writer look at its clock again, after a fake one was moved."""
        self._gathering.wake()

    def wake_readers(self) -> None:
        """Let the threads in `wait` look at the newest position again, and at what else they look at."""
        self._tail.wake()

    def recent_receipts(self, collector: str, count: int) -> list[bytes]:
        """Return the newest hashes of a collector's messages without a time, oldest first."""
        hashes: list[bytes] = []
        for entry in self._walk.backwards(KIND_RECEIPTS):
            if isinstance(entry.record, Receipts) and entry.record.collector == collector:
                hashes = [*entry.record.hashes, *hashes]
                if len(hashes) >= count:
                    break
        return hashes[-count:] if count > 0 else []

    def stats(self) -> JournalStats:
        """Return what the journal holds and who has read it."""
        return stats_of(
            self._segments.totals(),
            readers=self._cursors.all(),
            conflicts=self._identity.conflicts,
            cap_bytes=self._settings.cap_bytes,
            size=self._segments.size(),
            damaged=self._walk.lost,
            segments=len(self._segments.firsts),
            first=self._segments.firsts[0] if self._segments.firsts else 1,
            quarantine=counts_of(self._folder / REJECTS_FILE),
        )

    def quarantine(self, limit: int) -> list[Quarantine]:
        """Return the newest quarantined records, newest first."""
        return read_quarantine(self._folder, limit)

    def close(self) -> None:
        """Commit what waits, stop the writer and let go of the files; closing again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._gathering.close()
        self._writer.join()
        self._tail.wake()
        self._segments.close()
        self._rejects.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _remembered(self, conflicts: int) -> Identity:
        """Rebuild each channel's last rows from the newest records."""
        entries: list[Entry] = []
        readings = 0
        for entry in islice(self._walk.backwards(KIND_BATCH), _REBUILT_RECORDS):
            entries.append(entry)
            readings += len(entry.record) if isinstance(entry.record, Batch) else 0
            if readings >= _REBUILT_READINGS:
                break
        identity = Identity()
        identity.resolve([entry.record for entry in reversed(entries) if isinstance(entry.record, Batch)])
        identity.conflicts = conflicts
        return identity

    def _count_damaged(self, records: int) -> None:
        self._health.count("journal", "failed", records, "damaged")
        reason = "records of the journal are damaged on disk and were passed over; check the disk"
        if self._health.set_condition("journal_intact", ok=False, reason=reason, needed=False):
            _log.error("%s", reason)


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Unreachable(f"another gateway writes the journal in {path.parent}; stop it first") from error
    return descriptor
