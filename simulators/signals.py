"""A healthy channel as a function of time, kept clear of every limit of its own ladders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gateway.inventory import Channel
from gateway.model import SECOND, Floats, Int64s
from simulators.noise import seed_of, wander, white
from simulators.patterns import OF_POINTS, PATTERNS, Pattern
from simulators.rhythms import RHYTHMS

_HOUR = 3600 * SECOND
_CLEARANCE = 0.15
"""Room to the lowest limit, as a share of the limit, beside its deadband."""
_COUNTED = ("water_volume", "gas_volume", "heat_energy", "electric_energy")
"""Totals, which only grow."""
_TOTAL_PER_HOUR = 60.0
WANDER_SHARE = 0.25
"""How much of its range a channel walks on its own, beside the rhythm of the day."""
WANDER_SECONDS = 5400.0
"""It changes its direction about so often."""
_LAG_SECONDS = 1200.0


class Signal(Protocol):
    """The true value of one channel, in its canonical unit."""

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        ...


@dataclass(frozen=True, slots=True)
class Daily:
    """A pattern passed through in the rhythm of the day, with a walk and noise of its own."""

    pattern: Pattern
    seed: int
    utc_offset_seconds: float

    @property
    def shift_ns(self) -> int:
        """How far its day is ahead of UTC: local time, less a lag of its own."""
        lag = (self.seed % 2001 / 1000.0 - 1.0) * _LAG_SECONDS
        return round((self.utc_offset_seconds - lag) * SECOND)

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        pattern = self.pattern
        local_ns = time_ns + self.shift_ns
        hour = (local_ns % (24 * _HOUR)) / _HOUR
        share = RHYTHMS[pattern.rhythm](hour) * (1.0 - 2.0 * WANDER_SHARE) + WANDER_SHARE
        share = share + WANDER_SHARE * wander(self.seed, time_ns, WANDER_SECONDS)
        share = share + pattern.roughness * white(self.seed + 1, time_ns)
        values: Floats = pattern.low + (pattern.high - pattern.low) * np.clip(share, 0.0, 1.0)
        return values


@dataclass(frozen=True, slots=True)
class Total:
    """A meter's count, faster by day than by night."""

    seed: int
    utc_offset_seconds: float

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        hours = (time_ns + round(self.utc_offset_seconds * SECOND)) / _HOUR
        # The derivative, 1 + 0.6 sin, never falls below zero.
        swing = 0.6 * np.cos(2.0 * np.pi * (hours - 10.0) / 24.0) * 24.0 / (2.0 * np.pi)
        begun = self.seed % 50_000
        values: Floats = begun + _TOTAL_PER_HOUR * ((hours - 470_000.0) - swing)
        return values


@dataclass(frozen=True, slots=True)
class Constant:
    """A state that does not change."""

    value: float

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        return np.full(len(time_ns), self.value)


def healthy(channel: Channel, utc_offset_seconds: float, seed: str = "") -> Signal:
    """Return the signal of a channel on a good day."""
    own = seed_of(seed, channel.id)
    if channel.quantity in _COUNTED:
        return Total(own, utc_offset_seconds)
    pattern = pattern_of(channel)
    return Constant(0.0) if pattern is None else Daily(pattern, own, utc_offset_seconds)


def pattern_of(channel: Channel) -> Pattern | None:
    """Return what a channel does on a good day, clear of its ladders; None when it stays at 0."""
    pattern = OF_POINTS.get((channel.quantity, channel.point)) or PATTERNS.get(channel.quantity)
    if pattern is None:
        if channel.span is None or channel.unit == "1":
            return None
        low, high = channel.span
        pattern = Pattern("steady", low + 0.45 * (high - low), low + 0.55 * (high - low), 3)
    return _between_limits(pattern, channel)


def _between_limits(pattern: Pattern, channel: Channel) -> Pattern:
    """Move a pattern off the limits and into the span of one channel."""
    floor, ceiling = channel.span or (-np.inf, np.inf)
    for ladder in channel.ladders:
        if ladder.of != "value":
            continue
        for limit in ladder.rungs.values():
            room = ladder.deadband + _CLEARANCE * abs(limit)
            if ladder.direction == "above":
                ceiling = min(ceiling, limit - room)
            else:
                floor = max(floor, limit + room)
    width = pattern.high - pattern.low
    if floor > ceiling:
        # Limits closer to each other than their clearance: the middle is the best place there is.
        floor = ceiling = (floor + ceiling) / 2.0
    if pattern.high > ceiling:
        pattern = replace(pattern, high=ceiling, low=min(pattern.low, ceiling - width / 2.0))
    if pattern.low < floor:
        pattern = replace(pattern, low=floor, high=min(ceiling, max(pattern.high, floor + width / 2.0)))
    return pattern
