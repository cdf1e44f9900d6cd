"""Replay: a day of 500 channels at 1 Hz from a CSV file through screen and detection, ladders on every channel."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

CHANNELS = 500
LINE_UNITS = 250
SECONDS = 86_400
LADDER = """
ladders:
  low:
    quantity: water_pressure
    hazard: pressure_abnormal
    direction: below
    rungs: {yellow: 0.14, orange: 0.10}
    deadband: 0.01
    on_seconds: 300
    off_seconds: 600
    basis: as in the example site
"""


def run() -> dict[str, str]:
    """Return the figures of one day, wide and long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = _write_site(folder)
        wide = _write_recording(folder, SECONDS)
        long = _write_long(folder, wide, SECONDS // 24)
        return {
            "a day of 500 channels at 1 Hz, wide CSV": _replay(site, wide),
            "an hour of 500 channels at 1 Hz, long CSV": _replay(site, long),
        }


def _write_site(folder: Path) -> Path:
    lines = range(-(-CHANNELS // LINE_UNITS))
    parts = ["site: {id: bench, timezone: UTC}", "collectors:"]
    parts += [f"  line-{line}: {{kind: modbus_tcp, host: 127.0.0.{line + 1}}}" for line in lines]
    parts += ["assets:", *(f"  A{number}: {{kind: node, lifeline: water}}" for number in range(CHANNELS)), "devices:"]
    for number in range(CHANNELS):
        line, unit = divmod(number, LINE_UNITS)
        rest = f"collector: line-{line}, unit: {unit + 1}, asset: A{number}, report_seconds: 1"
        parts.append(f"  d{number}: {{profile: water/keller_36xw, {rest}}}")
    path = folder / "site.yaml"
    path.write_text("\n".join(parts) + LADDER)
    return path


def _write_recording(folder: Path, seconds: int) -> Path:
    noise = np.random.default_rng(1)
    levels = noise.uniform(0.25, 0.5, CHANNELS)
    rows = [",".join(f"{value:.4f}" for value in levels + noise.normal(0, 0.003, CHANNELS)) for _ in range(1_000)]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    path = folder / "wide.csv"
    with path.open("w") as file:
        file.write("time," + ",".join(f"A{number}.d{number}.pressure" for number in range(CHANNELS)) + "\n")
        for second, row in enumerate(noise.integers(0, len(rows), seconds).tolist()):
            file.write(f"{begin + timedelta(seconds=second):%Y-%m-%d %H:%M:%S},{rows[row]}\n")
    return path


def _write_long(folder: Path, wide: Path, rows: int) -> Path:
    path = folder / "long.csv"
    with wide.open() as source, path.open("w") as file:
        _, *names = source.readline().strip().split(",")
        file.write("time,channel,value\n")
        for _ in range(rows):
            moment, *values = source.readline().strip().split(",")
            file.writelines(f"{moment},{name},{value}\n" for name, value in zip(names, values, strict=True))
    return path


def _replay(site: Path, recording: Path) -> str:
    command = [sys.executable, "-m", "gateway.cli", "replay", str(recording), "--site", str(site), "--json"]
    began = time.perf_counter()
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - began
    readings = json.loads(printed)["readings"]
    return f"{readings / 1e6:.1f} M readings in {seconds:.1f} s, {readings / seconds / 1e6:.2f} M/s"
