"""Judges each reading by itself: its span, its time, and whether it is a number at all.

Rule 1: a value a little outside its span is taken as the span's edge (CLAMPED, SUSPECT): a gas sensor that saturates
must not blind the alarm. How little is the channel's `span_tolerance`; a device that says itself that it is over its
range is believed at any distance. Farther outside is FAIL, and the value is kept as it came.
Rule 2: whatever needs a past (rate, spike, flat line, gap) is a detector behind the journal. Screening the same
reading again, or in another batch, gives the same: a redelivery changes no quality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gateway.clock import to_iso
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, Flag, Floats, Int32s, Quality, Quarantine, Record

# A device that has lost its clock starts at 1970, 2000 or its firmware's date; no sensor of ours is older than 2015.
_EARLIEST_NS = 1_420_070_400 * SECOND
_AHEAD_NS = 24 * 3_600 * SECOND
_KEPT_ROWS = 200
_YEAR_10000_NS = 253_402_300_800 * SECOND
_CLAMPED = np.uint16(Flag.CLAMPED)
_LOW, _HIGH, _LEAST, _MOST = range(4)


class Screen:
    """Screens the batches of one site."""

    def __init__(self, inventory: Inventory, numbers: Mapping[str, int], health: Health) -> None:
        """`numbers` maps each channel's id to its number."""
        self._health = health
        self._ids = {number: channel for channel, number in numbers.items()}
        size = max(self._ids, default=0) + 1
        # One row more than there are numbers: `take` with mode "clip" sends every unknown number to it.
        self._edges = np.repeat([[-np.inf], [np.inf], [-np.inf], [np.inf]], size + 1, axis=1)
        for channel, number in numbers.items():
            known = inventory.channels.get(channel)
            if known is not None and known.span is not None:
                low, high = known.span
                margin = known.span_tolerance * (high - low)
                self._edges[:, number] = low, high, low - margin, high + margin

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
        outside = ((value < self._edge(_LOW, batch.channel)) | (value > self._edge(_HIGH, batch.channel))) & ~missing
        outside &= quality != Quality.FAIL
        if not (missing.any() or outside.any()):
            return batch
        clamped = outside & self._is_edge(batch)
        outside &= ~clamped
        for reason, rows in (("span", outside), ("clamped", clamped)):
            if amount := int(rows.sum()):
                self._health.count("screen", "failed", amount, reason)
        edge = np.clip(value, self._edge(_LOW, batch.channel), self._edge(_HIGH, batch.channel))
        value, quality = np.where(clamped, edge, value), quality.copy()
        value[missing] = np.nan
        quality[missing] = Quality.MISSING
        quality[outside] = Quality.FAIL
        quality[clamped] = Quality.SUSPECT
        return replace(
            batch, value=value, quality=quality, flags=np.where(clamped, batch.flags | _CLAMPED, batch.flags)
        )

    def _is_edge(self, batch: Batch) -> NDArray[np.bool_]:
        """Tell which values outside a span may be taken as its edge."""
        near = batch.value >= self._edge(_LEAST, batch.channel)
        near &= batch.value <= self._edge(_MOST, batch.channel)
        # One that is suspect for another reason is not made better by being near.
        near &= batch.quality <= Quality.UNKNOWN
        return near | ((batch.flags & _CLAMPED) > 0)

    def _edge(self, which: int, channel: Int32s) -> Floats:
        edge: Floats = self._edges[which].take(channel, mode="clip")
        return edge

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
