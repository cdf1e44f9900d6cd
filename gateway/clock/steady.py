"""A clock that no step of the wall clock moves: UTC carried on by the monotonic clock from one anchor.

Rule 1: a step is followed when network time vouches for it, or, on a box without a time service, when it has stood
        for ten minutes: then a person meant it. Any other step is noted, and time goes on as before.
Rule 2: until the first anchor the time is unsure. `now` then goes on from the newest time known, so that it never
        goes back, and `Stamps` gives times of a year in which nobody measured anything, to be corrected later.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gateway.clock.clock import Clock, to_iso
from gateway.clock.trust import EARLIEST_NS, ClockTrust, Ntp
from gateway.model import SECOND, Anchor, ClockCorrection, Instant, Int64s, Record

GATEWAY = "gateway"
"""The device that clock corrections of this box itself name."""

_UNKNOWN_NS = -1_830_384_000 * SECOND
"""The beginning of 1912: boxes that lose their clock begin at 1970, 1980 or 2000, never here."""
_STEP_NS = SECOND // 2
"""Less is the ordinary work of a time service and is taken over as it comes."""
_TOLERANCE_NS = 60 * SECOND
"""A clock may lie so far behind the newest time known and still be taken for the same clock."""
_VOUCHED_NS = 2 * SECOND
_STANDS_NS = 600 * SECOND


class SteadyClock:
    """UTC of this box; `look` compares it with the wall clock and is called every second or so."""

    def __init__(
        self,
        source: Clock,
        trust: ClockTrust,
        *,
        policy: Literal["auto", "ntp"] = "auto",
        anchor: Anchor | None = None,
        newest_ns: int = 0,
    ) -> None:
        """`anchor` is the newest one kept on disk; `newest_ns` the newest time that this box has ever journaled."""
        self._source = source
        self._trust = trust
        self._policy = policy
        wall = source.now()
        self._began = wall
        self._newest_ns = max(newest_ns, EARLIEST_NS)
        self._offset_ns = 0
        self._stepped_at_ns: int | None = None
        self.ntp = Ntp.NONE
        """Network time as `look` last saw it."""
        self.anchor: Anchor | None = None
        """What the present time rests on; None while it is unsure."""
        self.is_vouched = False
        """Whether network time stood behind the anchor."""
        self._base_ns = self._newest_ns - wall.monotonic_ns
        if anchor is not None and anchor.boot_id == wall.boot_id:
            self.anchor = anchor
            self._base_ns = anchor.utc_ns - anchor.monotonic_ns

    @property
    def is_sure(self) -> bool:
        """Whether the time is known."""
        return self.anchor is not None

    @property
    def offset_seconds(self) -> float:
        """How far the wall clock lies ahead of this one, as `look` last saw it."""
        return self._offset_ns / SECOND

    def now(self) -> Instant:
        """Return the present moment."""
        wall = self._source.now()
        return Instant(self._base_ns + wall.monotonic_ns, wall.monotonic_ns, wall.boot_id)

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await self._source.sleep(seconds)

    def look(self) -> list[Record]:
        """Compare with the wall clock; return what is to be journaled of it: an anchor, or a step not followed."""
        wall = self._source.now()
        self.ntp = self._trust.ntp()
        self._offset_ns = wall.utc_ns - (self._base_ns + wall.monotonic_ns)
        if not self.is_sure:
            return [self._take(wall)] if self._is_good(wall) else []
        if abs(self._offset_ns) < _STEP_NS:
            # Monotonic time is slewed with the wall clock; what is left is a small step or a leap second's smear.
            self._base_ns += self._offset_ns
            ended = self._stepped_at_ns is not None
            self._stepped_at_ns = None
            return [ClockCorrection(GATEWAY, 0, self.now().utc_ns)] if ended else []
        if self._stepped_at_ns is None:
            self._stepped_at_ns = wall.monotonic_ns
            return [ClockCorrection(GATEWAY, self._offset_ns, self.now().utc_ns)]
        stands_ns = wall.monotonic_ns - self._stepped_at_ns
        is_meant = self._policy == "auto" and self.ntp is Ntp.NONE and stands_ns >= _STANDS_NS
        if wall.utc_ns >= EARLIEST_NS and (is_meant or (self.ntp is Ntp.SYNCHRONISED and stands_ns >= _VOUCHED_NS)):
            return [self._take(wall)]
        return []

    def _is_good(self, wall: Instant) -> bool:
        """Tell whether the wall clock may be believed for the first time."""
        if wall.utc_ns < EARLIEST_NS:
            return False
        if self.ntp is Ntp.SYNCHRONISED or self._policy == "ntp":
            return self.ntp is Ntp.SYNCHRONISED
        waited_ns = wall.monotonic_ns - self._began.monotonic_ns
        goes_on = self._offset_ns >= -_TOLERANCE_NS
        return waited_ns >= _STANDS_NS or (goes_on and self.ntp is Ntp.NONE)

    def _take(self, wall: Instant) -> Anchor:
        self.anchor = Anchor(wall.boot_id, wall.monotonic_ns, wall.utc_ns)
        self.is_vouched = self.ntp is Ntp.SYNCHRONISED
        self._base_ns = wall.utc_ns - wall.monotonic_ns
        self._offset_ns = 0
        self._stepped_at_ns = None
        return self.anchor

    def problem(self) -> str:
        """Return in one sentence what is wrong with the time; nothing when it is well."""
        if not self.is_sure:
            awaited = "network time" if self.ntp is Ntp.WAITING or self._policy == "ntp" else "a plausible system clock"
            return f"the time is not known; readings without a time of their own wait for {awaited}"
        if self._stepped_at_ns is None:
            return ""
        return (
            f"the system clock was set {self.offset_seconds:+.1f} s off and no time service vouches for it; "
            f"time goes on from {to_iso(self.now().utc_ns)}. Set the clock or let NTP set it"
        )


class Stamps:
    """The clock that collectors stamp readings with: unmistakable times while the real one is not known."""

    def __init__(self, steady: SteadyClock) -> None:
        self._steady = steady

    def now(self) -> Instant:
        """Return the present moment, in 1912 or soon after while the time is unsure."""
        now = self._steady.now()
        return now if self._steady.is_sure else now._replace(utc_ns=_UNKNOWN_NS + now.monotonic_ns)

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await self._steady.sleep(seconds)

    def state(self) -> dict[str, float | None]:
        """Return how far the wall clock lies ahead in seconds, and whether time is synchronised and sure (0 or 1)."""
        steady = self._steady
        return {
            "offset": steady.offset_seconds if steady.is_sure else None,
            "synchronised": float(steady.ntp is Ntp.SYNCHRONISED),
            "sure": float(steady.is_sure),
        }


def is_stamp(time_ns: Int64s, now: Instant) -> NDArray[np.bool_]:
    """Tell which times `Stamps` gave on this boot while the real one was not known; `now` is any later moment."""
    return (time_ns >= _UNKNOWN_NS) & (time_ns <= _UNKNOWN_NS + now.monotonic_ns)


def monotonic_of(stamp_ns: Int64s) -> Int64s:
    """Return the monotonic times at which `Stamps` gave some times."""
    return stamp_ns - _UNKNOWN_NS
