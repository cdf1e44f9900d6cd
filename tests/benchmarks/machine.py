"""What machine a figure was measured on, and sites of any size to measure with."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml


def machine() -> str:
    """Describe this machine in one line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {model}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {python}"
    )


def write_site(folder: Path, *, broker_port: int, devices: int, values: int, in_flight: int = 20) -> Path:
    """Write a site file and a device profile with `values` points; return the site file."""
    points = {
        f"v{i}": {"quantity": "temperature", "unit": "Cel", "path": f"v{i}", "span": [-40, 85], "report_seconds": 1}
        for i in range(values)
    }
    frame = {
        "source": "made for the benchmark",
        "reply": '{"ts":1767225600000,' + ",".join(f'"v{i}":20.5' for i in range(values)) + "}",
        "time": "2026-01-01T00:00:00Z",
        "values": dict.fromkeys(points, 20.5),
    }
    profile = {
        "id": "gas/bench_node",
        "title": "Benchmark node",
        "lifeline": "gas",
        "protocol": "json",
        "source": "made for the benchmark",
        "time": {"path": "ts", "format": "ms"},
        "points": points,
        "frames": [frame],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    names = [f"node-{i:04d}" for i in range(devices)]
    site = {
        "site": {"id": "bench", "name": "bench", "http_port": 0},
        "collectors": {
            "broker": {
                "kind": "mqtt",
                "host": "127.0.0.1",
                "port": broker_port,
                "topics": ["bench/{device}/up"],
                "in_flight": in_flight,
            }
        },
        "assets": {f"A-{name}": {"kind": "manhole", "lifeline": "gas", "name": name} for name in names},
        "devices": {name: {"profile": "./node.yaml", "collector": "broker", "asset": f"A-{name}"} for name in names},
        "ladders": {
            "hot": {
                "quantity": "temperature",
                "hazard": "fire",
                "direction": "above",
                "rungs": {"yellow": 60, "red": 80},
                "deadband": 2,
                "on_seconds": 10,
                "off_seconds": 60,
                "basis": "benchmark",
            }
        },
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False))
    return path
