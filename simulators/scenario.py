"""The story that the demo tells: which channel replays a recording, which manhole leaks, and how far."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.inventory import Channel, Inventory
from simulators.faults import Leak
from simulators.signals import Signal

_BEYOND = 1.3
"""How far the leak goes beyond the rung that it reaches, so that the plume's flicker stays above it."""
_SPAN_SHARE = 0.97


def leaking_channel(inventory: Inventory) -> Channel:
    """Return the channel whose manhole leaks: the first methane channel with a ladder for gas leaks."""
    return _first(
        (
            channel
            for channel in inventory.channels.values()
            if channel.quantity == "combustible_gas" and any(ladder.hazard == "gas_leak" for ladder in channel.ladders)
        ),
        "a combustible_gas channel with a ladder for gas_leak",
    )


def recorded_channel(inventory: Inventory) -> Channel:
    """Return the channel that replays the recorded inflow: the first flow meter on a water main."""
    flows = (
        channel
        for channel in inventory.channels.values()
        if channel.quantity == "water_flow" and inventory.assets[channel.asset].lifeline == "water"
    )
    return _first(flows, "a water_flow channel on a water asset")


def staged_leak(channel: Channel, healthy: Signal, start_ns: int) -> Leak:
    """Return the leak that climbs this channel's ladder as far as its sensor can see clearly."""
    top = channel.span[1] if channel.span else float("inf")
    rungs = sorted(
        limit for ladder in channel.ladders if ladder.hazard == "gas_leak" for limit in ladder.rungs.values()
    )
    reached = max((limit for limit in rungs if limit * _BEYOND <= top * _SPAN_SHARE), default=rungs[0])
    return Leak(healthy, start_ns, peak=min(reached * _BEYOND, top * _SPAN_SHARE))


def _first(channels: Iterable[Channel], what: str) -> Channel:
    found = next(iter(channels), None)
    if found is None:
        raise LookupError(f"the demo's site needs {what}, found none")
    return found
