"""Keeps the gateway's time: what is put while the clock is unsure waits on disk, and is journaled once it is known.

Rule 1: readings with a time of their own do not wait. Rule 2: what waited is journaled as one whole, with the anchor
that gave its times, before anything that is put later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from gateway.clock import Clock, ClockTrust, Ntp, Stamps, SteadyClock, SystemTrust, is_stamp, monotonic_of
from gateway.health import Health
from gateway.journal import HeldRows, read_stats
from gateway.model import Attribute, Batch, Quarantine, Record

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0

Append = Callable[[Sequence[Record]], Future[None]]
"""Screens and journals records as one whole."""


class TimeKeeper:
    """The clock of one gateway, and what waits for it."""

    def __init__(
        self,
        journal: Path,
        source: Clock,
        *,
        trust: ClockTrust | None,
        policy: Literal["auto", "ntp"],
        health: Health,
    ) -> None:
        """`journal` is the journal's folder; the newest time in it is a time that has passed."""
        self._held = HeldRows(journal)
        try:
            newest_ns = read_stats(journal).newest_received_ns
        except FileNotFoundError:
            newest_ns = 0
        self.clock = SteadyClock(
            source,
            trust or SystemTrust(),
            policy=policy,
            anchor=self._held.anchor(source.now().boot_id),
            newest_ns=newest_ns,
        )
        """The time for everybody; it never goes back but to follow a correction that is vouched for."""
        self.stamps = Stamps(self.clock)
        """The same for collectors."""
        self._health = health
        self._thread = ThreadPoolExecutor(1, "unsure")
        self._found = self.clock.look()
        health.gauge("clock_offset_seconds", lambda: self.clock.offset_seconds)
        health.gauge("clock_synchronised", lambda: float(self.clock.ntp is Ntp.SYNCHRONISED))
        health.gauge("clock_sure", lambda: float(self.clock.is_sure))
        health.gauge("readings_held", lambda: float(self._held.readings))

    def start(self, append: Append) -> None:
        """Journal what is known of the time, and release what an earlier run held."""
        self._say()
        self._note(append)

    async def keep(self, append: Append) -> None:
        """Look at the wall clock for ever."""
        while True:
            await self.clock.sleep(_LOOK_SECONDS)
            self._found += self.clock.look()
            self._say()
            self._note(append)

    def _note(self, append: Append) -> None:
        """Journal what was found. Nothing is awaited here, so that nothing is put in between."""
        if self.clock.anchor is not None and (self._held.readings or self._found):
            anchor, found = self.clock.anchor, self._found
            self._thread.submit(self._held.keep, anchor).result()
            waited = self._thread.submit(self._held.timed, anchor).result()
            self._found = []
            done = append([*found, *waited])
            if waited:
                logger.info("the time is known: %d readings that waited for it are journaled", sum(map(len, waited)))
                done.add_done_callback(self._forget)
        elif self._found:
            append(self._found)
            self._found = []

    def _forget(self, done: Future[None]) -> None:
        # Not on disk: they are held on and released at the next start.
        if done.exception() is None:
            self._thread.submit(self._held.forget)

    def sort_out(self, records: Sequence[Record]) -> tuple[list[Record], list[Batch]]:
        """Return what may be journaled, and the rows that must wait, their times monotonic."""
        ready: list[Record] = []
        waiting: list[Batch] = []
        now = self.clock.now()
        anchor = self.clock.anchor
        for record in records:
            if not isinstance(record, Batch):
                ready.append(self._dated(record))
                continue
            is_stamped = is_stamp(record.time_ns, now)
            if not is_stamped.any():
                ready.append(record)
                continue
            stamped = record.take(is_stamped)
            monotonic = replace(stamped, time_ns=monotonic_of(stamped.time_ns), received_ns=record.monotonic_ns)
            if anchor is not None:
                offset_ns = anchor.utc_ns - anchor.monotonic_ns
                time_ns = np.where(is_stamped, monotonic_of(record.time_ns) + offset_ns, record.time_ns)
                ready.append(replace(record, time_ns=time_ns, received_ns=record.monotonic_ns + offset_ns))
                continue
            waiting.append(monotonic)
            if not is_stamped.all():
                ready.append(record.take(~is_stamped))
        return ready, waiting

    def dated(self, records: Sequence[Record]) -> list[Record]:
        """Return screened records as received at the best time there is."""
        return [self._dated(record) for record in records]

    def _dated(self, record: Record) -> Record:
        if isinstance(record, Batch | Quarantine) and record.received_ns < 0:
            return replace(record, received_ns=self.clock.now().utc_ns)
        if isinstance(record, Attribute) and record.time_ns < 0:
            return replace(record, time_ns=self.clock.now().utc_ns)
        return record

    def hold(self, waiting: Sequence[Batch], rest: Awaitable[None]) -> Awaitable[None]:
        """Keep rows until the time is known; awaiting it returns when they and the rest are on disk."""
        held = asyncio.wrap_future(self._thread.submit(self._held.hold, list(waiting)))

        async def both() -> None:
            await asyncio.gather(held, rest)

        return asyncio.ensure_future(both())

    def _say(self) -> None:
        problem = self.clock.problem()
        if self._health.set_condition("clock", ok=not problem, reason=problem, needed=False):
            logger.log(logging.WARNING if problem else logging.INFO, "clock: %s", problem or "well")

    def close(self) -> None:
        """Let go of the file."""
        self._thread.shutdown()
        self._held.close()
