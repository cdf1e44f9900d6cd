"""Every check of the house, one after the other: `./lifeline test` (`--quick`: units only)."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

# Two workers where there are two cores: no unit test may lean on another. Who is done takes from who is not.
UNITS = ["-m", "pytest", "-n", "auto", "--dist", "worksteal", "-m", "not fault and not browser"]
SIDE_BY_SIDE = ("recordings", "rehearsals")
"""Steps that keep one core busy each and measure no time."""
STOPS = "tests/faults/test_simulate_stopped.py"
FAILED = Path(".pytest_cache/v/cache/lastfailed")
"""Where pytest keeps the names of the tests that failed."""
AGAIN = ["--last-failed", "--last-failed-no-failures=none", "-n0"]
MOST_AGAIN = 5
"""So many failed tests of a step are tried once more, alone: a busy machine fails few, a broken one many."""


def main() -> int:
    """Run all steps even when one fails, then say which did; return 1 when any failed."""
    parser = argparse.ArgumentParser(prog="./lifeline test", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="units only: no faults, no browser, nothing slow")
    parser.add_argument("pytest", nargs="*", help="options for pytest, after --")
    options = parser.parse_args()
    steps: dict[str, list[str]] = {
        "format": ["-m", "ruff", "format", "--check", "."],
        "lint": ["-m", "ruff", "check", "."],
        "types": ["-m", "mypy"],
        "layers": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        "drift": ["-m", "tests.drift"],
    }
    if options.quick:
        steps["units"] = [*UNITS[:-1], "not fault and not browser and not slow", *options.pytest]
    else:
        coverage = ["--cov", "--cov-report="]
        # A year of readings is replayed without counting lines: that alone would take longer than all the rest.
        steps["units"] = [*UNITS, "--ignore=tests/recordings", *coverage, "-rs", *options.pytest]
        steps["coverage"] = ["-m", "coverage", "report", "--fail-under=80", "--format=total"]
        if os.environ.get("LIFELINE_DATA"):
            steps["recordings"] = ["-m", "pytest", "tests/recordings", "-rs", *options.pytest]
        steps["rehearsals"] = ["-m", "gateway.cli", "rehearse", "--all"]
        # Most faults measure time and go one by one; simulators that are stopped do not.
        faults = ["-m", "pytest", "-m", "fault", "-rs", *options.pytest]
        steps["faults"] = [*faults, "tests/faults", f"--ignore={STOPS}"]
        steps["stops"] = [*faults, "-n", "auto", STOPS]
        steps["browser"] = ["-m", "pytest", "tests/browser", "-m", "browser", "-rs", *options.pytest]
    results: dict[str, Result] = {}
    while steps:
        together = [name for name in SIDE_BY_SIDE if name in steps] if next(iter(steps)) in SIDE_BY_SIDE else []
        results |= run({name: steps.pop(name) for name in together or [next(iter(steps))]})
    return report(results)


class Result(NamedTuple):
    """How a step ended: `failed` names the tests that failed twice, `shaky` those that passed at a second try."""

    code: int
    seconds: float
    failed: list[str]
    shaky: list[str]


def run(steps: dict[str, list[str]]) -> dict[str, Result]:
    """Run steps side by side, the first in sight; return how each ended."""
    first = next(iter(steps))
    started = time.monotonic()
    FAILED.unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        said = {name: stack.enter_context(tempfile.TemporaryFile()) for name in steps if name != first}
        print(f"\n== {first}", flush=True)
        running = {
            name: subprocess.Popen([sys.executable, *step], stdout=said.get(name), stderr=subprocess.STDOUT)
            for name, step in steps.items()
        }
        codes = {}
        for name, process in running.items():
            codes[name] = process.wait()
            if name in said:
                said[name].seek(0)
                print(f"\n== {name}\n{said[name].read().decode()}", flush=True)
    return {name: try_again(steps[name], code, started) for name, code in codes.items()}


def try_again(step: list[str], code: int, started: float) -> Result:
    """Try the few tests that failed once more, alone, to tell shaky from broken; the step has failed either way."""
    failed = failed_tests() if "pytest" in step and code == 1 else []
    shaky: list[str] = []
    if 0 < len(failed) <= MOST_AGAIN:
        print(f"\n== once more: {', '.join(failed)}", flush=True)
        again = subprocess.call([sys.executable, *(part for part in step if not part.startswith("--cov")), *AGAIN])
        still = failed_tests() if again else []
        shaky = [name for name in failed if name not in still]
        failed = still
    return Result(code, time.monotonic() - started, failed, shaky)


def failed_tests() -> list[str]:
    """Return the names of the tests that failed in the last run of pytest."""
    try:
        return sorted(json.loads(FAILED.read_text()))
    except FileNotFoundError:
        return []


def report(results: dict[str, Result]) -> int:
    """Print one line a step and one for each test that failed or was shaky; return 1 when any step failed."""
    print()
    for name, result in results.items():
        print(f"{'ok    ' if result.code == 0 else 'FAILED'} {name:<10} {result.seconds:6.1f} s")
        for test in result.failed:
            print(f"       failed: {test}")
        for test in result.shaky:
            print(f"       failed, and passed at a second try (shaky): {test}")
    failed = sum(result.code != 0 for result in results.values())
    print(f"checks: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
