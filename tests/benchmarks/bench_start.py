"""Start of `lifeline run` and its memory with 2,000 channels; the bare imports stand beside it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from simulators.servers.nats_broker import NatsBroker
from tests.benchmarks.machine import write_site
from tests.processes import GatewayProcess

DEVICES, VALUES = 400, 5
IMPORTS = "import numpy, fastapi, uvicorn, pymodbus, aiomqtt, pydantic, yaml, msgspec, prometheus_client"


def run() -> dict[str, str]:
    """Return seconds until collecting and until the page answers, and RSS after ten quiet seconds."""
    with tempfile.TemporaryDirectory() as name, NatsBroker(Path(name) / "broker") as broker:
        folder = Path(name)
        site = write_site(folder, broker_port=broker.port, devices=DEVICES, values=VALUES)
        gateway = GatewayProcess(site, folder / "state")
        cold = _start(gateway)
        warm = _start(gateway)
        gateway.start()
        gateway.wait_ready()
        # Memory of a box at rest, not of one that has just started.
        time.sleep(10)
        rss = gateway.usage().memory_info().rss / 1e6
        gateway.stop()
    imports = _imports()
    return {
        "page answers, first start (channels numbered)": f"{cold:.2f} s",
        "page answers, next start": f"{warm:.2f} s = {warm / imports:.1f} x the bare imports ({imports:.2f} s)",
        "RSS with 2,000 channels, no page open": f"{rss:.0f} MB",
    }


def _start(gateway: GatewayProcess) -> float:
    gateway.start()
    gateway.wait_ready()
    gateway.get("/healthz")
    seconds = time.monotonic() - gateway.started_at
    gateway.stop()
    return seconds


def _imports() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.monotonic() - started
