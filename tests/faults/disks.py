"""Scenarios of disks: one that is full, and one that syncs slowly."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import psutil

from tests.faults.score import Score, Setting
from tests.faults.stage import Plan, Stage
from tests.processes import GatewayProcess, wait_until

_DISK_MB = 48
_SYNC_SECONDS = 0.2
_P99_SECONDS = 0.05


class SmallDisk(Protocol):
    """A disk that can be full."""

    how: str

    def fill(self, gateway: GatewayProcess) -> None:
        """Leave no room."""
        ...

    def free(self, gateway: GatewayProcess) -> None:
        """Make room again."""
        ...


class MountedDisk:
    """A file system of its own in memory, filled with ballast."""

    how = f"a file system of {_DISK_MB} MB"

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self, gateway: GatewayProcess) -> None:
        """Leave no room."""
        del gateway
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4_096)):
                pass

    def free(self, gateway: GatewayProcess) -> None:
        """Make room again."""
        del gateway
        self._ballast.unlink()


class Quota:
    """The kernel's limit on the size of files that the gateway writes, for where mounting is not permitted."""

    how = "a limit on file sizes (mounting needs root)"

    def fill(self, gateway: GatewayProcess) -> None:
        """Leave no room: nothing grows beyond its first page."""
        gateway.usage().rlimit(psutil.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))

    def free(self, gateway: GatewayProcess) -> None:
        """Make room again."""
        gateway.usage().rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount a small disk at a folder, or limit what is written there."""
    folder.mkdir(parents=True)
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        yield Quota()
        return
    try:
        yield MountedDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)


def disk_full(setting: Setting) -> Score:
    """The disk is full and then is not: messages wait at the broker, missed polls are counted, nothing is restarted."""
    plan = Plan(
        broker="mosquitto",
        units=2,
        poll_seconds=0.1,
        stores={"journal": {"segment_bytes": 1_000_000, "reserve_bytes": 1_000_000, "cap_bytes": 20_000_000}},
    )
    with small_disk(setting.folder / "state") as disk, Stage("disk_full", setting, plan) as stage:
        stage.start()
        stage.publisher.start()
        stage.let_run(2)
        disk.fill(stage.gateway)
        filled_ns = time.time_ns()
        # The journal sets its reserve free first; that is room for a moment.
        wait_until(lambda: _is_out_of_room(stage, disk), 60, "/readyz to answer not ready", every=0.5)
        reason = stage.says("journal")
        stage.let_run(setting.pick(12, 120))
        disk.free(stage.gateway)
        freed_ns = time.time_ns()
        recovery = stage.recovered()
        stage.let_run(1)
        missed = stage.gateway.count("collector:line", "dropped", "poll missed")
        full_s = (freed_ns - filled_ns) / 1e9
        stage.expect("missed polls are counted", holds=missed > 0)
        stage.notes.append(
            f"{disk.how}, full for {full_s:.0f} s; {missed:.0f} polls missed and counted;"
            f" longest gap of a unit {_longest_gap(stage):.1f} s; /readyz said: {reason}"
        )
        return stage.score(recovery)


def _is_out_of_room(stage: Stage, disk: SmallDisk) -> bool:
    disk.fill(stage.gateway)
    return not stage.gateway.readiness()["ready"]


def _longest_gap(stage: Stage) -> float:
    times = [answer.time_ns for answer in stage.line.answers() if answer.unit == 1]
    return max((later - earlier) / 1e9 for earlier, later in pairwise(times))


def slow_fsync(setting: Setting) -> Score:
    """Every commit takes 200 ms while an hour of backlog replays: the loop stays free, no unit times out."""
    stations = 20
    period_s = int(setting.pick(5, 1))
    plan = Plan(
        broker="nats",
        devices=stations,
        rounds_per_second=0,
        units=4,
        poll_seconds=0.5,
        timeout_seconds=0.5,
        launcher=("-m", "tests.faults.victim", "--slow-commit", str(_SYNC_SECONDS), "--"),
    )
    with Stage("slow_fsync", setting, plan) as stage:
        hour_ago_ms = time.time_ns() // 1_000_000 - 3_600_000
        past = stage.add_publisher(devices=stations, start_ms=hour_ago_ms, period_ms=period_s * 1_000)
        stage.start()
        # The broker keeps for those it knows: the gateway was there, and went away for an hour.
        stage.stop()
        past.rounds(3_600 // period_s)
        past.pause()
        stage.start()
        began = time.monotonic()
        wait_until(lambda: stage.kept() >= len(past.acked), 400, "the backlog", every=1.0)
        recovery = time.monotonic() - began
        stage.let_run(2)
        p99 = stage.gateway.metric("lifeline_loop_lag_p99_seconds")
        longest = stage.gateway.metric("lifeline_loop_lag_max_seconds")
        timeouts = stage.gateway.count("collector:line", "failed", "timeout")
        stage.expect(f"loop lag p99 <= 50 ms, got {p99 * 1000:.0f} ms", holds=p99 <= _P99_SECONDS)
        stage.expect(f"no unit times out, got {timeouts:.0f}", holds=timeouts == 0)
        stage.notes.append(
            f"an hour of {stations} channels every {period_s} s, {len(past.acked):,} readings, replayed in"
            f" {recovery:.0f} s; loop lag p99 {p99 * 1000:.0f} ms, max {longest * 1000:.0f} ms;"
            f" {timeouts:.0f} time-outs"
        )
        return stage.score(recovery, recovery_limit_s=setting.pick(90, 400))
