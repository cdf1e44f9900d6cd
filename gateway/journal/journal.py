"""The journal as the house sees it: append, read, wait, commit. Appended means on disk; a commit never moves back."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.clock import Clock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal.copying import corrupt_segments
from gateway.journal.cursors import Cursors
from gateway.journal.encoding import KIND_BATCH, KIND_RECEIPTS, storable
from gateway.journal.entry import Entry
from gateway.journal.gathering import Gathering
from gateway.journal.identity import Identity
from gateway.journal.importance import Importance, Importances
from gateway.journal.locking import lock_folder
from gateway.journal.mending import Mended, Mending
from gateway.journal.numbering import (
    ChannelKey,
    DiskFull,
    KnownChannel,
    NumberedChannel,
    known_channels,
    number_channels,
)
from gateway.journal.rejects import FILE as REJECTS_FILE
from gateway.journal.rejects import Rejects, counts_of, open_rejects
from gateway.journal.reserve import Reserve
from gateway.journal.room import Room
from gateway.journal.segments import Segments
from gateway.journal.stats import JournalStats, read_quarantine, stats_of
from gateway.journal.tail import Tail
from gateway.journal.versions import CHANNELS_FILE, check_versions
from gateway.journal.walking import Damaged, Walk
from gateway.journal.writer import CONFLICTS, Writer
from gateway.model import Batch, Quarantine, Receipts, Record
from gateway.settings import JournalSettings

_log = logging.getLogger(__name__)

_RESERVE_FILE = "reserve"
_FLASH_SECONDS = 1.0
_LEAST_SEGMENTS = 4
"""So many segments fit under the cap, so that a full journal always has one to let go."""
_MEND_SECONDS = 30.0
"""A reader waits so long for a damaged segment to be mended before it is told to come again."""
_MEND_TIMES = 3
_READING_BYTES = 24
_COMMITTED_READINGS = 100_000
_REBUILT_READINGS = 400_000
_REBUILT_RECORDS = 10_000
"""How much of the newest segments is looked through for each channel's last rows: a start takes no longer for it."""


class Journal:
    """Everything measured, appended once. Safe to use from any thread; `close` when done."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: JournalSettings,
        clock: Clock,
        health: Health,
        ticks: bool,
        before_commit: Callable[[], object] | None = None,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._health = health
        folder.mkdir(parents=True, exist_ok=True)
        check_versions(folder)
        self._lock = lock_folder(folder)
        self._is_closed = False
        reserve = Reserve(folder / _RESERVE_FILE, settings.reserve_bytes)
        segment_bytes = min(settings.segment_bytes, settings.cap_bytes // _LEAST_SEGMENTS)
        try:
            self._segments, self._rejects = self._open_files(segment_bytes, reserve)
        except BaseException:
            os.close(self._lock)
            raise
        self._importances = Importances()
        self._tail = Tail(self._segments.next_position - 1)
        self._walk = Walk(folder, lambda: self._segments.firsts, lambda: self._tail.newest, self._count_damaged)
        self._mending = Mending(folder, self._segments, self._tell_mended)
        self._show_corrupt()
        self._mending.work()
        places = self._segments.places
        self._cursors = Cursors(settings.readers, places, settings.yielding)
        self._identity = self._remembered(places.get(CONFLICTS, 0))
        flush_seconds = max(settings.flush_seconds, _FLASH_SECONDS if settings.storage == "flash" else 0.0)
        most_readings = min(segment_bytes // _READING_BYTES, _COMMITTED_READINGS)
        self._gathering = Gathering(flush_seconds, settings.flush_readings, most_readings)
        self._room = Room(
            folder,
            settings=settings,
            segment_bytes=segment_bytes,
            segments=self._segments,
            cursors=self._cursors,
            rejects=self._rejects,
            tail=self._tail,
            importances=self._importances,
            clock=clock,
            health=health,
        )
        self._writer = Writer(
            segments=self._segments,
            identity=self._identity,
            gathering=self._gathering,
            tail=self._tail,
            cursors=self._cursors,
            rejects=self._rejects,
            walk=self._walk,
            reserve=reserve,
            room=self._room,
            mending=self._mending,
            settings=settings,
            clock=clock,
            health=health,
            ticks=ticks,
            before_commit=before_commit,
        )
        # A copy that outlived its segments must not take their positions for known ones.
        self._writer.continue_after(self._rejects.position)
        self._reserve = reserve
        reserve.restore()
        health.set_condition("journal", ok=True)
        health.gauge("journal_bytes", lambda: float(self._segments.size()))
        health.gauge("journal_seconds_to_full", lambda: _or_infinity(self._room.seconds_to_full))
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
        cls,
        folder: Path,
        *,
        settings: JournalSettings,
        clock: Clock,
        health: Health,
        ticks: bool = True,
        before_commit: Callable[[], object] | None = None,
    ) -> Journal:
        """Open or make the journal of a folder and start its writer.

        `ticks=False` is for recordings that bring their own ticks. `before_commit` is called in the writer's thread
        before each commit, for fault rigs: what it takes, a slow disk takes, and an OSError is a disk that refuses.
        Raises Unreachable while another process has the folder, ConfigError when a newer version wrote it.
        """
        return cls(folder, settings=settings, clock=clock, health=health, ticks=ticks, before_commit=before_commit)

    def weigh(self, importance: Mapping[int, Importance]) -> None:
        """Know how important each channel is, by its number; one that is not named is normal."""
        self._importances.take_over(importance)

    def number(self, channels: Sequence[ChannelKey], at_least: int = 0) -> dict[str, NumberedChannel]:
        """Return number and actual id of each channel by the id asked for; durable on return.

        New channels are numbered after `at_least`, the highest number that history or ledger know.
        """
        path = self._folder / CHANNELS_FILE
        try:
            return number_channels(path, channels, at_least)
        except DiskFull:
            # A channel that cannot be numbered keeps the gateway from starting at all.
            if not self._reserve.free():
                raise
            return number_channels(path, channels, at_least)

    def channels(self) -> list[KnownChannel]:
        """Return every channel ever numbered, those that the site no longer has too."""
        return known_channels(self._folder / CHANNELS_FILE)

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

        Damaged records are passed over and counted. A segment whose file is wrong is mended first, while the caller
        waits; raises Unreachable when that cannot be done now.
        """
        entries = self._tail.read(after, max_readings)
        return self._read_from_disk(after, max_readings) if entries is None else entries

    def _read_from_disk(self, after: int, max_readings: int) -> list[Entry]:
        for _ in range(_MEND_TIMES):
            try:
                return self._walk.read(after, max_readings)
            except Damaged as damaged:
                self._mending.ask(damaged.first)
                self._gathering.wake()
                if self._is_closed or not self._mending.wait(damaged.first, _MEND_SECONDS):
                    break
        raise Unreachable(f"a segment of the journal in {self._folder} is damaged and could not be set aside yet")

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

    def commit(self, reader: str, position: int, *, seen: int | None = None) -> None:
        """Note a reader's durable place; what every holding reader has passed may go.

        `seen` is how far it has read beyond that: it could be made durable at any moment, and so fills no journal.
        """
        self._cursors.commit(reader, position, seen)
        if self._writer.is_waiting or self._segments.would_drop(self._cursors.passed()):
            self._gathering.wake()

    @property
    def needs_room(self) -> bool:
        """Whether readers should make their places durable now, so that segments can go."""
        return self._room.needs_room

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
            at_cap=self._settings.at_cap,
            seconds_to_full=self._room.seconds_to_full,
            given_up=self._room.given_up.counts(),
            corrupt=tuple(path.name for path in corrupt_segments(self._folder)),
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

    def _tell_mended(self, mended: Mended) -> None:
        lost = self._walk.count_lost(int(mended.segment.partition(".")[0]), mended.lost)
        if lost:
            self._health.count("journal", "failed", lost, "damaged")
        more = " and perhaps some behind them" if mended.is_tail_unknown else ""
        _log.error(
            "segment %s was damaged: %d records saved, %d lost%s; the damaged file is kept as %s",
            *(mended.segment, mended.saved, mended.lost, more, mended.kept_as),
        )
        self._show_corrupt()

    def _show_corrupt(self) -> None:
        corrupt = corrupt_segments(self._folder)
        if corrupt:
            reason = (
                f"{len(corrupt)} damaged segments of the journal were set aside ({corrupt[-1].name}) and what could be"
                " read was saved; check the disk, then move these files away"
            )
            self._health.set_condition("journal_intact", ok=False, reason=reason, needed=False)


def _or_infinity(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
