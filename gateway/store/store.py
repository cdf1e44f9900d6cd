"""The store: walks the journal and writes every reading to a sink, some thousands a request.

Rule 1: the place moves after the sink has taken everything up to it; points overwrite themselves, so a crash repeats.
Rule 2: rows that the sink refuses for ever go to quarantine, and the rest goes on.
Rule 3: nothing waits in memory beyond one request and one slice: while the sink is unreachable nothing more is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from gateway.clock import Clock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Quarantine
from gateway.sinks import Sink
from gateway.store.place import Place

_log = logging.getLogger(__name__)

_GATHER_NS = SECOND
"""Readings wait so long for others, unless a request is full before."""
_PLACE_NS = 10 * SECOND
"""The place is put on disk so often: each time wears flash, and a crash only repeats what came after."""

Keep = Callable[[Sequence[Quarantine]], object]


class Store:
    """A copy of every reading somewhere else; applied to by one thread."""

    def __init__(
        self, folder: Path, sink: Sink, *, keep: Keep, clock: Clock, health: Health, batch_points: int = 5_000
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = sink.name
        self._sink = sink
        self._keep = keep
        self._clock = clock
        self._health = health
        self._batch_points = batch_points
        self._place = Place(folder / "place")
        self._applied = self._written = self._place.position
        self._waiting: list[tuple[int, Batch]] = []
        self._waiting_rows = 0
        self._gathering_since_ns = 0
        self._place_moved_ns = clock.now().monotonic_ns
        self._is_away = False

    @property
    def written(self) -> int:
        """The position up to which the sink has everything."""
        return self._written

    def position(self) -> int:
        """Return the place that is on disk."""
        return self._place.position

    def apply(self, entries: Sequence[Entry]) -> int:
        """Take over entries and write what is due; no entries at all: write everything that waits."""
        self._gather([entry for entry in entries if entry.position > self._applied])
        now_ns = self._clock.now().monotonic_ns
        is_due = not entries or now_ns - self._gathering_since_ns >= _GATHER_NS
        while self._waiting_rows >= (1 if is_due else self._batch_points):
            self._write()
        if not self._waiting:
            self._written = self._applied
        if not entries or now_ns - self._place_moved_ns >= _PLACE_NS:
            self._move_place(now_ns)
        return self._place.position

    def flush(self) -> None:
        """Write what waits: nothing comes that it could wait for. The place on disk has time."""
        while self._waiting:
            self._write()
        self._written = self._applied

    def hurry(self) -> None:
        """Keep a stop from waiting long for the sink; may be called from any thread."""
        self._sink.hurry()

    def close(self) -> None:
        """Write what waits, if the sink answers, and let go of it."""
        try:
            # What cannot be written now is still in the journal.
            with suppress(Unreachable):
                if not self._is_away:
                    self.apply(())
            with suppress(OSError):
                self._move_place(self._clock.now().monotonic_ns)
        finally:
            self._sink.close()

    def _gather(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        batches = [(one.position, one.record) for one in entries if isinstance(one.record, Batch) and len(one.record)]
        rows = sum(len(batch) for _, batch in batches)
        if rows and not self._waiting:
            self._gathering_since_ns = self._clock.now().monotonic_ns
        self._waiting += batches
        self._waiting_rows += rows
        self._applied = entries[-1].position
        self._health.count(self.name, "received", rows)

    def _write(self) -> None:
        """Write one request; what it held waits no longer."""
        position, taken, rest = self._request()
        batch = _joined(taken)
        try:
            rejected = self._sink.write(batch)
        except Unreachable:
            self._is_away = True
            raise
        self._is_away = False
        self._health.count(self.name, "sent", len(batch) - len(rejected))
        if rejected:
            self._health.count(self.name, "failed", len(rejected), "rejected")
            received_ns = self._clock.now().utc_ns
            self._keep(
                [Quarantine(self.name, f"rejected:{self.name}", one.detail, one.sent, received_ns) for one in rejected]
            )
            self._say(len(rejected), rejected[0].detail)
        self._waiting = rest
        self._waiting_rows -= len(batch)
        self._written = position

    def _request(self) -> tuple[int, list[Batch], list[tuple[int, Batch]]]:
        """Return the position that is complete after the next request, its batches, and what still waits."""
        taken: list[Batch] = []
        room = self._batch_points
        complete = self._written
        for place, (position, batch) in enumerate(self._waiting):
            if len(batch) > room:
                if room:
                    taken.append(batch.take(np.arange(room)))
                rest = batch.take(np.arange(room, len(batch)))
                return complete, taken, [(position, rest), *self._waiting[place + 1 :]]
            taken.append(batch)
            room -= len(batch)
            complete = position
        return complete, taken, []

    def _say(self, count: int, detail: str) -> None:
        reason = f"{self.name} refuses readings, which are kept in quarantine; the first: {detail}"
        if self._health.set_condition(f"{self.name}_rejects", ok=False, reason=reason, needed=False):
            _log.warning("%s refuses %d readings for ever, see the quarantine: %s", self.name, count, detail)

    def _move_place(self, now_ns: int) -> None:
        self._place_moved_ns = now_ns
        if self._written > self._place.position:
            self._place.move(self._written)


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return replace(
        batches[-1],
        channel=np.concatenate([batch.channel for batch in batches]),
        time_ns=np.concatenate([batch.time_ns for batch in batches]),
        value=np.concatenate([batch.value for batch in batches]),
        quality=np.concatenate([batch.quality for batch in batches]),
        flags=np.concatenate([batch.flags for batch in batches]),
    )
