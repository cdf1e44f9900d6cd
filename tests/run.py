"""Every check of the house, one after the other: `./lifeline test` (`--quick`: units only)."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time

# Two workers where there are two cores: no unit test may lean on another.
UNITS = ["-m", "pytest", "-n", "auto", "-m", "not fault and not browser"]
SIDE_BY_SIDE = ("recordings", "rehearsals")
"""Steps that keep one core busy each and measure no time."""
STOPS = "tests/faults/test_simulate_stopped.py"


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
        coverage = ["--cov", "--cov-report=term", "--cov-fail-under=80"]
        # A year of readings is replayed without counting lines: that alone would take longer than all the rest.
        steps["units"] = [*UNITS, "--ignore=tests/recordings", *coverage, "-rs", *options.pytest]
        if os.environ.get("LIFELINE_DATA"):
            steps["recordings"] = ["-m", "pytest", "tests/recordings", "-rs", *options.pytest]
        steps["rehearsals"] = ["-m", "gateway.cli", "rehearse", "--all"]
        # Most faults measure time and go one by one; simulators that are stopped do not.
        faults = ["-m", "pytest", "-m", "fault", "-rs", *options.pytest]
        steps["faults"] = [*faults, "tests/faults", f"--ignore={STOPS}"]
        steps["stops"] = [*faults, "-n", "auto", STOPS]
        steps["browser"] = ["-m", "pytest", "tests/browser", "-m", "browser", "-rs", *options.pytest]
    results: dict[str, tuple[int, float]] = {}
    while steps:
        together = [name for name in SIDE_BY_SIDE if name in steps] if next(iter(steps)) in SIDE_BY_SIDE else []
        results |= run({name: steps.pop(name) for name in together or [next(iter(steps))]})
    return report(results)


def run(steps: dict[str, list[str]]) -> dict[str, tuple[int, float]]:
    """Run steps side by side, the first in sight; return the exit code and the seconds of each."""
    first = next(iter(steps))
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        said = {name: stack.enter_context(tempfile.TemporaryFile()) for name in steps if name != first}
        print(f"\n== {first}", flush=True)
        running = {
            name: subprocess.Popen([sys.executable, *step], stdout=said.get(name), stderr=subprocess.STDOUT)
            for name, step in steps.items()
        }
        results = {}
        for name, process in running.items():
            code = process.wait()
            results[name] = code, time.monotonic() - started
            if name in said:
                said[name].seek(0)
                print(f"\n== {name}\n{said[name].read().decode()}", flush=True)
    return results


def report(results: dict[str, tuple[int, float]]) -> int:
    """Print one line a step; return 1 when any failed."""
    print()
    for name, (code, seconds) in results.items():
        print(f"{'ok    ' if code == 0 else 'FAILED'} {name:<10} {seconds:6.1f} s")
    failed = sum(code != 0 for code, _ in results.values())
    print(f"checks: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
