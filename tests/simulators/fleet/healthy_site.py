"""A good day for a whole site."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.signals import Signal, healthy


def healthy_signals(inventory: Inventory, *, at_ns: int, seed: str = "") -> dict[str, Signal]:
    """Return a good day for every channel of a site, in the site's local time."""
    offset = utc_offset_seconds(inventory, at_ns)
    return {channel.id: healthy(channel, offset, seed) for channel in inventory.channels.values()}


def utc_offset_seconds(inventory: Inventory, at_ns: int) -> float:
    """Return how far local time of the site is ahead of UTC; summer time does not begin within a simulation."""
    offset = datetime.fromtimestamp(at_ns / SECOND, UTC).astimezone(ZoneInfo(inventory.timezone)).utcoffset()
    return offset.total_seconds() if offset else 0.0
