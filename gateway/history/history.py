"""The embedded history: a reader of the journal that keeps every reading once, and answers what was when.

    entries → head (in memory) ─ commit ─► chunks.db (what is sealed), then head.db (the rest, and the place)

Rule 1: a chunk is committed before its rows leave the head; a crash in between only seals them once more.
Rule 2: the place is what head.db has on disk; the journal holds everything beyond it.
Rule 3: a failed commit leaves memory as it was, so that applying the same entries again is enough.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gateway.errors import Unreachable
from gateway.health import Health
from gateway.history.arrival import sort_by_slot
from gateway.history.buckets import Buckets, fill, items_of, width_of
from gateway.history.chunk_store import ChunkStore
from gateway.history.columns import Columns, joined, settled
from gateway.history.head import Head, Unlogged
from gateway.history.head_log import HeadLog
from gateway.history.latest import Latest
from gateway.history.sealing import insert, seal_due
from gateway.journal import Entry
from gateway.model import SECOND, Batch
from gateway.settings import HistorySettings

log = logging.getLogger(__name__)

_RELOG_ROWS = 8_192
_SLACK_ROWS = 65_536
_DROP_SHARE = 100
_CONDITION = "history"


@dataclass(frozen=True, slots=True)
class Pace:
    """How much the head gathers before it commits: whichever comes first, by journal time."""

    rows: int = 16_384
    seconds: float = 10.0
    idle_seconds: float = 60.0
    """As `seconds`, while there is only a place to commit."""


class History:
    """The embedded history of one gateway; applied to by one thread, read by any."""

    name = "history"

    def __init__(self, folder: Path, *, settings: HistorySettings, health: Health, pace: Pace) -> None:
        self._settings = settings
        self._health = health
        self._pace = pace
        self._writing = threading.RLock()
        self._files = [folder / name for name in ("head.db", "head.db-wal", "chunks.db", "chunks.db-wal")]
        self._chunks = ChunkStore(folder / "chunks.db", health=health)
        self._log = HeadLog(folder / "head.db")
        self._head = Head()
        self._applied = self._log.position
        self._uncommitted_rows = 0
        self._uncommitted_since: int | None = None
        self._closed = False

    @classmethod
    def open(cls, folder: Path, *, settings: HistorySettings, health: Health, pace: Pace = Pace()) -> History:
        """Open the history in a folder, making it if need be, at the place where its last commit left it."""
        folder.mkdir(parents=True, exist_ok=True)
        history = cls(folder, settings=settings, health=health, pace=pace)
        history._restore()
        health.set_condition(_CONDITION, ok=True)
        history._say_what_was_set_aside()
        health.gauge("history_bytes", lambda: float(history.bytes_on_disk()))
        health.gauge("history_unsealed_rows", lambda: float(history._head.fill.sum()))
        return history

    def position(self) -> int:
        """Return the place that is on disk; what was applied beyond it is in memory, and still in the journal."""
        return self._log.position

    def apply(self, entries: Sequence[Entry]) -> int:
        """Take over entries beyond the last one applied; return the place that is on disk.

        Called without entries it commits at once: the journal needs room. Raises Unreachable while the disk takes
        nothing: keep the entries and apply them again.
        """
        with self._writing, self._disk():
            new = [entry for entry in entries if entry.position > self._applied]
            batches = [entry.record for entry in new if isinstance(entry.record, Batch) and len(entry.record)]
            if batches:
                self._take(batches)
            if new:
                self._applied = new[-1].position
                if self._uncommitted_since is None:
                    self._uncommitted_since = new[0].received_ns
            if self._is_due(entries[-1].received_ns) if entries else self._applied != self._log.position:
                self._commit()
        return self._log.position

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None = None) -> Columns:
        """Return the readings from start on and before end, in the order of time, at most the earliest `limit`."""
        # The head first: rows that leave it meanwhile are in a chunk by then, the other way round they could be missed.
        unsealed = settled(self._head.rows(self._head.slot(channel))).between(start_ns, end_ns)
        rows = joined((self._chunks.read(channel, start_ns, end_ns, limit), unsealed))
        return settled(rows).take(slice(limit))

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int) -> Buckets:
        """Return the readings from start on and before end drawn together into `count` equal times."""
        if count < 1 or end_ns <= start_ns:
            raise ValueError("buckets need a time that ends after it starts, and a count of at least 1")
        unsealed = settled(self._head.rows(self._head.slot(channel))).between(start_ns, end_ns)
        width = width_of(start_ns, end_ns, count)
        spans = self._chunks.spans(channel, start_ns, end_ns, width)
        if len(unsealed) and any(span.body is None and span.last_ns >= unsealed.time_ns[0] for span in spans):
            # Late rows may lie within a chunk: its summary does not know them.
            return fill(items_of(self.read(channel, start_ns, end_ns), ()), start_ns, end_ns, count)
        whole = [span for span in spans if span.body is None]
        decoded = (self._chunks.decoded(span.body) for span in spans if span.body is not None)
        rows = settled(joined((*decoded, unsealed))).between(start_ns, end_ns)
        return fill(items_of(rows, whole), start_ns, end_ns, count)

    def latest(self) -> dict[int, Latest]:
        """Return the newest reading of every channel, by source time."""
        return self._head.latest_rows()

    def count(self, channel: int | None = None) -> int:
        """Count the distinct times held, of one channel or of all."""
        if channel is None:
            channels = {*self._chunks.ends(), *self._head.channel[: self._head.count].tolist()}
            return sum(self.count(one) for one in channels)
        return self._chunks.count(channel, settled(self._head.rows(self._head.slot(channel))))

    def remember_channels(self, numbers: Mapping[str, int]) -> None:
        """Keep the number of each channel id, and make room for their rows."""
        with self._writing, self._disk():
            self._log.remember_channels(numbers)
            if numbers:
                self._head.add_channels(np.array(sorted(numbers.values()), np.int32))

    def channels(self) -> dict[str, int]:
        """Return the number of every channel id ever remembered."""
        with self._writing:
            return self._log.channels()

    def highest_channel(self) -> int:
        """Return the highest channel number known, 0 when there is none."""
        with self._writing:
            held = int(self._head.channel.max(initial=0))
            return max(held, *self.channels().values(), *self._chunks.ends(), 0)

    def bytes_on_disk(self) -> int:
        """Return the size of all files of the history."""
        return sum(path.stat().st_size for path in self._files if path.exists())

    def close(self) -> None:
        """Commit everything applied and let go of the files."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            try:
                # What the disk does not take is still in the journal.
                with suppress(Unreachable):
                    self.apply(())
            finally:
                self._chunks.close()
                self._log.close()

    def _take(self, batches: Sequence[Batch]) -> None:
        channel = np.concatenate([batch.channel for batch in batches])
        rows = joined(Columns(batch.time_ns, batch.value, batch.quality, batch.flags) for batch in batches)
        received_ns = np.repeat(
            np.array([batch.received_ns for batch in batches], np.int64), [len(batch) for batch in batches]
        )
        self._head.add_channels(channel)
        insert(self._head, self._chunks, sort_by_slot(self._head.slots(channel), rows, received_ns))
        self._uncommitted_rows += len(rows)
        self._health.count(self.name, "received", len(rows))

    def _is_due(self, now_ns: int) -> bool:
        if self._uncommitted_since is None:
            return False
        seconds = self._pace.seconds if self._uncommitted_rows else self._pace.idle_seconds
        # A clock that was set back makes it due, too.
        return self._uncommitted_rows >= self._pace.rows or abs(now_ns - self._uncommitted_since) >= seconds * SECOND

    def _commit(self) -> None:
        head, log = self._head, self._log
        seal_due(head, self._chunks)
        self._clean_log()
        slots = head.slots_to_log()
        unlogged = head.unlogged(slots)
        since = head.since[: head.count].copy()
        since[slots[unlogged.fresh]] = log.next_entry
        entry = log.commit(unlogged, self._applied, forget_before=int(since.min(initial=log.next_entry)))
        head.mark_logged(slots, entry)
        self._health.count(self.name, "sent", self._uncommitted_rows)
        self._uncommitted_rows, self._uncommitted_since = 0, None
        self._keep_within_cap()

    def _clean_log(self) -> None:
        """Have the slots that hold the oldest entries written anew when most rows of the log are void."""
        head = self._head
        if self._log.row_count <= 2 * int(head.fill[: head.count].sum()) + _SLACK_ROWS:
            return
        oldest_first = np.argsort(head.since[: head.count], kind="stable")
        rows_so_far = np.cumsum(head.fill[oldest_first])
        head.begin_anew(oldest_first[rows_so_far <= max(_RELOG_ROWS, int(rows_so_far[0]))])

    def _keep_within_cap(self) -> None:
        if self.bytes_on_disk() <= self._settings.cap_bytes:
            return
        self._chunks.checkpoint()
        self._log.checkpoint()
        surplus = self.bytes_on_disk() - self._settings.cap_bytes
        if surplus > 0:
            # A little more than needed, so that the next commits find free pages.
            dropped = self._chunks.drop_oldest(surplus, spare=self._settings.cap_bytes // _DROP_SHARE)
            self._health.count(self.name, "dropped", dropped, "cap")

    def _restore(self) -> None:
        head, ends = self._head, self._chunks.ends()
        channels = np.array(sorted(ends), np.int32)
        head.add_channels(channels)
        head.sealed_until[head.slots(channels)] = [ends[channel] for channel in channels.tolist()]
        for entry, unlogged in self._log.entries():
            if unlogged is None:
                self._health.count(self.name, "failed", reason="damaged entry")
            else:
                self._restore_entry(entry, unlogged)
        self._restore_latest()

    def _restore_entry(self, entry: int, unlogged: Unlogged) -> None:
        head = self._head
        head.add_channels(unlogged.channel)
        slots = head.slots(unlogged.channel).astype(np.intp)
        head.void(slots[unlogged.fresh])
        if len(unlogged.rows):
            of_row = np.repeat(slots, unlogged.length).astype(np.int32)
            received_ns = np.repeat(unlogged.received_ns, unlogged.length)
            insert(head, self._chunks, sort_by_slot(of_row, unlogged.rows, received_ns))
        head.latest.received_ns[slots] = unlogged.received_ns
        head.mark_logged(slots, entry)

    def _say_what_was_set_aside(self) -> None:
        aside = [str(path) for path in (self._chunks.set_aside, self._log.set_aside) if path]
        if aside:
            reason = f"damaged, set aside and begun anew: {', '.join(aside)}; try sqlite3's .recover on it"
            log.error("%s", reason)
            self._health.set_condition("history_files", ok=False, reason=reason, needed=False)

    def _restore_latest(self) -> None:
        """Find the latest rows that lie in chunks."""
        head = self._head
        sealed = np.flatnonzero(head.sealed_until[: head.count] > head.latest.time_ns[: head.count])
        for slot in sealed.tolist():
            time_ns = int(head.sealed_until[slot])
            last = self._chunks.read(int(head.channel[slot]), time_ns, time_ns + 1)
            if len(last):
                received_ns = np.array([head.latest.received_ns[slot] or time_ns], np.int64)
                head.note_latest(sort_by_slot(np.array([slot], np.int32), last, received_ns))

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            reason = f"the history cannot be written ({error}); free disk space or check the disk"
            if self._health.set_condition(_CONDITION, ok=False, reason=reason):
                log.warning("%s", reason)
            raise Unreachable(reason) from error
        if self._health.set_condition(_CONDITION, ok=True):
            log.info("the history is written again")
