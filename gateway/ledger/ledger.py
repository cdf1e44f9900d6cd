"""The ledger: one thread writes events, everybody reads what stands. Nothing is told to anyone before it is on disk.

Rule 1: an event is applied once, however often it is told.
Rule 2: what readers see is replaced whole after each commit, so that reading takes no lock.
Rule 3: when the disk refuses, findings wait and are tried again; a person's step is refused at once.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from gateway.clock import Clock
from gateway.early_warning import Drilled, EarlyWarning, Finding, Redecoded, Step, Wrote, urgency
from gateway.errors import NotAllowed, Unreachable
from gateway.health import Health
from gateway.ledger import storage
from gateway.ledger.book import MAX_LATE, Book
from gateway.ledger.chain import storable
from gateway.ledger.requests import (
    Acknowledge,
    Desk,
    LedgerChange,
    RecordDrill,
    RecordFindings,
    RecordRedecoding,
    RecordWrite,
    RememberChannels,
    Request,
)

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_LARGEST_GROUP = 1_000
_OUTSIDE_READ = 10 * MAX_LATE

AnyRequest = TypeVar("AnyRequest", bound=Request)


class Ledger:
    """Early warnings of one site and what people did about them."""

    def __init__(self, folder: Path, *, site: str, clock: Clock, health: Health) -> None:
        self._folder = folder
        self._clock = clock
        self._health = health
        self._connection = storage.connect_writer(folder)
        self._storage = storage.Storage(self._connection)
        self._highest_channel = self._storage.highest_channel()
        self._book = self._load(site)
        self._subscribers: tuple[Callable[[LedgerChange], None], ...] = ()
        self._lock = threading.Lock()
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    @classmethod
    def open(cls, folder: Path, *, site: str, clock: Clock, health: Health) -> Ledger:
        """Open or make the ledger in a folder and start its thread."""
        ledger = cls(folder, site=site, clock=clock, health=health)
        health.set_condition("ledger", ok=True)
        health.gauge("warnings_open", lambda: float(len(ledger._book.open_warnings)))
        health.gauge(
            "warnings_unacknowledged",
            lambda: float(sum(warning.needs_acknowledgement for warning in ledger._book.open_warnings)),
        )
        ledger._thread.start()
        return ledger

    def record_findings(self, findings: Sequence[Finding]) -> Future[None]:
        """Append findings as one whole; the future is done when they are on disk."""
        return self._submit(RecordFindings(tuple(map(storable, findings)))).done

    def acknowledge(
        self, warning: str, *, person: str, note: str = "", revision: int | None = None
    ) -> Future[EarlyWarning]:
        """Note that a person has seen a warning; fails with `NotAllowed` when it has changed since `revision`."""
        return self._submit(Acknowledge(warning, person.strip(), note.strip(), revision)).done

    def remember_channels(self, channels: Mapping[str, int]) -> None:
        """Keep channel numbers here too, so that a lost journal never hands one out twice."""
        self._submit(RememberChannels(dict(channels))).done.result()
        self._highest_channel = max(self._highest_channel, *channels.values(), 0)

    def highest_channel(self) -> int:
        """Return the highest channel number remembered, 0 for none."""
        return self._highest_channel

    def warnings(self, *, include_closed: bool = False, limit: int = 200) -> list[EarlyWarning]:
        """Return the open warnings, the most urgent first, then if asked the ones closed last."""
        found = sorted(self._book.open_warnings, key=urgency)
        if include_closed:
            with storage.reading(self._folder) as connection:
                closed = [storage.read_warning(connection, name) for name in storage.read_closed_ids(connection, limit)]
            known = {warning.id for warning in found}
            found += [warning for warning in closed if warning is not None and warning.id not in known]
        return found[:limit]

    def warning(self, wanted: str) -> EarlyWarning | None:
        """Return one warning, open or closed; None when there never was one."""
        if (found := self._book.open_warning(wanted)) is not None:
            return found
        with storage.reading(self._folder) as connection:
            return storage.read_warning(connection, wanted)

    def steps(self, wanted: str) -> tuple[Step, ...]:
        """Return the life of one warning."""
        warning = self.warning(wanted)
        return () if warning is None else warning.steps

    def late_findings(self) -> list[Finding]:
        """Return what would have been a warning had it been known in time, the newest first."""
        return self._book.late_findings

    def was_warned_of(self, finding: str) -> bool:
        """Tell whether a finding was ever part of a warning, open or closed."""
        with storage.reading(self._folder) as connection:
            return storage.was_warned_of(connection, finding)

    def record_drill(self, drill: Drilled) -> Future[None]:
        """File how a drill ended; the future is done when that is on disk."""
        return self._submit(RecordDrill(drill)).done

    def record_redecoding(self, step: Redecoded) -> Future[None]:
        """Append the step of reading frames by another profile; the future is done when it is on disk."""
        return self._submit(RecordRedecoding(step)).done

    def record_write(self, wrote: Wrote) -> Future[None]:
        """File a write to a device, asked for or ended; the future is done when that is on disk."""
        return self._submit(RecordWrite(wrote)).done

    def redecodings(self, limit: int = 20) -> list[Redecoded]:
        """Return the newest corrections by another profile, the newest first."""
        with storage.reading(self._folder) as connection:
            return storage.read_redecodings(connection, limit)

    def drills(self, limit: int = 20) -> list[Drilled]:
        """Return how the newest drills ended, the newest first."""
        with storage.reading(self._folder) as connection:
            return storage.read_drills(connection, limit)

    def verify(self) -> int | None:
        """Return the position of the first event that is not as it was written; None when all are."""
        return storage.verify_file(self._folder)

    def subscribe(self, callback: Callable[[LedgerChange], None]) -> Callable[[], None]:
        """Call back, on the ledger's thread, with each change once it is on disk; return what ends that."""
        with self._lock:
            self._subscribers = (*self._subscribers, callback)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(each for each in self._subscribers if each is not callback)

        return unsubscribe

    def close(self) -> None:
        """Write what is asked for, then end the thread."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            self._requests.put(None)
        self._thread.join()
        self._connection.close()

    def _submit(self, request: AnyRequest) -> AnyRequest:
        with self._lock:
            if self._closing.is_set():
                request.done.set_exception(Unreachable("the ledger is closed"))
            else:
                self._requests.put(request)
        return request

    def _load(self, site: str) -> Book:
        book = Book(site)
        damaged: list[str] = []
        with storage.reading(self._folder) as connection:
            for name in storage.read_open_ids(connection):
                try:
                    for event in storage.read_events(connection, name):
                        book.apply(event)
                except (ValueError, NotAllowed):
                    damaged.append(name)
            for event in storage.read_outside(connection, _OUTSIDE_READ):
                book.apply(event)
        reason = f"events of warnings {', '.join(damaged)} are damaged on disk; keep the file and verify the ledger"
        if self._health.set_condition("ledger_chain", ok=not damaged, reason=reason if damaged else "", needed=False):
            _LOG.log(logging.ERROR if damaged else logging.DEBUG, "ledger chain: %s", reason if damaged else "ok")
        return book

    def _run(self) -> None:
        kept: list[Request] = []
        is_open = True
        while is_open:
            new, is_open = self._gather(_RETRY_SECONDS if kept else None)
            kept = self._write(kept + new)
        for request in kept:
            _answer(request, Unreachable("the ledger was closed before the disk could be written again"))

    def _gather(self, timeout_seconds: float | None) -> tuple[list[Request], bool]:
        """Return what is asked for by now, waiting for something to be; and whether there is more to come."""
        asked: list[Request | None] = []
        with suppress(queue.Empty):
            asked.append(self._requests.get(timeout=timeout_seconds))
            while len(asked) < _LARGEST_GROUP:
                asked.append(self._requests.get_nowait())
        # A step whose caller went away is dropped; findings are written whether or not anybody waits for them.
        taken = [
            request
            for request in asked
            if request is not None
            and (request.done.set_running_or_notify_cancel() or not isinstance(request, Acknowledge))
        ]
        return taken, None not in asked

    def _write(self, waiting: list[Request]) -> list[Request]:
        """Write requests as one transaction; return those to be tried again."""
        if not waiting:
            return []
        try:
            self._commit(waiting)
        except sqlite3.Error as error:
            return self._refuse(waiting, error)
        except Exception as error:  # noqa: BLE001 - answered to whoever asked
            # One request that cannot be applied must not take its neighbours or this thread with it.
            if len(waiting) > 1:
                return [kept for request in waiting for kept in self._write([request])]
            _LOG.exception("the ledger could not apply a request")
            self._health.count("ledger", "failed", reason=type(error).__name__)
            _answer(waiting[0], error)
        return []

    def _commit(self, group: list[Request]) -> None:
        desk = Desk(self._book.copy(), self._storage, self._clock.now().utc_ns)
        results: list[Any] = []
        with self._storage.transaction():
            for request in group:
                try:
                    results.append(request.apply(desk))
                except NotAllowed as refusal:
                    results.append(refusal)
        self._book = desk.book
        if self._health.set_condition("ledger", ok=True):
            _LOG.info("the ledger can be written again")
        for request, result in zip(group, results, strict=True):
            _answer(request, result)
        for change in desk.changes.values():
            self._tell(change)

    def _refuse(self, waiting: list[Request], error: sqlite3.Error) -> list[Request]:
        """Refuse what a person waits for; return the rest, which has to wait for the disk."""
        reason = f"the ledger cannot be written: {error}; free disk space or replace the disk"
        if self._health.set_condition("ledger", ok=False, reason=reason):
            _LOG.error("%s", reason)
        for request in waiting:
            if isinstance(request, Acknowledge):
                _answer(request, Unreachable(reason))
        return [request for request in waiting if not isinstance(request, Acknowledge)]

    def _tell(self, change: LedgerChange) -> None:
        for callback in self._subscribers:
            try:
                callback(change)
            except Exception:  # noqa: BLE001 - whatever a page does, the ledger goes on
                _LOG.exception("a subscriber of the ledger failed")
                self._health.count("ledger", "failed", reason="subscriber")


def _answer(request: Request, result: Any) -> None:
    if request.done.cancelled():
        return
    if isinstance(result, BaseException):
        request.done.set_exception(result)
    else:
        request.done.set_result(result)
