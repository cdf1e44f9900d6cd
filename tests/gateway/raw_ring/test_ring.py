from __future__ import annotations

from pathlib import Path

import pytest

from gateway.health import Health
from gateway.model import RawFrame, RawFrames
from gateway.raw_ring import FrameFiles, RawRing, read_frames


def frames(number: int) -> RawFrames:
    return RawFrames("broker", number, (RawFrame("m-1", "t", b"{}", 0),))


def test_what_was_added_is_there_after_closing(tmp_path: Path) -> None:
    ring = RawRing(tmp_path, 1_000_000, Health())
    for number in range(100):
        ring.add(frames(number))
    ring.close()

    assert [one.received_ns for one in read_frames(tmp_path)] == list(range(100))


def test_a_disk_that_takes_nothing_is_said_and_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FrameFiles, "add", full)
    health = Health()
    ring = RawRing(tmp_path, 1_000_000, health)
    for number in range(5_000):
        ring.add(frames(number))
    ring.close()

    counts = health.counts()
    lost = counts["raw", "failed", "disk"] + counts.get(("raw", "dropped", "slow disk"), 0)
    (condition,) = health.conditions()
    assert lost == 5_000
    assert (condition.name, condition.ok, condition.needed) == ("raw", False, False)
