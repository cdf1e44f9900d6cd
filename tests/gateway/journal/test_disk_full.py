"""A disk that is really full, a small one in memory: nothing acknowledged is lost, and it goes on without a restart."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event

import pytest

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import ChannelKey, Journal
from gateway.journal.numbering import DiskFull
from gateway.journal.verifying import verify
from gateway.model import Quarantine
from gateway.settings import JournalSettings
from tests.gateway.journal.conftest import MakeBatch

SETTINGS = JournalSettings(
    flush_seconds=0.0, segment_bytes=300_000, cap_bytes=100_000_000, reserve_bytes=200_000, readers=("history",)
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 4 MB; skip where that is not allowed."""
    mount, folder = shutil.which("mount"), tmp_path / "disk"
    folder.mkdir()
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def full(health: Health, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Return an event that is set once the journal says that the disk is full and its reserve is gone."""
    said, times = Event(), 0
    set_condition = health.set_condition

    def watched(name: str, *, ok: bool, reason: str = "", needed: bool = True) -> bool:
        nonlocal times
        times += "disk is full" in reason
        if times > 1:
            said.set()
        return set_condition(name, ok=ok, reason=reason, needed=needed)

    monkeypatch.setattr(health, "set_condition", watched)
    return said


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return ballast


def opened(disk: Path, health: Health) -> Journal:
    return Journal.open(disk / "journal", settings=SETTINGS, clock=FakeClock(), health=health, ticks=False)


def sent(journal: Journal, make_batch: MakeBatch, start: int, count: int) -> list[Future[None]]:
    """Append batches with a reject each."""
    return [
        journal.append(
            [make_batch(*((n, at, 1.0) for n in range(200))), Quarantine("s", "json", str(at), b"x" * 500, at)]
        )
        for at in range(start, start + count)
    ]


def is_ok(health: Health, name: str = "journal") -> bool:
    return next(condition for condition in health.conditions() if condition.name == name).ok


def test_on_a_full_disk_appends_wait_and_all_files_catch_up_once_there_is_room(
    disk: Path, health: Health, make_batch: MakeBatch, full: Event
) -> None:
    journal = opened(disk, health)
    first = sent(journal, make_batch, 0, 20)
    first[-1].result(20)
    ballast = fill(disk)

    waiting = sent(journal, make_batch, 20, 100)
    assert full.wait(60)
    assert not waiting[-1].done()
    assert not is_ok(health)
    assert not (disk / "journal" / "reserve").exists()
    acknowledged = sum(future.done() for future in waiting)

    ballast.unlink()
    journal.wake()
    for future in waiting:
        future.result(20)
    journal.close()

    assert acknowledged < 100
    assert is_ok(health)
    verified = verify(disk / "journal")
    assert (verified.findings, verified.readings) == ((), 120 * 200)
    assert sum(count.seen for count in journal.stats().quarantine) == 120
    assert (disk / "journal" / "reserve").exists()


def test_a_gateway_that_starts_on_a_full_disk_comes_up_and_waits(
    disk: Path, health: Health, make_batch: MakeBatch, full: Event
) -> None:
    with opened(disk, health) as journal:
        journal.number([ChannelKey("A.d.level", "m")])
        sent(journal, make_batch, 0, 20)[-1].result(20)
    ballast = fill(disk)

    with opened(disk, health) as again:
        known = again.number([ChannelKey("A.d.level", "m")])
        waiting = sent(again, make_batch, 20, 40)
        assert full.wait(60)
        assert not waiting[-1].done()
        ballast.unlink()
        again.wake()
        waiting[-1].result(20)

    assert known["A.d.level"].number == 1
    verified = verify(disk / "journal")
    assert (verified.findings, verified.readings) == ((), 60 * 200)


def test_new_channels_are_numbered_from_the_reserve_and_refused_in_words_without_one(
    disk: Path, health: Health
) -> None:
    with opened(disk, health) as journal:
        fill(disk)

        numbered = journal.number([ChannelKey("A.d.level", "m")])
        fill(disk)
        with pytest.raises(DiskFull, match="the disk is full, channels cannot be numbered; free space"):
            journal.number([ChannelKey(f"A.d.{n}", "m") for n in range(2_000)])

        assert numbered["A.d.level"].number == 1


@pytest.fixture
def refusing() -> Callable[[], None]:
    """Return what makes the first three commits fail as a full disk does."""
    left = [1, 1, 1]

    def before_commit() -> None:
        if left:
            left.pop()
            raise OSError(28, "No space left on device")

    return before_commit


def test_where_no_small_disk_can_be_mounted_a_layer_that_refuses_shows_the_same(
    folder: Path, health: Health, make_batch: MakeBatch, refusing: Callable[[], None], full: Event
) -> None:
    journal = Journal.open(
        folder, settings=SETTINGS, clock=FakeClock(), health=health, ticks=False, before_commit=refusing
    )
    waiting = sent(journal, make_batch, 0, 3)

    assert full.wait(60)
    journal.wake()
    for future in waiting:
        future.result(20)
    journal.close()

    assert is_ok(health)
    assert verify(folder).readings == 600
