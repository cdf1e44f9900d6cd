"""A small box made of a big one: a cgroup of 256 MB and one core, version 1 or 2. Needs root."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMORY_BYTES = 256 * 1024 * 1024
_PERIOD_US = 100_000
_EMPTY_SECONDS = 5.0


def refusal() -> str:
    """Return why there can be no small box here; empty when there can."""
    if os.geteuid() != 0:
        return "not root"
    folders = _folders("probe")
    if not folders:
        return "neither cgroup v2 with memory and cpu nor cgroup v1 is mounted"
    try:
        with small_box("probe"):
            return ""
    except OSError as error:
        return f"{error.strerror}: {error.filename}"


@contextmanager
def small_box(name: str) -> Iterator[tuple[Path, ...]]:
    """Make the groups and yield the files that a process joins by writing its id; they go when it has gone."""
    folders = _folders(name)
    try:
        for folder in folders:
            folder.mkdir()
            _limit(folder)
        yield tuple(folder / "cgroup.procs" for folder in folders)
    finally:
        for folder in folders:
            _remove(folder)


def peak_mb(groups: tuple[Path, ...]) -> float:
    """Return the most memory a box took, page cache included, in MB; 0 when the kernel does not say."""
    for group in groups:
        for name in ("memory.peak", "memory.max_usage_in_bytes"):
            with suppress(OSError):
                return int((group.parent / name).read_text()) / 1024 / 1024
    return 0.0


def _folders(name: str) -> list[Path]:
    own = f"lifeline-faults-{os.getpid()}-{name}"
    with suppress(OSError):
        if {"memory", "cpu"} <= set((ROOT / "cgroup.controllers").read_text().split()):
            return [ROOT / own]
    if (ROOT / "memory").is_dir() and (ROOT / "cpu").is_dir():
        return [ROOT / "memory" / own, ROOT / "cpu" / own]
    return []


def _limit(folder: Path) -> None:
    if folder.parent == ROOT:
        with suppress(OSError):
            (ROOT / "cgroup.subtree_control").write_text("+memory +cpu")
        (folder / "memory.max").write_text(str(MEMORY_BYTES))
        (folder / "cpu.max").write_text(f"{_PERIOD_US} {_PERIOD_US}")
    elif folder.parent.name == "memory":
        (folder / "memory.limit_in_bytes").write_text(str(MEMORY_BYTES))
    else:
        (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(str(_PERIOD_US))


def _remove(folder: Path) -> None:
    # A group can be removed once the kernel has seen its last process go.
    end = time.monotonic() + _EMPTY_SECONDS
    while folder.is_dir() and time.monotonic() < end:
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.05)
