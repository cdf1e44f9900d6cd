"""Drills: the uplink blocked or a unit taken for dead, for a minute, in service; then measured and filed in the ledger.

Rule 1: one drill at a time; it ends by itself, and with the process.
Rule 2: a drill takes nothing that came unasked: only polled devices can be taken for dead, and the uplink only waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, runtime_checkable

import numpy as np

from gateway.clock import Clock, to_iso
from gateway.early_warning import Drilled, DrillKind
from gateway.errors import NotAllowed, Unreachable
from gateway.health import Health
from gateway.journal import Journal
from gateway.ledger import Ledger
from gateway.model import SECOND, Batch, Int64s
from gateway.sinks import Rejected, Sink

LONGEST_SECONDS = 3_600.0
_RECOVERY_SECONDS = 300.0
_LOOK_SECONDS = 0.1
_SLICE = 20_000

logger = logging.getLogger(__name__)


class BlockableSink:
    """A sink behind a gate that a drill may close; closed, it is as unreachable as a cut line."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.name = sink.name
        self.is_blocked = False

    def write(self, batch: Batch) -> Sequence[Rejected]:
        """Return when every row is there but the rejected ones."""
        if self.is_blocked:
            raise Unreachable("a drill blocks the uplink")
        return self._sink.write(batch)

    def hurry(self) -> None:
        """Give a write a few seconds and no more."""
        self._sink.hurry()

    def close(self) -> None:
        """Let go of connections."""
        self._sink.close()


@runtime_checkable
class Polling(Protocol):
    """A collector that asks its devices, and can leave some unasked."""

    silenced: set[str]
    """Devices taken for dead."""


class Drills:
    """Starts drills and knows how they ended."""

    def __init__(
        self,
        *,
        journal: Journal,
        ledger: Ledger,
        health: Health,
        clock: Clock,
        history_times: Callable[[int, int, int], Int64s],
        drained: Callable[[], Awaitable[None]],
        uplink: BlockableSink | None,
        polled: Mapping[str, Polling],
    ) -> None:
        self._journal = journal
        self._ledger = ledger
        self._health = health
        self._clock = clock
        self._history_times = history_times
        self._drained = drained
        self._uplink = uplink
        self._polled = polled
        self._running: asyncio.Task[None] | None = None

    def begin(self, kind: DrillKind, *, unit: str, seconds: float, person: str) -> None:
        """Start a drill; `NotAllowed` says why not."""
        if self._running is not None and not self._running.done():
            raise NotAllowed("a drill is running; wait for its end")
        if not 1 <= seconds <= LONGEST_SECONDS:
            raise NotAllowed(f"a drill lasts 1 to {LONGEST_SECONDS:g} s, got {seconds:g}")
        if kind == "uplink" and self._uplink is None:
            raise NotAllowed("there is no uplink: the site file has no stores.influxdb")
        if kind == "unit" and unit not in self._polled:
            known = ", ".join(sorted(self._polled)) or "none on this site"
            raise NotAllowed(f"{unit or 'no device'} is not polled; a drill takes polled devices only: {known}")
        self._running = asyncio.create_task(self._run(kind, unit, seconds, person), name="drill")

    @property
    def is_running(self) -> bool:
        """Whether a drill is under way, its recovery included."""
        return self._running is not None and not self._running.done()

    def outcomes(self, limit: int = 20) -> list[Drilled]:
        """Return how the newest drills ended, the newest first."""
        return self._ledger.drills(limit)

    async def stop(self) -> None:
        """End a drill that runs; nothing is filed."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self, kind: DrillKind, unit: str, seconds: float, person: str) -> None:
        started = self._clock.now()
        first = self._journal.newest
        refused = self._refused()
        what = "blocks the uplink" if kind == "uplink" else f"takes {unit} for dead"
        until = to_iso(started.utc_ns + round(seconds * SECOND))
        reason = f"a drill of {person} {what} until {until}"
        self._health.set_condition("drill", ok=False, reason=reason, needed=False)
        logger.warning("%s", reason)
        try:
            self._set(kind, unit, is_faulty=True)
            await self._clock.sleep(seconds)
        finally:
            self._set(kind, unit, is_faulty=False)
            self._health.set_condition("drill", ok=True, needed=False)
        ended = self._clock.now()
        newest = self._journal.newest
        recovery = await self._recovered(
            (lambda: self._uplink_has(newest)) if kind == "uplink" else (lambda: self._answers(unit))
        )
        await self._drained()
        journaled, lost, duplicated = await asyncio.to_thread(self._compare, first, self._journal.newest)
        outcome = Drilled(
            kind=kind,
            unit=unit,
            person=person,
            start_ns=started.utc_ns,
            end_ns=ended.utc_ns,
            recovery_seconds=recovery,
            journaled=journaled,
            lost=lost + self._refused() - refused,
            duplicated=duplicated,
        )
        filed: Future[None] = self._ledger.record_drill(outcome)
        await asyncio.wrap_future(filed)
        logger.warning("the drill has ended: %d lost, %d duplicated of %d", outcome.lost, duplicated, journaled)

    def _set(self, kind: DrillKind, unit: str, *, is_faulty: bool) -> None:
        if kind == "uplink":
            assert self._uplink is not None  # noqa: S101 - `begin` has looked
            self._uplink.is_blocked = is_faulty
        elif is_faulty:
            self._polled[unit].silenced.add(unit)
        else:
            self._polled[unit].silenced.discard(unit)

    async def _recovered(self, has: Callable[[], bool]) -> float | None:
        """Wait until it has; return the seconds that took, None when it never did."""
        began_ns = self._clock.now().monotonic_ns
        while not has():
            if self._clock.now().monotonic_ns - began_ns > _RECOVERY_SECONDS * SECOND:
                return None
            await self._clock.sleep(_LOOK_SECONDS)
        return (self._clock.now().monotonic_ns - began_ns) / SECOND

    def _uplink_has(self, position: int) -> bool:
        assert self._uplink is not None  # noqa: S101 - `begin` has looked
        behind = self._health.gauges().get(f"{self._uplink.name}_behind_records", 0.0)
        return self._journal.newest - behind >= position

    def _answers(self, unit: str) -> bool:
        """Tell whether a unit answers."""
        name = f"device:{unit}"
        return any(one.name == name and one.ok for one in self._health.conditions())

    def _refused(self) -> int:
        name = "" if self._uplink is None else self._uplink.name
        return sum(
            amount for (stage, kind, _), amount in self._health.counts().items() if (stage, kind) == (name, "failed")
        )

    def _compare(self, first: int, last: int) -> tuple[int, int, int]:
        """Count distinct (channel, time) journaled in (first, last], those the history lacks, and doubles in it."""
        parts: dict[int, list[Int64s]] = {}
        position = first
        while position < last and (entries := self._journal.read(position, max_readings=_SLICE)):
            for entry in entries:
                if isinstance(entry.record, Batch) and entry.position <= last:
                    for channel in np.unique(entry.record.channel).tolist():
                        parts.setdefault(channel, []).append(entry.record.time_ns[entry.record.channel == channel])
            position = entries[-1].position
        journaled = lost = duplicated = 0
        for channel, some in parts.items():
            times = np.unique(np.concatenate(some))
            held = self._history_times(channel, int(times[0]), int(times[-1]) + 1)
            journaled += len(times)
            lost += int((~np.isin(times, held)).sum())
            duplicated += len(held) - len(np.unique(held))
        return journaled, lost, duplicated
