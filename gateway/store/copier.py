"""The thread of a store: one step after the other, and patience while the other side does not answer.

While it waits, /readyz says why and still answers 200: nobody needs the copy.
"""

from __future__ import annotations

import logging
import random
import threading

from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal import Journal
from gateway.sinks import Sink
from gateway.store.store import Store

_log = logging.getLogger(__name__)

_FIRST_REST, _LONGEST_REST = 0.05, 20.0
_TROUBLE = (Unreachable, OSError, MemoryError)


class Copier:
    """Runs a store over a journal to a sink, from `start` to `stop`; `close` lets go of the sink."""

    def __init__(self, store: Store, journal: Journal, sink: Sink, *, health: Health) -> None:
        self.name = store.name
        self._store = store
        self._journal = journal
        self._sink = sink
        self._health = health
        self._condition = f"reader_{store.name}"
        self._standing = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=store.name, daemon=True)
        health.set_condition(self._condition, ok=True, needed=False)
        health.gauge(f"{self.name}_behind_records", lambda: float(store.behind()))
        health.gauge(f"{self.name}_backfill_records", lambda: float(store.lanes.behind))

    def start(self) -> None:
        """Begin to copy."""
        self._thread.start()

    def position(self) -> int:
        """Return the place on disk before which nothing is needed any more."""
        return self._store.position()

    def hurry(self) -> None:
        """Keep a stop from waiting long for the sink; may be called from any thread."""
        self._sink.hurry()

    def stop(self) -> None:
        """End after the request at hand."""
        self._stopping.set()
        self._journal.wake_readers()
        if self._thread.ident is not None:
            self._thread.join()

    def close(self) -> None:
        """Write what waits, if the sink answers, and let go of it."""
        try:
            self._store.finish()
        except OSError as error:
            _log.warning("%s: the places could not be written (%s); some readings will go again", self.name, error)
        finally:
            self._sink.close()

    def _run(self) -> None:
        rest = _FIRST_REST
        while not self._stopping.is_set():
            try:
                seconds = self._store.step()
            except _TROUBLE as trouble:
                self._say(f"reader {self.name!r} waits: {trouble}")
                rest = self._rest(rest, trouble.retry_seconds if isinstance(trouble, Unreachable) else 0.0)
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever it meets
                self._say(f"reader {self.name!r} cannot go on: {error!r}")
                rest = self._rest(rest)
            else:
                if not self._store.is_away:
                    rest = _FIRST_REST
                    self._settle()
                if seconds > 0.0 and not self._stopping.is_set():
                    self._journal.wait(self._store.read, seconds)

    def _say(self, reason: str) -> None:
        if reason != self._standing:
            _log.warning("%s", reason)
        self._standing = reason
        self._health.set_condition(self._condition, ok=False, reason=reason, needed=False)

    def _settle(self) -> None:
        if self._standing:
            self._standing = ""
            self._health.set_condition(self._condition, ok=True, needed=False)
            _log.info("reader %r goes on", self.name)

    def _rest(self, seconds: float, at_least: float = 0.0) -> float:
        """Wait with full jitter, so that a city's boxes do not return together; return the next rest."""
        self._stopping.wait(at_least + random.uniform(0, seconds))  # noqa: S311 - spreads load, guards nothing
        return min(2 * seconds, _LONGEST_REST)
