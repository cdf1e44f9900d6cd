"""One batch to the sink and what becomes of it: counted, and kept in quarantine where it is refused.

Rule 1: an answer that means "later" (Unreachable) and trouble of the box pass through: nothing is given up.
Rule 2: any other failure is tried three times, then the batch is halved down to the rows that fail, which are set
aside; a sink that fails on one row after the other is broken itself, and nothing more is set aside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from gateway.clock import Clock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import Batch, Quarantine
from gateway.sinks import Sink

_log = logging.getLogger(__name__)

_TRIES = 3
_MOST_ASIDE = 10
_BROKEN_SECONDS = 30.0
_TROUBLE = (Unreachable, OSError, MemoryError)

Keep = Callable[[Sequence[Quarantine]], object]


class Writer:
    """The way of both lanes to one sink."""

    def __init__(self, sink: Sink, *, keep: Keep, clock: Clock, health: Health) -> None:
        self.name = sink.name
        self._sink = sink
        self._keep = keep
        self._clock = clock
        self._health = health
        self._aside_in_a_row = 0

    def write(self, batch: Batch) -> None:
        """Return when the sink has every row that it does not refuse for ever."""
        error = self._tried(batch, _TRIES)
        if error is not None:
            self._write_parts(batch, error)

    def _write_parts(self, batch: Batch, error: Exception) -> None:
        if len(batch) == 1:
            self._set_aside(batch, error)
            return
        middle = len(batch) // 2
        for part in (batch.take(np.arange(middle)), batch.take(np.arange(middle, len(batch)))):
            failed = self._tried(part, 1)
            if failed is not None:
                self._write_parts(part, failed)

    def _tried(self, batch: Batch, tries: int) -> Exception | None:
        """Try to write; return what stands against it."""
        failed: Exception | None = None
        for _ in range(tries):
            try:
                rejected = self._sink.write(batch)
            except _TROUBLE:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a row does to a sink
                failed = error
            else:
                self._aside_in_a_row = 0
                self._health.count(self.name, "sent", len(batch) - len(rejected))
                if rejected:
                    self._keep_rejected([(one.detail, one.sent) for one in rejected])
                return None
        return failed

    def _set_aside(self, batch: Batch, error: Exception) -> None:
        if self._aside_in_a_row >= _MOST_ASIDE:
            reason = f"{self.name} fails on every reading ({error!r}); it rests, nothing is lost"
            raise Unreachable(reason, retry_seconds=_BROKEN_SECONDS) from error
        self._aside_in_a_row += 1
        row = f"{batch.channel[0]},{batch.time_ns[0]},{batch.value[0]},{batch.quality[0]},{batch.flags[0]}"
        self._keep_rejected([(repr(error), row.encode())])

    def _keep_rejected(self, rejected: Sequence[tuple[str, bytes]]) -> None:
        name, detail = self.name, rejected[0][0]
        self._health.count(name, "failed", len(rejected), "rejected")
        received_ns = self._clock.now().utc_ns
        self._keep([Quarantine(name, f"rejected:{name}", why, sent, received_ns) for why, sent in rejected])
        reason = f"{name} refuses readings, which are kept in quarantine; the first: {detail}"
        if self._health.set_condition(f"{name}_rejects", ok=False, reason=reason, needed=False):
            _log.warning("%s refuses %d readings for ever, see the quarantine: %s", name, len(rejected), detail)
