"""`./lifeline bench detection`: one suite of recordings, scored, ours beside what others published.

DIR is a folder laid out like the suite's own; every file of that kind in it is read, be they more or fewer.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.benchmarks.detection.scores import NoRecordings, Scores, told
from tests.benchmarks.machine import machine

SUITES = {
    "batadal": "tests.benchmarks.detection.batadal",
    "battledim": "tests.benchmarks.detection.battledim",
    "bwdf": "tests.benchmarks.detection.bwdf",
    "drainage_sim": "tests.benchmarks.detection.drainage_sim",
    "ltown_sim": "tests.benchmarks.detection.ltown_sim",
    "methane_mine": "tests.benchmarks.detection.methane_mine",
    "methane_release": "tests.benchmarks.detection.methane_release",
    "munich_bridge": "tests.benchmarks.detection.munich_bridge",
    "nab": "tests.benchmarks.detection.nab",
    "npw_sim": "tests.benchmarks.detection.npw_sim",
    "skab": "tests.benchmarks.detection.skab",
    "wwtp": "tests.benchmarks.detection.wwtp",
}
"""Every suite and its module: `run(data, progress) -> Scores`. A module is imported when it is asked for."""

_UNAVAILABLE = 69
_BAR = 24


class Bar:
    """A progress bar on stderr, silent when nobody looks."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, what: str, share: float) -> None:
        if self._shown:
            filled = round(_BAR * min(max(share, 0.0), 1.0))
            bar = "#" * filled + "." * (_BAR - filled)
            print(f"\r{bar} {share:4.0%} {what:<48.48}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line."""
        if self._shown:
            print(file=sys.stderr)


def suite(name: str) -> ModuleType:
    """Return the module of a suite."""
    return importlib.import_module(SUITES[name])


def main(arguments: Sequence[str]) -> int:
    """Score one suite; return 0 when it ran, whatever its marks, and 69 when the folder holds none of its files."""
    parser = argparse.ArgumentParser(prog="./lifeline bench detection", description=__doc__)
    parser.add_argument("--suite", required=True, choices=sorted(SUITES), help="which recordings")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the folder that holds them")
    parser.add_argument("--json", action="store_true", help='print {"suite": NAME, "scores": {name: value}} only')
    options = parser.parse_args(arguments)
    bar = Bar()
    try:
        scores: Scores = suite(options.suite).run(options.data, bar)
    except NoRecordings as fault:
        print(f"lifeline bench detection: {fault}", file=sys.stderr)
        return _UNAVAILABLE
    finally:
        bar.close()
    if options.json:
        values = {name: value if math.isfinite(value) else None for name, value in scores.values.items()}
        print(json.dumps({"suite": options.suite, "scores": values}, ensure_ascii=False))
    else:
        print(f"machine: {machine()}\n{told(options.suite, scores)}")
    return 0
