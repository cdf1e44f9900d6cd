"""What goes wrong, staged: each fault bends the signal of one channel from a moment on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gateway.model import SECOND, Floats, Int64s
from simulators.noise import seed_of, white
from simulators.signals import Signal


@dataclass(frozen=True, slots=True)
class Leak:
    """Gas seeps into a chamber: the value rises to its peak, stays there, and is aired out when the crew has come."""

    signal: Signal
    start_ns: int
    peak: float
    rise_seconds: float = 20.0
    hold_seconds: float = 900.0
    airing_seconds: float = 120.0
    """Time in which two thirds of what is left is aired out."""

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        since = (time_ns - self.start_ns) / SECOND
        rising = np.clip(since / self.rise_seconds, 0.0, 1.0)
        aired = np.clip((since - self.rise_seconds - self.hold_seconds) / self.airing_seconds, 0.0, 50.0)
        share = rising * np.exp(-aired)
        # A plume is never still: a few hundredths of the peak, downward only so that the peak is the peak.
        flicker = 1.0 - 0.02 * (1.0 + white(seed_of("plume"), time_ns))
        healthy = self.signal.at(time_ns)
        values: Floats = healthy + (self.peak - healthy) * share * flicker
        return values


@dataclass(frozen=True, slots=True)
class Stuck:
    """A sensor that repeats its last value."""

    signal: Signal
    start_ns: int

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        return self.signal.at(np.minimum(time_ns, self.start_ns))
