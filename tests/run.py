"""Every check of the house, one after the other: `./lifeline test` (`--quick`: units only)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

# Two workers where there are two cores: no unit test may lean on another.
UNITS = ["-m", "pytest", "-n", "auto", "-m", "not fault and not browser"]
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
            steps["recordings"] = ["-m", "pytest", "-n", "auto", "tests/recordings", "-rs", *options.pytest]
        # Most faults measure time and go one by one; simulators that are stopped do not.
        faults = ["-m", "pytest", "-m", "fault", "-rs", *options.pytest]
        steps["faults"] = [*faults, "tests/faults", f"--ignore={STOPS}"]
        steps["stops"] = [*faults, "-n", "auto", STOPS]
        steps["rehearsals"] = ["-m", "gateway.cli", "rehearse", "--all"]
        steps["browser"] = ["-m", "pytest", "tests/browser", "-m", "browser", "-rs", *options.pytest]
    return report({name: run(name, step) for name, step in steps.items()})


def run(name: str, step: list[str]) -> tuple[int, float]:
    """Run one step; return its exit code and how long it took in seconds."""
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    code = subprocess.run([sys.executable, *step], check=False).returncode
    return code, time.monotonic() - started


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
