"""How a fleet's time goes by: as the clock on the wall, or faster."""

from __future__ import annotations

from typing import Protocol

from gateway.clock import Clock
from gateway.model import SECOND


class Timing(Protocol):
    """What time it is for a fleet, and how many of its seconds go by in a real one."""

    speed: float

    def now_ns(self) -> int:
        """Return the fleet's present."""
        ...


class WallClock:
    """The fleet lives now."""

    speed = 1.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now_ns(self) -> int:
        """Return the fleet's present."""
        return self._clock.now().utc_ns


class Pace:
    """From a moment on, so many times as fast as real time, whatever happens to the wall clock."""

    def __init__(self, clock: Clock, *, start_ns: int, speed: float = 1.0) -> None:
        self.speed = speed
        self._clock = clock
        self._start_ns = start_ns
        self._begun_ns = clock.now().monotonic_ns

    def now_ns(self) -> int:
        """Return the fleet's present."""
        return self._start_ns + round((self._clock.now().monotonic_ns - self._begun_ns) * self.speed)

    def seconds_until(self, time_ns: int) -> float:
        """Return the real seconds until a moment of the fleet's time; negative when it has passed."""
        return (time_ns - self.now_ns()) / SECOND / self.speed
