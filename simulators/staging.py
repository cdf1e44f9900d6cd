"""What may be staged in the demo's district by a word: a gas leak, a storm, a burst main.

A story bends the healthy signals of the channels that would feel it, from a moment on, faster than nature would: the
leak as `faults.Leak` does, storm and burst by the water that gathers. After an hour or so all is well again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gateway.inventory import Channel, Inventory
from gateway.model import SECOND, Floats, Int64s
from simulators.scenario import leaking_channel, staged_leak
from simulators.signals import Signal
from simulators.weather import Storm

_GRID_SECONDS = 5
_HOURS = 3
_STORM = (25.0, 45.0)
"""Minutes and millimetres: what falls once in some years."""
_EMPTYING_SECONDS = 1500.0
_BURST_SECONDS = 3600.0
_REPAIR_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Bent:
    """A signal with something added to it from a moment on: straight between grid points, the last one stays."""

    signal: Signal
    start_ns: int
    added: Floats
    """One value every five seconds."""

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        since = (time_ns - self.start_ns) / SECOND
        grid = np.arange(len(self.added), dtype=np.float64) * _GRID_SECONDS
        bent: Floats = self.signal.at(time_ns) + np.where(since < 0, 0.0, np.interp(since, grid, self.added))
        return bent


class Staging:
    """The stories of one site, told on top of its healthy signals."""

    def __init__(self, inventory: Inventory, healthy: Mapping[str, Signal]) -> None:
        self._inventory = inventory
        self._healthy = dict(healthy)
        self._leaks: list[str] = []

    def stage(self, word: str, now_ns: int) -> tuple[dict[str, Signal], str]:
        """Return the bent signals by channel, and what is told of them; KeyError for a word that is no story."""
        return STORIES[word](self, now_ns)

    def gas(self, now_ns: int) -> tuple[dict[str, Signal], str]:
        """Let gas leak into a manhole, each time into another."""
        first = leaking_channel(self._inventory)
        others = [channel for channel in self._measuring("combustible_gas", "gas") if _climbs(channel)]
        left = [channel for channel in (first, *others) if channel.id not in self._leaks]
        channel = left[0] if left else first
        self._leaks.append(channel.id)
        leak = staged_leak(channel, self._healthy[channel.id], now_ns)
        return {channel.id: leak}, f"gas leaks into {self._name(channel)}"

    def storm(self, now_ns: int) -> tuple[dict[str, Signal], str]:
        """Let a storm fall: rain at once, then water in manholes, forebays and underpasses."""
        minutes, millimetres = _STORM
        storm = Storm(now_ns, minutes, millimetres)
        moments = _grid()
        fallen = np.array([storm.fallen(now_ns + round(second) * SECOND) for second in moments.tolist()])
        rain = np.diff(fallen, prepend=0.0) / _GRID_SECONDS * 3600.0
        wet = _gathered(rain)
        bent: dict[str, Signal] = {}
        for channel in self._measuring("rain_rate", "drainage"):
            bent[channel.id] = Bent(self._healthy[channel.id], now_ns, rain)
        for channel in self._measuring("water_level", "drainage"):
            bent[channel.id] = Bent(self._healthy[channel.id], now_ns, wet * _highest(channel))
        return bent, f"a storm of {millimetres:g} mm in {minutes:g} minutes"

    def burst(self, now_ns: int) -> tuple[dict[str, Signal], str]:
        """Let the last main of the zone burst: flow up and pressure down at once, then the road above it is soaked."""
        open_ = _opened()
        soaked = _gathered(open_) * 1.2
        sizes: dict[str, Floats] = {
            "water_flow": 95.0 * open_,
            "velocity": 0.6 * open_,
            "soil_moisture": 22.0 * soaked,
            "settlement": 24.0 * soaked,
        }
        bent: dict[str, Signal] = {}
        for quantity, added in sizes.items():
            lifeline = "water" if quantity in {"water_flow", "velocity"} else "road"
            for channel in self._measuring(quantity, lifeline):
                bent[channel.id] = Bent(self._healthy[channel.id], now_ns, added)
        gauges = self._measuring("water_pressure", "water")
        for number, channel in enumerate(gauges, 1):
            # The farther from the inlet, the more pressure is lost.
            lost = -0.10 - 0.16 * number / len(gauges)
            bent[channel.id] = Bent(self._healthy[channel.id], now_ns, lost * open_)
        place = self._name(gauges[-1]) if gauges else "the water zone"
        return bent, f"a main bursts at {place}"

    def _measuring(self, quantity: str, lifeline: str) -> list[Channel]:
        assets = self._inventory.assets
        return [
            channel
            for channel in self._inventory.channels.values()
            if channel.quantity == quantity and assets[channel.asset].lifeline == lifeline
        ]

    def _name(self, channel: Channel) -> str:
        return f"{channel.asset} ({self._inventory.assets[channel.asset].name})"


STORIES: Mapping[str, Callable[[Staging, int], tuple[dict[str, Signal], str]]] = {
    "gas": Staging.gas,
    "storm": Staging.storm,
    "burst": Staging.burst,
}
"""Every story by its word."""


def _grid() -> Floats:
    return np.arange(0, _HOURS * 3600, _GRID_SECONDS, dtype=np.float64)


def _gathered(inflow: Floats) -> Floats:
    """Return what an inflow fills in a basin that empties, as a share of the most that it holds then."""
    held, kept = 0.0, np.exp(-_GRID_SECONDS / _EMPTYING_SECONDS)
    levels = []
    for share in inflow.tolist():
        held = held * kept + share * (1.0 - kept)
        levels.append(held)
    filled = np.array(levels)
    most = filled.max()
    return filled / most if most > 0 else filled


def _opened() -> Floats:
    """Return how far a burst is open: at once, for an hour, then shut off and refilled."""
    moments = _grid()
    shut: Floats = np.exp(-np.clip(moments - _BURST_SECONDS, 0.0, None) / _REPAIR_SECONDS)
    opened: Floats = np.where(moments > 0, shut, 0.0)
    return opened


def _highest(channel: Channel) -> float:
    """Return how far the storm lifts a level: past the highest rung that its ladders have, or half its span."""
    limits = [limit for ladder in channel.ladders for limit in ladder.rungs.values() if ladder.direction == "above"]
    top = channel.span[1] if channel.span else np.inf
    return min(1.05 * max(limits), 0.9 * top) if limits else 0.5 * min(top, 1.0)


def _climbs(channel: Channel) -> bool:
    return any(ladder.hazard == "gas_leak" for ladder in channel.ladders)
