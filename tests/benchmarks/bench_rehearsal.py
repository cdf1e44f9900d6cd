"""Rehearsal: a day of a district of 200 channels on the simulated clock, each device as often as its profile says."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gateway.settings import load_site
from simulators.scenarios.loading import load_scenario

BUDGET_SECONDS = 90.0
SCENARIO = """scenario: bench
start: "2025-05-14T00:00:00"
lasts: 1 d
district: {gas: 21, water: 3, drainage: 7, bridge: 3, tunnel: 3, road: 6, slope: 3}
weather: {storms: [{at: 15 h, lasts: 3 h, mm: 6}]}
happens:
  - {at: 6 h, kind: gas_leak, asset: G-1, amount: 0.5, lasts: 3 h}
expect:
  - want: gas_leak on MH-1 within 30 min
"""


def run() -> dict[str, str]:
    """Measure; one figure a line."""
    with tempfile.TemporaryDirectory(prefix="lifeline-bench-") as name:
        file = Path(name) / "bench.yaml"
        file.write_text(SCENARIO)
        site = Path(name) / "site.yaml"
        site.write_text(load_scenario(file).site_text())
        channels = len(load_site(site).inventory.channels)
        command = [sys.executable, "-m", "gateway.cli", "rehearse", "--json", str(file)]
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        took = time.perf_counter() - begun
    if not done.stdout:
        raise RuntimeError(done.stderr)
    document = json.loads(done.stdout)
    counted = document["counted"]
    went = f"{counted['messages']:,} messages, {counted['polls']:,} polls, {counted['kept']:,} readings"
    verdict = "met" if document["passed"] else "NOT met"
    return {
        f"a day of {channels} channels (budget {BUDGET_SECONDS:g} s)": f"{took:.1f} s, {verdict}",
        "what went through it": f"{went}; {counted['kept'] / took:,.0f} readings/s",
    }


if __name__ == "__main__":
    for figure, said in run().items():
        print(f"{figure:<60} {said}")
