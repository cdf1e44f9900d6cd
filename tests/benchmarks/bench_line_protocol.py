"""Line protocol: encoding alone beside an f-string a reading, and the way into VictoriaMetrics."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gateway.inventory import Asset, Inventory
from gateway.model import SECOND, Batch
from gateway.settings import InfluxdbSettings
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.line_protocol import LineEncoder, head_of
from gateway.sinks.series import series_of
from simulators.servers.victoria_metrics import VictoriaMetrics

CHANNELS = 1_000
ROWS = 5_000
ROUNDS = 200
START = 1_700_000_000 * SECOND
INVENTORY = Inventory(
    "bench", "", "UTC", {f"P-{n}": Asset(f"P-{n}", "pipe", "water", "", None, {}) for n in range(CHANNELS)}, {}, {}
)
SERIES = series_of(((n, f"P-{n}.flow-{n}.flow", "water_flow") for n in range(CHANNELS)), INVENTORY)
HEADS = [head_of(SERIES[number]) for number in range(CHANNELS)]


def run() -> dict[str, str]:
    """Return the figures."""
    encoder = LineEncoder(SERIES)
    figures = {f"encode, {name}": _per_row(encoder.encode, batch) for name, batch in _batches().items()}
    figures["encode, quiet, an f-string a reading instead"] = _per_row(_plain, _batches()["quiet"])
    program = shutil.which("victoria-metrics")
    figures["encode, send, taken by VictoriaMetrics"] = _sent(program) if program else "not measured: not installed"
    return figures


def _batches() -> dict[str, Batch]:
    noise = np.random.default_rng(1)
    time_ns = START + noise.integers(0, 10**12, ROWS)
    value = np.round(noise.normal(50, 5, ROWS), 2)
    channel = noise.integers(0, CHANNELS, ROWS).astype(np.int32)
    quality, flags = np.ones(ROWS, np.uint8), np.zeros(ROWS, np.uint16)
    quiet = Batch(channel, time_ns, value, quality, flags, START, 0, "b")
    gaps = noise.random(ROWS) < 0.05
    marked = Batch(
        channel,
        time_ns,
        np.where(gaps, np.nan, value),
        np.where(gaps, 9, noise.choice([1, 3, 4], ROWS)).astype(np.uint8),
        noise.integers(0, 16, ROWS).astype(np.uint16),
        START,
        0,
        "b",
    )
    full = Batch(channel, time_ns, noise.normal(50, 5, ROWS), quality, flags, START, 0, "b")
    return {"quiet": quiet, "5 % missing, mixed flags": marked, "values of 17 digits": full}


def _plain(batch: Batch) -> bytes:
    columns = (batch.channel, batch.value, batch.quality, batch.flags, batch.time_ns)
    return "\n".join(
        f"{HEADS[channel]} value={value!r},quality={quality}i,flags={flags}i {time_ns}"
        for channel, value, quality, flags, time_ns in zip(*(column.tolist() for column in columns), strict=True)
    ).encode()


def _per_row(encode: Callable[[Batch], bytes], batch: Batch) -> str:
    size = len(encode(batch))
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        encode(batch)
        took.append(time.perf_counter() - began)
    best, median = min(took) / ROWS * 1e6, float(np.median(took)) / ROWS * 1e6
    return f"{median:.3f} us/reading (best {best:.3f}), {size / ROWS:.0f} B a line"


def _sent(program: str) -> str:
    batch = _batches()["quiet"]
    with tempfile.TemporaryDirectory() as folder, VictoriaMetrics(program, Path(folder)) as server:
        sink = InfluxdbSink(InfluxdbSettings(server.url, "city", "lifeline"), SERIES)
        sink.write(batch)
        began, began_cpu = time.perf_counter(), time.process_time()
        for _ in range(ROUNDS):
            sink.write(batch)
        wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        sink.close()
    readings = ROUNDS * ROWS
    return f"{cpu / readings * 1e6:.2f} us CPU/reading, {readings / wall / 1e3:.0f} k readings/s of {ROWS} a request"
