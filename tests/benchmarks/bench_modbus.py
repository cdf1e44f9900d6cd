"""500 Modbus TCP devices with 60 values each second: registers to journal, history and detection, on one core.

Every device has a connection and an endpoint of its own. The devices run on the other cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.processes import GatewayProcess

DEVICES, POINTS, SECONDS = 500, 60, 40


def run() -> dict[str, str]:
    """Return readings a second, the start error of polls, CPU and memory."""
    cores = sorted(os.sched_getaffinity(0))
    farm = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.modbus_farm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert farm.stdout is not None
    port = json.loads(farm.stdout.readline())["port"]
    os.sched_setaffinity(farm.pid, set(cores[1:]) or set(cores))
    try:
        with tempfile.TemporaryDirectory() as name:
            return _measured(Path(name), port, cores[0])
    finally:
        farm.communicate("x")


def _measured(folder: Path, port: int, core: int) -> dict[str, str]:
    gateway = GatewayProcess(_write_site(folder, port), folder / "state")
    mine = os.sched_getaffinity(0)
    # What is started now, and all its threads, stays on this core.
    os.sched_setaffinity(0, {core})
    gateway.start()
    os.sched_setaffinity(0, mine)
    gateway.wait_ready(120)
    # The first polls come with 500 connections; what is measured is the steady state.
    time.sleep(20)
    process = gateway.usage()
    before, began = process.cpu_times(), time.monotonic()
    readings = gateway.count("screen", "sent")
    time.sleep(SECONDS)
    after, seconds = process.cpu_times(), time.monotonic() - began
    readings = gateway.count("screen", "sent") - readings
    cpu = sum(after[:2]) - sum(before[:2])
    late = gateway.metric("lifeline_poll_start_error_p99_seconds")
    lag = gateway.metric("lifeline_loop_lag_p99_seconds")
    rss = process.memory_info().rss
    # What it took is measured; how it ends is measured elsewhere.
    gateway.kill()
    return {
        "readings a second": f"{readings / seconds:,.0f} of {DEVICES * POINTS:,}",
        "poll start error p99": f"{late * 1e3:.0f} ms",
        "loop lag p99": f"{lag * 1e3:.1f} ms",
        "CPU, one core": f"{cpu / seconds:.0%}",
        "RSS": f"{rss / 1e6:.0f} MB",
    }


def _write_site(folder: Path, port: int) -> Path:
    points = {
        f"v{place}": {
            "quantity": "temperature",
            "unit": "Cel",
            "register": {"kind": "holding", "address": 2 * place, "type": "float32"},
            "span": [-40, 85],
            "report_seconds": 1,
        }
        for place in range(POINTS)
    }
    frames = [
        {
            "source": "made for the benchmark; its bytes are not looked at here",
            "request": "01 03 00 00 00 02 c4 0b",
            "reply": "01 03 04 41 a4 00 00 6e 0a",
            "values": dict.fromkeys(points, 20.5),
        }
    ]
    profile = {
        "id": "water/bench",
        "title": "a device",
        "lifeline": "water",
        "protocol": "modbus",
        "source": "none",
        "points": points,
        "frames": frames,
    }
    (folder / "bench.yaml").write_text(yaml.safe_dump(profile))
    site = {
        "site": {"id": "bench", "http_port": 0},
        "collectors": {
            f"c{n}": {
                "kind": "modbus_tcp", "host": f"127.0.{1 + n // 200}.{1 + n % 200}", "port": port,
                "poll_seconds": 1.0, "timeout_seconds": 2.0,
            }
            for n in range(DEVICES)
        },
        "devices": {
            f"d{n}": {"profile": "./bench.yaml", "collector": f"c{n}", "asset": "P", "unit": 1} for n in range(DEVICES)
        },
        "assets": {"P": {"kind": "pipe", "lifeline": "water"}},
    }  # fmt: skip
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site))
    return path


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
