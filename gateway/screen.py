"""Judges one reading by itself: range, no number, an impossible clock. Knows nothing of what came before it.

Rule: nothing stored here, so that a restart or a redelivery changes no flag. What needs a past is a detector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gateway.clock import to_iso
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, Quality, Quarantine, Record

_EARLIEST_NS = 1_420_070_400 * SECOND
"""2015-01-01: before it a clock was never set (devices boot in 1970 or 2000)."""
_AHEAD_NS = 24 * 3600 * SECOND
"""A clock further ahead than this is wrong, whatever the time zone it was set in."""
_EXPLAINED_ROWS = 1_000


class Screen:
    """Screens batches of one site."""

    def __init__(self, inventory: Inventory, numbers: Mapping[str, int], health: Health) -> None:
        highest = max(numbers.values(), default=0)
        self._low = np.full(highest + 1, -np.inf)
        self._high = np.full(highest + 1, np.inf)
        self._ids = {number: channel for channel, number in numbers.items()}
        self._health = health
        for channel in inventory.channels.values():
            if channel.span is not None and channel.id in numbers:
                self._low[numbers[channel.id]], self._high[numbers[channel.id]] = channel.span

    def __call__(self, batch: Batch) -> list[Record]:
        """Return the batch with its qualities settled, and what had to be taken out of it with the reason."""
        impossible = self._impossible_clock(batch)
        if impossible.any():
            self._health.count("screen", "dropped", int(impossible.sum()), "clock")
            kept = batch.take(~impossible)
            explained = self._explain(batch.take(impossible))
            return [self._settled(kept), explained] if len(kept) else [explained]
        return [self._settled(batch)]

    def _settled(self, batch: Batch) -> Batch:
        """Mark what is no number MISSING and what lies outside the span FAIL; a worse quality stays."""
        value, quality = batch.value, batch.quality
        no_number = ~np.isfinite(value)
        outside = (value < self._low[batch.channel]) | (value > self._high[batch.channel])
        if not (no_number.any() or outside.any()):
            return batch
        quality = np.where(outside & (quality < Quality.FAIL), np.uint8(Quality.FAIL), quality)
        quality = np.where(no_number, np.uint8(Quality.MISSING), quality)
        self._health.count("screen", "failed", int((outside & ~no_number).sum()), "span")
        self._health.count("screen", "failed", int(no_number.sum()), "missing")
        return replace(batch, value=np.where(no_number, np.nan, value), quality=quality)

    def _impossible_clock(self, batch: Batch) -> NDArray[np.bool_]:
        # A gateway that has no time itself cannot tell what lies ahead of it.
        latest = batch.received_ns + _AHEAD_NS if batch.received_ns >= _EARLIEST_NS else np.iinfo(np.int64).max
        early: NDArray[np.bool_] = batch.time_ns < _EARLIEST_NS
        return early | (batch.time_ns > latest)

    def _explain(self, batch: Batch) -> Quarantine:
        rows = [
            {"channel": self._ids.get(int(channel), str(channel)), "time": to_iso(int(time_ns)), "value": float(value)}
            for channel, time_ns, value in zip(
                batch.channel[:_EXPLAINED_ROWS], batch.time_ns[:_EXPLAINED_ROWS], batch.value, strict=False
            )
        ]
        times = f"{to_iso(int(batch.time_ns.min()))} to {to_iso(int(batch.time_ns.max()))}"
        detail = f"{len(batch)} readings say {times}, received {to_iso(batch.received_ns)}; set the device's clock"
        payload = json.dumps(rows, ensure_ascii=False).encode()
        return Quarantine("screen", "clock", detail, payload, batch.received_ns)
