"""The benchmarks by name: `./lifeline bench` runs all, `./lifeline bench start memory` runs some.

`./lifeline bench detection --suite NAME --data DIR` scores the detectors on recordings.

Figures are printed, never asserted: machines are noisy. Compare ratios within one run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from tests.benchmarks.detection.run import main as detection
from tests.benchmarks.machine import machine

BENCHMARKS = {
    "start": "start of lifeline run, and its memory, at 2,000 channels",
    "whole_path": "MQTT QoS 1 to journal, history and detection",
    "loop_lag": "event loop lag at 80,000 readings a second",
    "bank": "detection bank, samples a second a core",
    "charts": "level, charts and trend, samples a second a core, and river beside them",
    "line_protocol": "InfluxDB line protocol: encoding, and the way into VictoriaMetrics",
    "backfill": "InfluxDB away for an hour: how fast the gap is filled, and what live readings wait",
    "replay": "a day of 500 channels at 1 Hz from CSV through detection",
    "speed": "detection against its budgets, and river, stumpy and PySAD in the same run",
    "codecs": "frames a second of each codec, decoding alone",
    "district": "the physics of a district day: water and drainage together, and each part alone",
    "rehearsal": "a rehearsed day of 200 channels: physics, the fleet's bytes, the whole gateway, the verdict",
    "fleet": "a simulated fleet of 2,000 devices from one core: messages, polls, CPU, lateness",
    "modbus": "500 Modbus TCP devices x 60 points each second, register to journal: when polls start",
    "flash": "bytes to disk in a day of 200 channels at 1 Hz, storage: flash",
    "history": "embedded history: readings in, bytes a reading, a day as 500 buckets",
}


def main() -> int:
    """Run the named benchmarks and print one line a figure, or JSON."""
    if sys.argv[1:2] == ["detection"]:
        return detection(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="./lifeline bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    names = options.names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    results: dict[str, dict[str, str]] = {}
    for name in names:
        print(f"running {name}: {BENCHMARKS[name]}", file=sys.stderr, flush=True)
        results[name] = importlib.import_module(f"tests.benchmarks.bench_{name}").run()
    if options.json:
        print(json.dumps({"machine": machine(), "results": results}, ensure_ascii=False, indent=2))
        return 0
    print(f"machine: {machine()}")
    for name, figures in results.items():
        for what, figure in figures.items():
            print(f"{name:<13} {what:<58} {figure}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
