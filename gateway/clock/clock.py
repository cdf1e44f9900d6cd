"""Time as the gateway sees it, passed in wherever it is needed; tests and replays pass a fake one."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from gateway.model import SECOND, Instant

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What time it is, and a way to wait."""

    def now(self) -> Instant:
        """Return the present moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        ...


class SystemClock:
    """The clock of this box."""

    def __init__(self) -> None:
        self._boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"

    def now(self) -> Instant:
        """Return the present moment."""
        return Instant(time.time_ns(), time.monotonic_ns(), self._boot_id)

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)


class FakeClock:
    """A clock that moves only when told; sleepers wake in the order of their times (as trio's MockClock does)."""

    def __init__(self, utc_ns: int = 1_700_000_000 * SECOND, boot_id: str = "fake") -> None:
        self._utc_ns = utc_ns
        self._monotonic_ns = 0
        self._boot_id = boot_id
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> Instant:
        """Return the present moment."""
        return Instant(self._utc_ns, self._monotonic_ns, self._boot_id)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic_ns + round(seconds * SECOND), next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time on, waking each sleeper at its own moment and letting it run."""
        target = self._monotonic_ns + round(seconds * SECOND)
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self.set_monotonic(due)
            if not future.done():
                future.set_result(None)
            for _ in range(10):
                await asyncio.sleep(0)
        self.set_monotonic(target)

    def set_monotonic(self, monotonic_ns: int) -> None:
        """Move both times on to the given monotonic time, waking nobody."""
        self._utc_ns += max(0, monotonic_ns - self._monotonic_ns)
        self._monotonic_ns = max(self._monotonic_ns, monotonic_ns)

    def set_utc(self, utc_ns: int) -> None:
        """Set the wall clock as an administrator or NTP would; monotonic time does not move."""
        self._utc_ns = utc_ns


def to_iso(time_ns: int) -> str:
    """Write a time as ISO 8601 UTC with as many decimals as it needs (milliseconds at least).

    >>> to_iso(1_700_000_000_123_000_000)
    '2023-11-14T22:13:20.123Z'
    """
    seconds, rest = divmod(time_ns, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    decimals = f"{rest:09d}".rstrip("0").ljust(3, "0")
    return f"{text}.{decimals}Z"
