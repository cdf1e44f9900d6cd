"""How late the event loop runs at 80,000 readings a second with all readers; the peer is an idle gateway."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.machine import write_site
from tests.processes import GatewayProcess

SECONDS, MESSAGES_PER_SECOND, VALUES = 40, 8_000, 10


def run() -> dict[str, str]:
    """Return the 99th percentile and the maximum of the loop's lag, under load and idle."""
    messages = SECONDS * MESSAGES_PER_SECOND
    command = [sys.executable, "-m", "tests.benchmarks.blaster", "--messages", str(messages)]
    command += ["--values", str(VALUES), "--rate", str(MESSAGES_PER_SECOND), "--window", "5000"]
    blaster = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert blaster.stdout is not None
    port = json.loads(blaster.stdout.readline())["port"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = write_site(folder, broker_port=port, devices=100, values=VALUES, in_flight=5000)
        gateway = GatewayProcess(site, folder / "state")
        gateway.start()
        gateway.wait_ready()
        output, _ = blaster.communicate("go\n")
        busy = {name: gateway.metric(f"lifeline_loop_lag_{name}_seconds") for name in ("p99", "max")}
        peak = gateway.usage().memory_info().rss / 1e6
        gateway.wait_drained()
        # The gauges look back one minute: the load must have left it.
        time.sleep(62)
        idle = {name: gateway.metric(f"lifeline_loop_lag_{name}_seconds") for name in ("p99", "max")}
        gateway.stop()
    seconds = json.loads(output)["seconds"]
    return {
        "readings a second taken": f"{messages * VALUES / seconds:,.0f}",
        "loop lag p99 / max, under load": f"{busy['p99'] * 1e3:.1f} / {busy['max'] * 1e3:.0f} ms",
        "loop lag p99 / max, idle": f"{idle['p99'] * 1e3:.1f} / {idle['max'] * 1e3:.0f} ms",
        "RSS under load": f"{peak:.0f} MB",
    }
