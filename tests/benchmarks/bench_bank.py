"""Samples a second on one core through all of detection: intake, limits, stuck, silent, episodes.

The peer is the same rules one sample at a time in plain Python, as a straightforward gateway would do it.
"""

from __future__ import annotations

import bisect
import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from gateway.detection import Detection
from gateway.health import Health
from gateway.inventory import Channel, Inventory, Ladder
from gateway.journal import Entry
from gateway.model import SECOND, Batch

START = 1_700_000_000 * SECOND
LADDER = Ladder(
    "gas", "gas_leak", "above", {"yellow": 20.0, "orange": 50.0, "red": 100.0}, 2.0, 60.0, 600.0, "benchmark", "gas"
)
SHIFT = replace(LADDER, name="shift", of="shift")
Kind: TypeAlias = Literal["once", "mixed"]


def _inventory(size: int, *ladders: Ladder) -> Inventory:
    names = [f"A{i}.d.p" for i in range(size)]
    return Inventory(
        "bench",
        "bench",
        "UTC",
        {},
        {},
        {
            name: Channel(name, name, "d", "p", "gas", "%", None, 1.0, 3.0, 0.0, 3_600.0, "normal", name, ladders)
            for name in names
        },
    )


WARM_UP = 400
"""Batches half an hour apart: a channel that is in two of three of them has been learned for four days after them."""


def _entries(kind: Kind, samples: int, per_batch: int, channels: int, mean: float, *, warm_up: int = 0) -> list[Entry]:
    """Return batches at 1 Hz a channel, each received half a second after it was measured, behind a warm-up."""
    random = np.random.default_rng(1)
    entries = []
    for position in range(1, warm_up + samples // per_batch + 1):
        received_ns = START + position * per_batch * SECOND // channels + min(position, warm_up) * 1_800 * SECOND
        index = np.arange(per_batch) % channels if kind == "once" else random.integers(0, channels, per_batch)
        batch = Batch(
            (index + 1).astype(np.int32),
            received_ns - SECOND // 2 + np.arange(per_batch, dtype=np.int64),
            random.normal(mean, 3.0, per_batch),
            np.ones(per_batch, np.uint8),
            np.zeros(per_batch, np.uint16),
            received_ns,
            0,
            "bench",
        )
        entries.append(Entry(position, batch, received_ns))
    return entries


def _rate(channels: int, entries: list[Entry], *ladders: Ladder, warm_up: int = 1) -> float:
    inventory = _inventory(channels, *(ladders or (LADDER,)))
    numbers = {name: number for number, name in enumerate(inventory.channels, 1)}
    with tempfile.TemporaryDirectory() as folder:
        detection = Detection.open(
            Path(folder), inventory=inventory, numbers=numbers, record_findings=lambda _: None, health=Health()
        )
        detection.apply(entries[:warm_up])
        began = time.process_time()
        for entry in entries[warm_up:]:
            detection.apply([entry])
        seconds = time.process_time() - began
        detection.close()
    return sum(len(entry.record) for entry in entries[warm_up:] if isinstance(entry.record, Batch)) / seconds


class _Plain:
    """The same rules for one channel, one sample at a time: order, quality, ladder, stuck, heard, level."""

    def __init__(self) -> None:
        self.newest_ns, self.heard_ns, self.held_ns = 0, 0, 0
        self.value, self.level = math.nan, 0

    def push(self, time_ns: int, value: float, quality: int, received_ns: int) -> tuple[float, float]:
        if quality > 2 or not math.isfinite(value) or time_ns <= self.newest_ns:
            return math.nan, math.nan
        place = bisect.bisect_right(_LIMITS, value)
        score = _SCORES[place] + (value - _STARTS[place]) * _SLOPES[place]
        self.held_ns = self.held_ns + min(time_ns - self.newest_ns, 3 * SECOND) if value == self.value else 0
        self.newest_ns, self.heard_ns, self.value = time_ns, received_ns, value
        if score >= 2.0 or self.level:
            self.level = int(score)
        return score, self.held_ns / (3_600 * SECOND)


_LIMITS, _STARTS = [20.0, 50.0, 100.0], [0.0, 20.0, 50.0, 100.0]
_SCORES, _SLOPES = [0.0, 2.0, 3.0, 4.0], [0.1, 1 / 30, 1 / 50, 1 / 50]


def _peer_rate(entries: list[Entry]) -> float:
    batches = [entry.record for entry in entries if isinstance(entry.record, Batch)]
    channels = {number: _Plain() for number in range(1, 1_001)}
    began = time.process_time()
    for batch in batches:
        rows = zip(
            batch.channel.tolist(), batch.time_ns.tolist(), batch.value.tolist(), batch.quality.tolist(), strict=True
        )
        for channel, time_ns, value, quality in rows:
            channels[channel].push(time_ns, value, quality, batch.received_ns)
    return sum(map(len, batches)) / (time.process_time() - began)


def run() -> dict[str, str]:
    """Return the rates by how the samples come."""
    cases: list[tuple[str, Kind, int, int, int, float]] = [
        ("each channel once, 1,000 channels", "once", 2_000_000, 1_000, 1_000, 5.0),
        ("mixed batches of 1,000, 1,000 channels", "mixed", 2_000_000, 1_000, 1_000, 5.0),
        ("mixed batches of 10,000, 1,000 channels", "mixed", 4_000_000, 10_000, 1_000, 5.0),
        ("mixed batches of 1,000, 10 channels", "mixed", 1_000_000, 1_000, 10, 5.0),
        ("mixed batches of 1,000, every ladder live", "mixed", 500_000, 1_000, 1_000, 20.0),
        ("mixed batches of 1,000, 10 channels, every ladder live", "mixed", 500_000, 1_000, 10, 20.0),
    ]
    figures = {}
    for name, kind, samples, per_batch, channels, mean in cases:
        rate = _rate(channels, _entries(kind, samples, per_batch, channels, mean))
        figures[f"M samples/s/core: {name}"] = f"{rate / 1e6:.1f}"
    for name, kind, samples, per_batch, channels, mean in cases[:3]:
        entries = _entries(kind, samples, per_batch, channels, mean, warm_up=WARM_UP)
        rate = _rate(channels, entries, LADDER, SHIFT, warm_up=WARM_UP)
        figures[f"M samples/s/core: with level, charts and daily course: {name}"] = f"{rate / 1e6:.1f}"
    peer = _peer_rate(_entries("mixed", 500_000, 1_000, 1_000, 5.0))
    figures["M samples/s/core: peer: the same rules in plain Python"] = f"{peer / 1e6:.2f}"
    return figures
