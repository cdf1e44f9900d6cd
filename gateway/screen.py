"""Judges each reading by itself: its span, its time, and whether it is a number at all.

Whatever needs a past (rate, spike, flat line, gap) is a detector behind the journal. Screening the same reading again,
or in another batch, gives the same: a redelivery changes no quality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gateway.clock import to_iso
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, Quality, Quarantine, Record

# A device that has lost its clock starts at 1970, 2000 or its firmware's date; no sensor of ours is older than 2015.
_EARLIEST_NS = 1_420_070_400 * SECOND
_AHEAD_NS = 24 * 3_600 * SECOND
_KEPT_ROWS = 200
_YEAR_10000_NS = 253_402_300_800 * SECOND


class Screen:
    """Screens the batches of one site."""

    def __init__(self, inventory: Inventory, numbers: Mapping[str, int], health: Health) -> None:
        """`numbers` maps each channel's id to its number."""
        self._health = health
        self._ids = {number: channel for channel, number in numbers.items()}
        size = max(self._ids, default=0) + 1
        self._low = np.full(size, -np.inf)
        self._high = np.full(size, np.inf)
        for channel, number in numbers.items():
            known = inventory.channels.get(channel)
            if known is not None and known.span is not None:
                self._low[number], self._high[number] = known.span

    def __call__(self, batch: Batch) -> list[Record]:
        """Return the batch as it may be journaled, and a quarantine record for each channel whose time cannot be."""
        count = len(batch)
        self._health.count("screen", "received", count)
        records: list[Record] = []
        # A gateway that does not know the time itself cannot say what lies ahead of it.
        knows_time = batch.received_ns >= _EARLIEST_NS
        wrong_time = batch.time_ns < _EARLIEST_NS
        if knows_time:
            wrong_time |= batch.time_ns > batch.received_ns + _AHEAD_NS
        if wrong_time.any():
            records = self._set_aside(batch.take(wrong_time))
            batch = batch.take(~wrong_time)
            self._health.count("screen", "dropped", int(wrong_time.sum()), "clock")
        if len(batch):
            self._health.count("screen", "sent", len(batch))
            records.insert(0, self._judge(batch))
        return records

    def _judge(self, batch: Batch) -> Batch:
        value, quality = batch.value, batch.quality
        missing = ~np.isfinite(value) | (quality == Quality.MISSING)
        # NaN compares false: a missing value is outside no span.
        low, high = self._spans(batch.channel)
        outside = ((value < low) | (value > high)) & ~missing & (quality != Quality.FAIL)
        if not (missing.any() or outside.any()):
            return batch
        self._health.count("screen", "failed", int(outside.sum()), "span")
        value, quality = value.copy(), quality.copy()
        value[missing] = np.nan
        quality[missing] = Quality.MISSING
        quality[outside] = Quality.FAIL
        return replace(batch, value=value, quality=quality)

    def _spans(self, channel: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        known = (channel >= 0) & (channel < len(self._low))
        if known.all():
            return self._low[channel], self._high[channel]
        place = np.where(known, channel, 0)
        return np.where(known, self._low[place], -np.inf), np.where(known, self._high[place], np.inf)

    def _set_aside(self, batch: Batch) -> list[Record]:
        records: list[Record] = []
        for number in np.unique(batch.channel).tolist():
            rows = np.flatnonzero(batch.channel == number)
            some = batch.take(rows[:_KEPT_ROWS])
            lines = zip(some.time_ns.tolist(), some.value.tolist(), some.quality.tolist(), strict=True)
            first_ns = int(some.time_ns[0])
            records.append(
                Quarantine(
                    source=self._ids.get(number, str(number)),
                    reason="clock",
                    detail=f"{len(rows)} readings, the first of {_readable(first_ns)}; set the device's clock",
                    payload="\n".join(f"{time_ns},{value},{quality}" for time_ns, value, quality in lines).encode(),
                    received_ns=batch.received_ns,
                )
            )
        return records


def _readable(time_ns: int) -> str:
    return to_iso(time_ns) if 0 <= time_ns < _YEAR_10000_NS else f"{time_ns} ns"
