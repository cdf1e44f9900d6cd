"""What a meter that no model tells shows beside its flow: the speed of it, and a total that is its integral.

Rule 1: both follow the good day of the same device's flow; neither keeps a state, what is remembered is a memo.
Rule 2: noise from one reading to the next is not counted, for it has no sum.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gateway.inventory import Channel
from gateway.model import SECOND, Floats, Int64s
from simulators.noise import Wandered
from simulators.registered import BACKWARD_POINT, begun_of
from simulators.rhythms import RHYTHMS
from simulators.signals import WANDER_SECONDS, WANDER_SHARE, Constant, Daily, Signal, healthy, pattern_of

FLOW_OF: Mapping[str, str] = {
    "velocity": "water_flow",
    "water_volume": "water_flow",
    "gas_volume": "gas_flow",
    "heat_energy": "heat_power",
    "electric_energy": "electric_power",
}
"""What follows → what it follows, an amount an hour."""
_HOUR = 3600 * SECOND
_SINCE_HOUR = 470_000
"""Totals are counted from August 2023 on."""
_LEAST_ROOM = 1.0e7
"""A register that holds less is no meter of a main: its total is its own."""
_STEPS = 1440


@dataclass(frozen=True, slots=True)
class Speed:
    """A share of a flow."""

    flow: Signal
    share: float

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        values: Floats = self.share * self.flow.at(time_ns)
        return values


@dataclass(frozen=True, slots=True)
class Counted:
    """What a flow has come to."""

    flow: Daily
    begun: float
    _walked: Wandered = field(init=False)

    def __post_init__(self) -> None:
        walked = Wandered(self.flow.seed, WANDER_SECONDS, _SINCE_HOUR * _HOUR)
        object.__setattr__(self, "_walked", walked)

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        pattern, shift_ns = self.flow.pattern, self.flow.shift_ns
        hours = time_ns / _HOUR - _SINCE_HOUR
        began = np.array([_SINCE_HOUR * _HOUR + shift_ns], np.int64)
        rhythm = _run(pattern.rhythm, time_ns + shift_ns) - _run(pattern.rhythm, began)
        share = (1.0 - 2.0 * WANDER_SHARE) * rhythm + WANDER_SHARE * (hours + self._walked.seconds(time_ns) / 3600.0)
        values: Floats = self.begun + pattern.low * hours + (pattern.high - pattern.low) * share
        return values


def counted(channel: Channel, flow: Channel, utc_offset_seconds: float, seed: str = "") -> Signal | None:
    """Return the signal of a channel that follows a flow of its device; None when it has a day of its own."""
    followed = healthy(flow, utc_offset_seconds, seed)
    if not isinstance(followed, Daily):
        return None
    if channel.quantity == "velocity":
        own = pattern_of(channel)
        # The bore at which the fastest day of the one is the fastest of the other: DN200 where no ladder moves them.
        return Speed(followed, own.high / followed.pattern.high) if own and followed.pattern.high > 0 else None
    if channel.span is not None and channel.span[1] < _LEAST_ROOM:
        return None
    begun = begun_of(channel, seed)
    return Constant(begun) if channel.point == BACKWARD_POINT else Counted(followed, begun)


def _run(rhythm: str, local_ns: Int64s) -> Floats:
    """Return how many full hours of a rhythm have gone by since 1970."""
    whole = _whole_day(rhythm)
    days, left = np.divmod(local_ns, 24 * _HOUR)
    run: Floats = days * whole[-1] + np.interp(left / _HOUR, np.linspace(0.0, 24.0, _STEPS + 1), whole)
    return run


@functools.cache
def _whole_day(rhythm: str) -> Floats:
    hours = np.linspace(0.0, 24.0, _STEPS + 1)
    share = RHYTHMS[rhythm](hours)
    steps = (share[1:] + share[:-1]) / 2.0 * (24.0 / _STEPS)
    return np.concatenate([[0.0], np.cumsum(steps)])
