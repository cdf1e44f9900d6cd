"""A new version of one detector: what it learned is gone, what the others hold stays, and nothing is raised twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detectors import Limits, Stuck
from gateway.detection.snapshot import SnapshotFile
from tests.gateway.detection.scene import GAS, Row, Watch, channel, journal, site

NAME = "MH-1.gas.ch4"
OTHER = "MH-2.gas.ch4"


def leaking(tmp_path: Path) -> Watch:
    """Let one channel leak and another stand still for long, and stop with a snapshot."""
    watch = Watch(tmp_path, site(channel(NAME, GAS), channel(OTHER, GAS, stuck_seconds=600.0)))
    rows = [
        watch.batch(second, Row(second, NAME, 30.0 + second / 1e4), Row(second, OTHER, 1.0))
        for second in range(0, 500, 10)
    ]
    watch.detection.apply(journal(*rows))
    watch.detection.close()
    return watch


def go_on(watch: Watch) -> None:
    rows = [
        watch.batch(second, Row(second, NAME, 30.0 + second / 1e4), Row(second, OTHER, 1.0))
        for second in range(500, 800, 10)
    ]
    first = watch.detection.position() + 1
    watch.detection.apply([replace(one, position=first + place) for place, one in enumerate(journal(*rows))])


def test_a_standing_episode_goes_on_under_a_new_version_of_its_detector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = leaking(tmp_path)
    [raised] = watch.findings
    monkeypatch.setattr(Limits, "version", Limits.version + 1)

    watch.open()
    go_on(watch)

    assert [one for one in watch.findings if one.hazard == "gas_leak"] == [raised]


def test_it_ends_as_the_same_finding_when_the_new_version_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = leaking(tmp_path)
    [raised] = watch.findings
    monkeypatch.setattr(Limits, "version", Limits.version + 1)
    watch.open()

    rows = [watch.batch(second, Row(second, NAME, 1.0)) for second in range(500, 700, 10)]
    first = watch.detection.position() + 1
    watch.detection.apply([replace(one, position=first + place) for place, one in enumerate(journal(*rows))])

    [_, ended] = watch.findings
    assert (ended.id, ended.level.name) == (raised.id, "NONE")
    assert "site file" not in ended.evidence.basis


@pytest.mark.parametrize(("upgraded", "at_seconds"), [(Limits, 600.0), (Stuck, None)])
def test_the_other_detectors_keep_what_they_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upgraded: type[Limits | Stuck], at_seconds: float | None
) -> None:
    watch = leaking(tmp_path)
    monkeypatch.setattr(upgraded, "version", upgraded.version + 1)

    watch.open()
    go_on(watch)

    # Stuck for 600 s by 600 s when it still knows of the first 500; a new version of it has seen 300 s only.
    stuck = [(one.learned_ns - one.start_ns) // 10**9 for one in watch.findings if one.hazard == "sensor_fault"]
    assert bool(stuck) == (at_seconds is not None)


def test_a_snapshot_says_which_version_each_part_is_of(tmp_path: Path) -> None:
    watch = leaking(tmp_path)

    parts = SnapshotFile.open(watch.folder).take()

    banks = [part for part in parts if part.name.startswith("bank ")]
    assert len(banks) >= 3
    assert all(part.version >= 1_000 for part in banks)


def test_a_change_of_limits_and_version_at_once_raises_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = leaking(tmp_path)
    watch.inventory = site(channel(NAME, replace(GAS, rungs={"yellow": 25.0})), channel(OTHER, GAS))
    monkeypatch.setattr(Limits, "version", Limits.version + 1)

    watch.open()
    go_on(watch)

    assert len({one.id for one in watch.findings if one.hazard == "gas_leak"}) == 1
