"""The embedded history: readings a second in, bytes a reading on disk and written, a day as 500 buckets."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from gateway.health import Health
from gateway.history import History
from gateway.journal import Entry
from gateway.model import SECOND, Batch
from gateway.settings import HistorySettings

START = 1_700_000_000 * SECOND
DAY = 86_400 * SECOND


class Fleet(NamedTuple):
    """Channels that report in turn: noise of two or three decimals, times off by up to 20 ms."""

    channels: int
    period_ns: int
    readings: int
    slice_rows: int = 10_000
    jitter_unit_ns: int = 1_000_000


FLEETS = {
    "500 channels at 1 Hz, a day": Fleet(500, SECOND, 86_400),
    "500 channels at 1 Hz, 2 h, jitter in ns": Fleet(500, SECOND, 7_200, jitter_unit_ns=1),
    "200 channels at 1 Hz, 2 h, 200 rows at a time": Fleet(200, SECOND, 7_200, slice_rows=200),
    "2,000 channels at 1 Hz, 1 h": Fleet(2_000, SECOND, 3_600),
    "200 channels every 15 min, 90 days": Fleet(200, 900 * SECOND, 96 * 90),
    "1 channel at 100 Hz": Fleet(1, SECOND // 100, 2_000_000),
}


def run() -> dict[str, str]:
    """Return the figures of every fleet."""
    return {f"{name}: {what}": figure for name, fleet in FLEETS.items() for what, figure in _measure(fleet).items()}


def _measure(fleet: Fleet) -> dict[str, str]:
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        history = History.open(Path(folder), settings=HistorySettings(), health=Health())
        history.remember_channels({f"asset.device.{number}": number for number in range(1, fleet.channels + 1)})
        gc.collect()
        memory, written = process.memory_info().rss, process.io_counters().write_bytes
        wall = cpu = longest = 0.0
        for entry in _entries(fleet):
            began, began_cpu = time.perf_counter(), time.process_time()
            history.apply([entry])
            took = time.perf_counter() - began
            wall, cpu, longest = wall + took, cpu + time.process_time() - began_cpu, max(longest, took)
        history.apply(())
        memory, written = process.memory_info().rss - memory, process.io_counters().write_bytes - written
        readings = fleet.channels * fleet.readings
        unsealed = int(history._head.fill.sum())
        history.close()
        began = time.perf_counter()
        history = History.open(Path(folder), settings=HistorySettings(), health=Health())
        reopened = time.perf_counter() - began
        query = _query(history, fleet)
        size = history.bytes_on_disk()
        history.close()
        sealed_size = (Path(folder) / "chunks.db").stat().st_size
    return {
        "in": f"{readings / wall / 1e6:.2f} M/s, {readings / cpu / 1e6:.2f} M/s CPU; longest {longest * 1e3:.0f} ms",
        "on disk": f"{size / readings:.2f} B/reading; sealed {sealed_size / max(1, readings - unsealed):.2f}",
        "written": f"{written / readings:.0f} B/reading",
        "memory": f"+{memory / 1e6:.1f} MB; opened again in {reopened * 1e3:.0f} ms",
        "24 h as 500 buckets": query,
    }


def _query(history: History, fleet: Fleet) -> str:
    end = START + fleet.readings * fleet.period_ns
    took = []
    for number in range(1, min(fleet.channels, 20) + 1):
        began = time.perf_counter()
        rows = history.buckets(number, end - DAY, end, 500).rows.sum()
        took.append(time.perf_counter() - began)
    return f"{np.median(took) * 1e3:.1f} ms (longest {max(took) * 1e3:.1f}) over {rows:,} readings"


def _entries(fleet: Fleet) -> Iterator[Entry]:
    noise = np.random.default_rng(1)
    rounds = max(1, fleet.slice_rows // fleet.channels)
    channels = np.arange(1, fleet.channels + 1, dtype=np.int32)
    decimals = np.where(channels % 2, 100.0, 1_000.0)
    jitter = min(20_000_000, fleet.period_ns // 2) // fleet.jitter_unit_ns
    for position, first in enumerate(range(0, fleet.readings, rounds), 1):
        many = min(rounds, fleet.readings - first)
        rows = many * fleet.channels
        time_ns = START + np.repeat(np.arange(first, first + many), fleet.channels) * fleet.period_ns
        time_ns += noise.integers(0, jitter, rows) * fleet.jitter_unit_ns
        scale = np.tile(decimals, many)
        value = np.round((50 + noise.normal(0, 1, rows)) * scale) / scale
        quality, flags = np.ones(rows, np.uint8), np.zeros(rows, np.uint16)
        received_ns = int(time_ns[-1])
        yield Entry(
            position,
            Batch(np.tile(channels, many), time_ns, value, quality, flags, received_ns, 0, "boot"),
            received_ns,
        )
