"""What a site would have recorded before now: the same signals as the live fleet, as records for a replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np

from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, Floats, Int64s, Quality, Record, Tick
from simulators.devices import resolved
from simulators.noise import seed_of
from simulators.signals import Signal

_BOOT_ID = "simulated"
_LATENCY_NS = 2 * SECOND
"""A report arrives within two seconds of its reading."""


def past_records(
    inventory: Inventory,
    signals: Mapping[str, Signal],
    numbers: Mapping[str, int],
    *,
    start_ns: int,
    end_ns: int,
    period_seconds: float = 60.0,
) -> Iterator[tuple[int, list[Record]]]:
    """Yield (received time, records) once a period: a batch with one reading a channel, then a tick.

    Every channel reads at the same moment of each period, its device's own.
    """
    period_ns = round(period_seconds * SECOND)
    received: Int64s = np.arange(start_ns + period_ns, end_ns + 1, period_ns, dtype=np.int64)
    channels = list(inventory.channels.values())
    times = np.stack([received - _LATENCY_NS + seed_of(channel.device) % _LATENCY_NS for channel in channels])
    values = np.stack(
        [_as_reported(inventory, signals, channel.id, time) for channel, time in zip(channels, times, strict=True)]
    )
    number = np.array([numbers[channel.id] for channel in channels], np.int32)
    for slot, received_ns in enumerate(received.tolist()):
        # A collector hands over a batch in the order of time.
        order = np.argsort(times[:, slot], kind="stable")
        value = values[order, slot]
        quality = np.where(np.isnan(value), Quality.MISSING, Quality.GOOD).astype(np.uint8)
        flags = np.zeros(len(order), np.uint16)
        monotonic_ns = received_ns - start_ns
        batch = Batch(number[order], times[order, slot], value, quality, flags, received_ns, monotonic_ns, _BOOT_ID)
        yield received_ns, [batch, Tick(received_ns)]


def _as_reported(inventory: Inventory, signals: Mapping[str, Signal], channel_id: str, time_ns: Int64s) -> Floats:
    channel = inventory.channels[channel_id]
    point = inventory.devices[channel.device].profile.points[channel.point]
    true = cast("list[float]", signals[channel_id].at(time_ns).tolist())
    return np.array([resolved(point, value) for value in true])
