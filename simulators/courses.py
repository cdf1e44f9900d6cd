"""What each channel shows: the true value of its place in a world, seen through its instrument, as a `Signal`.

A course is asked forward in time, by a live fleet, a rehearsal or a recording alike; asking steps the world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gateway.inventory import Inventory
from gateway.model import SECOND, Floats, Int64s
from simulators.counted import FLOW_OF, counted
from simulators.instruments import Instruments
from simulators.models.contract import Place
from simulators.registered import begun_of
from simulators.second_points import shown_by
from simulators.signals import Signal, healthy
from simulators.world import World

_HANGS_METRES = 5.0
"""A gauge that looks down hangs so high over the bottom (proposal), above what an underpass holds."""
_TOTALS = frozenset({"water_volume", "gas_volume"})
"""What a model counts from the beginning of its world on."""
KEPT_NS = 3600 * SECOND
"""A report may be this much older than the newest that was asked for."""


@dataclass(slots=True)
class Course:
    """One channel's course through a world."""

    world: World
    place: Place
    device: str
    point: str
    instruments: Instruments
    span: tuple[float, float] = (-math.inf, math.inf)
    """Where the instrument saturates."""
    hangs_metres: float = math.nan
    """Over the bottom, where it looks down at a level and tells the gap to it; NaN for all others."""
    share: float = 1.0
    """What it shows of its place's value."""
    begun: float = 0.0
    """What a meter had counted before."""
    _held: dict[int, float] = field(default_factory=dict)
    """Moment at which it got stuck → the value that it has shown since."""

    def at(self, time_ns: Int64s) -> Floats:
        """Return what the channel shows at given times."""
        return np.clip([self._shown(moment) for moment in time_ns.tolist()], *self.span)

    def wave(self, time_ns: Int64s) -> Floats:
        """Return what a channel of samples shows at many times of the last minute."""
        self.world.advance(int(time_ns[-1]), keep_ns=KEPT_NS)
        true = [self._told(value) for value in self.world.wave(self.place, time_ns).tolist()]
        return np.clip(
            [self._seen(when, value) for when, value in zip(time_ns.tolist(), true, strict=True)], *self.span
        )

    def _shown(self, time_ns: int) -> float:
        self.world.advance(time_ns, keep_ns=KEPT_NS)
        return self._seen(time_ns, self._told(self.world.at(self.place, time_ns)))

    def _seen(self, time_ns: int, true: float) -> float:
        asked_ns = self.instruments.asked_at(self.device, self.point, time_ns)
        if asked_ns == time_ns:
            return self.instruments.measured(self.device, self.point, time_ns, true)
        if asked_ns not in self._held:
            self._held[asked_ns] = self._told(self.world.at(self.place, asked_ns))
        return self._held[asked_ns]

    def _told(self, true: float) -> float:
        """Return what is true of its quantity where the world tells a place's."""
        return self.share * true + self.begun if math.isnan(self.hangs_metres) else self.hangs_metres - true


@dataclass(frozen=True, slots=True)
class Measured:
    """A channel that no model tells, seen through its instrument."""

    signal: Signal
    device: str
    point: str
    instruments: Instruments

    def at(self, time_ns: Int64s) -> Floats:
        """Return what the channel shows at given times."""
        asked = np.array([self.instruments.asked_at(self.device, self.point, one) for one in time_ns.tolist()])
        true = self.signal.at(asked.astype(np.int64)).tolist()
        shown = zip(time_ns.tolist(), true, strict=True)
        return np.array([self.instruments.measured(self.device, self.point, when, value) for when, value in shown])


def samples_of(signal: Signal, time_ns: Int64s) -> Floats:
    """Return a row of samples of a channel, with the waves between the steps of its model where there are any."""
    return signal.wave(time_ns) if isinstance(signal, Course) else signal.at(time_ns)


def courses_of(inventory: Inventory, world: World, instruments: Instruments, *, seed: str = "") -> dict[str, Signal]:
    """Return the course of every channel; one whose place the world does not tell has a good day, always."""
    told = frozenset(world.places)
    offset = world.climate.utc_offset_seconds
    # The first of a quantity is what the others of its device follow.
    firsts = {(one.device, one.quantity): one for one in reversed(list(inventory.channels.values()))}
    courses: dict[str, Signal] = {}
    for channel in inventory.channels.values():
        (place, share), device, point = shown_by(channel, told, seed), channel.device, channel.point
        span, level = channel.span or (-math.inf, math.inf), (channel.asset, "water_level")
        if place in told:
            begun = begun_of(channel, seed) if channel.quantity in _TOTALS else 0.0
            course = Course(world, place, device, point, instruments, span, share=share, begun=begun)
            courses[channel.id] = course
        elif channel.quantity == "air_gap" and level in told:
            courses[channel.id] = Course(world, level, device, point, instruments, span, _HANGS_METRES)
        else:
            flow = firsts.get((device, FLOW_OF.get(channel.quantity, "")))
            followed = (
                counted(channel, flow, offset, seed) if flow and (flow.asset, flow.quantity) not in told else None
            )
            courses[channel.id] = Measured(followed or healthy(channel, offset, seed), device, point, instruments)
    return courses
