"""InfluxDB away for an hour, 200 channels at 1 Hz: how fast the gap is filled, and how long live readings wait.

The hour is journaled beforehand; a real server (VictoriaMetrics) takes it while live readings go on coming.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gateway.clock import SystemClock
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.journal import Journal
from gateway.model import SECOND, Batch
from gateway.settings import InfluxdbSettings, JournalSettings
from gateway.sinks import Rejected
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.series import series_of
from gateway.store import Copier, Store, Writer
from simulators.servers.victoria_metrics import VictoriaMetrics

CHANNELS = 200
AWAY_SECONDS = 3_600
RATES = {"10,000 a second (as shipped)": 10_000.0, "without a limit": 1e9}
SERIES = series_of(
    ((number, f"P-{number}.flow-{number}.flow", "water_flow") for number in range(CHANNELS)),
    Inventory("bench", "", "UTC", {}, {}, {}),
)


class WatchedSink(InfluxdbSink):
    """Notes how old each live reading was when the server had taken it."""

    def __init__(self, settings: InfluxdbSettings) -> None:
        super().__init__(settings, SERIES)
        self.live_from_ns = 0
        self.ages: list[float] = []

    def write(self, batch: Batch) -> list[Rejected]:
        """Write, then look at the clock."""
        rejected = super().write(batch)
        live = batch.time_ns[batch.time_ns >= self.live_from_ns]
        if len(live):
            self.ages.append((time.time_ns() - int(live.min())) / SECOND)
        return rejected


def run() -> dict[str, str]:
    """Return the figures."""
    program = shutil.which("victoria-metrics")
    if program is None:
        return {"backfill": "not measured: VictoriaMetrics is not installed"}
    figures: dict[str, str] = {}
    for name, rate in RATES.items():
        with tempfile.TemporaryDirectory() as folder:
            figures |= {f"{what}, {name}": figure for what, figure in _measured(Path(folder), program, rate).items()}
    return figures


def _measured(folder: Path, program: str, rate: float) -> dict[str, str]:
    clock, health = SystemClock(), Health()
    with (
        VictoriaMetrics(program, folder / "server") as server,
        Journal.open(folder / "journal", settings=JournalSettings(), clock=clock, health=health) as journal,
    ):
        now_ns = time.time_ns()
        first_ns = now_ns - now_ns % SECOND - AWAY_SECONDS * SECOND
        for second in range(AWAY_SECONDS):
            done = journal.append([_second(first_ns + second * SECOND)])
        done.result()
        sink = WatchedSink(InfluxdbSettings(server.url, "city", "bench"))
        sink.live_from_ns = time.time_ns()
        store = Store(
            folder / "store",
            journal,
            Writer(sink, keep=journal.append, clock=clock, health=health),
            clock=clock,
            health=health,
            backfill_readings_per_second=rate,
        )
        copier = Copier(store, journal, sink, health=health)
        live = _Live(journal)
        began, cpu = time.monotonic(), time.process_time()
        live.start()
        copier.start()
        try:
            while store.lanes.gaps:
                time.sleep(0.05)
            seconds, cpu = time.monotonic() - began, time.process_time() - cpu
            live.stop()
            while store.behind():
                time.sleep(0.05)
        finally:
            live.stop()
            copier.stop()
            copier.close()
        held = sum(len(points) for points in server.points("water_flow_value").values())
    readings = CHANNELS * AWAY_SECONDS
    ages: Sequence[float] = sorted(sink.ages)
    return {
        "an hour of 200 channels filled in": f"{seconds:.1f} s, {readings / seconds:,.0f} readings/s",
        "CPU meanwhile": f"{cpu / seconds:.0%} of a core",
        "live readings behind their own time, median / worst": f"{ages[len(ages) // 2]:.2f} / {ages[-1]:.2f} s",
        "kept of sent": f"{held:,} of {readings + live.sent:,}",
    }


class _Live(threading.Thread):
    """Goes on journaling every channel once a second, in its own time."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(daemon=True)
        self._journal = journal
        self._ending = threading.Event()
        self.sent = 0

    def run(self) -> None:
        """Journal until stopped."""
        while not self._ending.wait(1.0):
            # Whole milliseconds: VictoriaMetrics keeps no more.
            self._journal.append([_second(time.time_ns() // 1_000_000 * 1_000_000)])
            self.sent += CHANNELS

    def stop(self) -> None:
        """End after the second at hand."""
        self._ending.set()
        self.join()


def _second(time_ns: int) -> Batch:
    channel = np.arange(CHANNELS, dtype=np.int32)
    value = np.round(50.0 + np.sin(channel + time_ns / SECOND), 2)
    good, none = np.ones(CHANNELS, np.uint8), np.zeros(CHANNELS, np.uint16)
    return Batch(channel, np.full(CHANNELS, time_ns, np.int64), value, good, none, time_ns, 0, "b")
