"""The gateway's command line with a disk that syncs slowly and a clock that somebody else sets, as a process.

    python -m tests.faults.victim --clock FILE --slow-commit 0.2 -- run SITE --state DIR

The file holds "OFFSET_SECONDS SPEED BOOT", read anew whenever it changes; BOOT names the boot, - being this one.
libfaketime cannot do this: under it `time.sleep` of Python 3.11 fails (clock_nanosleep is refused).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.clock import SystemClock
from gateway.journal.segment import Row, Segment
from gateway.model import SECOND, Instant


class SetClock:
    """The time of this box, wrong by what a file says and faster by what it says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boot_id = self._own_boot_id = SystemClock().now().boot_id
        self._changed_ns = 0
        self._offset_ns, self._speed = 0, 1.0
        self._started_utc_ns, self._started_ns = time.time_ns(), time.monotonic_ns()

    def now(self) -> Instant:
        """Return what the box takes for the present moment."""
        self._look()
        passed_ns = time.monotonic_ns() - self._started_ns
        if self._speed == 1.0:
            return Instant(time.time_ns() + self._offset_ns, time.monotonic_ns(), self._boot_id)
        fast_ns = round(passed_ns * self._speed)
        return Instant(self._started_utc_ns + self._offset_ns + fast_ns, self._started_ns + fast_ns, self._boot_id)

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop, shorter when time runs faster."""
        await asyncio.sleep(seconds / self._speed)

    def _look(self) -> None:
        changed_ns = self._path.stat().st_mtime_ns
        if changed_ns != self._changed_ns:
            offset, speed, boot = self._path.read_text().split()
            self._boot_id = self._own_boot_id if boot == "-" else boot
            self._offset_ns, self._speed = round(float(offset) * SECOND), float(speed)
            self._changed_ns = changed_ns


def set_clock(path: Path, offset_seconds: float, *, speed: float = 1.0, boot: str = "-") -> None:
    """Tell the victim what time it is, as a whole."""
    new = path.with_suffix(".new")
    new.write_text(f"{offset_seconds} {speed} {boot}")
    new.replace(path)


def _take_clock(path: Path) -> None:
    clock = SetClock(path)
    SystemClock.now = lambda _self: clock.now()  # type: ignore[assignment, method-assign]
    SystemClock.sleep = lambda _self, seconds: clock.sleep(seconds)  # type: ignore[assignment, method-assign]


def _slow_down_commits(seconds: float) -> None:
    write = Segment.write

    def slow(segment: Segment, rows: Sequence[Row], places: Mapping[str, int]) -> None:
        time.sleep(seconds)
        write(segment, rows, places)

    Segment.write = slow  # type: ignore[assignment, method-assign]


def main() -> int:
    """Set the traps, then run the gateway's own command line."""
    parser = argparse.ArgumentParser(prog="tests.faults.victim", description=__doc__)
    parser.add_argument("--clock", type=Path)
    parser.add_argument("--slow-commit", type=float, default=0.0)
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if options.clock:
        _take_clock(options.clock)
    if options.slow_commit:
        _slow_down_commits(options.slow_commit)
    from gateway.cli import main as lifeline  # noqa: PLC0415 - after the traps

    return lifeline(options.command)


if __name__ == "__main__":
    sys.exit(main())
