"""The thread of hindsight: one look back at a time, a quarter of its core at most, and never on detection's thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from gateway.early_warning import Finding
from gateway.health import Health

_log = logging.getLogger(__name__)

_REST_FOR_WORK = 3.0
"""So many seconds of rest for one of work: what is live goes first."""
Job = TypeVar("Job")


class Outcome(NamedTuple, Generic[Job]):
    """A job that has ended, and its findings; None when it failed."""

    job: Job
    findings: Sequence[Finding] | None


class LookingBack(Generic[Job]):
    """Runs one job at a time; asked and answered by one thread."""

    def __init__(self, work: Callable[[Job], Iterator[list[Finding]]], health: Health) -> None:
        self._work = work
        self._health = health
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._outcome: Outcome[Job] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job runs, or has ended without its outcome being taken."""
        return self._thread is not None

    def start(self, job: Job) -> None:
        """Begin a job."""
        self._thread = threading.Thread(target=self._run, args=(job,), name="hindsight", daemon=True)
        self._thread.start()

    def take(self) -> Outcome[Job] | None:
        """Return the outcome of the job that has ended, once."""
        if self._thread is None or self._thread.is_alive():
            return None
        self._thread.join()
        self._thread = None
        outcome, self._outcome = self._outcome, None
        return outcome

    def wait(self) -> None:
        """Block until the job at hand has ended."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Give up the job at hand; it is begun again after the next start."""
        self._stopping.set()
        self.wait()

    def _run(self, job: Job) -> None:
        findings: Sequence[Finding] | None = None
        try:
            began = time.monotonic()
            for found in self._work(job):
                findings = found
                if self._stopping.wait(_REST_FOR_WORK * (time.monotonic() - began)):
                    return
                began = time.monotonic()
        except Exception:  # noqa: BLE001 - what is live must not depend on it
            _log.exception("a look back at late data failed; it is not tried again")
            self._health.count("hindsight", "failed")
            findings = None
        self._outcome = Outcome(job, findings)
