"""The journal and a reader of it, killed with -9 again and again while they write."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.health import Health
from gateway.journal import Follower, Journal
from tests.faults.journal_victim import SETTINGS, Notes, records_of

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
KILLS = 30


def live_and_die(folder: Path, first: int, seconds: float) -> int:
    """Let the victim append from a number on, kill it, and return the last number it called durable (or 0)."""
    command = [sys.executable, "-m", "tests.faults.journal_victim", str(folder), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        durable = [victim.stdout.readline()]
        # The victim must be killed while it works, at a moment nobody chose.
        time.sleep(seconds)
        victim.kill()
        # A line cut off by the kill names nothing.
        durable += [line for line in victim.stdout if line.endswith(b"\n")]
    assert durable[0], "the victim did not come up"
    return int(durable[-1])


def test_thirty_kills_lose_nothing_that_was_acknowledged_and_double_nothing_for_a_reader(tmp_path: Path) -> None:
    seeded = random.Random(7)
    first = 1
    durable: set[int] = set()
    for _ in range(KILLS):
        last = live_and_die(tmp_path, first, seeded.uniform(0, 0.4))
        durable |= set(range(first, last + 1))
        # Numbers beyond the last durable one may be in the journal, too; they are not sent again.
        first = last + 100

    health = Health()
    journal = Journal.open(tmp_path / "journal", settings=SETTINGS, clock=SystemClock(), health=health)
    notes = Notes(tmp_path / "notes.db")
    follower = Follower(journal, notes, health=health)
    follower.start()
    assert follower.caught_up(journal.newest, 60)
    stats = journal.stats()
    follower.stop()
    journal.close()
    notes.close()

    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection:
        found = connection.execute("select position, number, rows from note").fetchall()
    batches = Counter(number for _, number, _ in found)
    assert durable <= batches.keys()
    assert set(batches.values()) == {2}, "each append is there whole and once"
    assert all(rows == number % 7 + 1 for _, number, rows in found)
    assert len({position for position, _, _ in found}) == len(found)
    assert stats.damaged == 0
    assert sum(count.seen for count in stats.quarantine) == sum(number % 10 == 0 for number in batches)
    assert len(durable) > 1_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 4 MB; skip where that is not allowed."""
    mount = shutil.which("mount")
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_on_a_disk_that_is_really_full_appends_wait_and_go_on_when_there_is_room(small_disk: Path) -> None:
    health = Health()
    settings = replace(SETTINGS, cap_bytes=100_000_000, segment_bytes=1_000_000, reserve_bytes=200_000)
    ballast = small_disk / "ballast"
    journal = Journal.open(small_disk / "journal", settings=settings, clock=SystemClock(), health=health, ticks=False)
    ballast.write_bytes(bytes(2_000_000))
    futures = [journal.append(records_of(number, SystemClock())) for number in range(1, 6_000)]
    deadline = time.monotonic() + 30
    while (small_disk / "journal" / "reserve").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    # Long enough for the writer to have tried again and failed on the full disk.
    time.sleep(1.5)
    waiting = sum(not future.done() for future in futures)
    assert waiting
    assert not next(condition for condition in health.conditions() if condition.name == "journal").ok
    acknowledged = len(futures) - waiting

    ballast.unlink()
    for future in futures:
        future.result(60)
    journal.close()

    with Journal.open(small_disk / "journal", settings=settings, clock=SystemClock(), health=health) as again:
        assert again.stats().readings == sum(2 * (number % 7 + 1) for number in range(1, 6_000))
        assert again.stats().damaged == 0
    assert acknowledged < len(futures)
