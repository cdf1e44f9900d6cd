"""Models inside the reader: cut the journal anywhere, kill the gateway anywhere, and they say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.early_warning import Finding
from gateway.journal import Entry
from gateway.model import Batch
from tests.gateway.detection.scene import Row, Watch, journal
from tests.gateway.hazards.places import (
    COLLAPSE,
    DEPTH,
    FLOOD,
    GAUGE,
    MINUTE,
    MOISTURE,
    NEAR_LEVEL,
    ROD,
    road,
    town,
    underpass,
)


def storm(folder: Path) -> tuple[Watch, list[Entry]]:
    """Two hours in which water rises under the road, the soil wets and settles."""
    one, other = road(), underpass()
    inventory = town(
        {**one.assets, **other.assets}.values(), {**one.channels, **other.channels}.values(), COLLAPSE, FLOOD
    )
    watch = Watch(folder, inventory)
    records: list[tuple[int, Batch] | int] = []
    for minute in range(120):
        second = float(minute * MINUTE)
        rows = (
            Row(second, GAUGE, 55.0 if 20 < minute < 80 else 0.0),
            Row(second + 1, DEPTH, 0.007 * max(0, minute - 30) if minute < 90 else 0.0),
            Row(second + 2, MOISTURE, 24.0 if minute < 40 else 41.0),
            Row(second + 3, ROD, 1.0 if minute < 60 else 33.0),
            Row(second + 4, NEAR_LEVEL, 1.0 if minute < 50 else 2.7),
        )
        records += [watch.batch(second + 5 + number, row) for number, row in enumerate(rows)]
        records += [minute * MINUTE + later for later in (10, 20, 30, 40, 50, 60)]
    return watch, journal(*records)


def said(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with what does not depend on the order of dictionaries."""
    return [
        replace(one, evidence=replace(one.evidence, terms=dict(sorted(one.evidence.terms.items())))) for one in findings
    ]


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    watch, entries = storm(tmp_path_factory.mktemp("uncut"))
    watch.detection.apply(entries)
    return said(watch.findings)


def test_the_storm_raises_both_hazards(uncut: list[Finding]) -> None:
    hazards = {(one.hazard, one.evidence.quantity) for one in uncut}

    assert ("waterlogging", "forecast_level") in hazards
    assert ("road_collapse", "collapse_log_odds") in hazards
    assert ("road_collapse", "soil_moisture") not in hazards


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 1_300), max_size=6))
def test_cutting_the_journal_changes_nothing(
    cuts: list[int], uncut: list[Finding], tmp_path_factory: pytest.TempPathFactory
) -> None:
    watch, entries = storm(tmp_path_factory.mktemp("cut"))
    bounds = [0, *sorted(set(cuts)), len(entries)]

    for start, end in pairwise(bounds):
        watch.detection.apply(entries[start:end])

    assert said(watch.findings) == uncut


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 1_300), min_size=1, max_size=4))
def test_a_gateway_stopped_and_killed_anywhere_says_the_same(
    stops: list[int], uncut: list[Finding], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each stop writes a snapshot; each kill loses what came after it, and the journal gives it again."""
    watch, entries = storm(tmp_path_factory.mktemp("killed"))

    for stop in sorted(stops):
        watch.detection.apply(entries[watch.detection.position() : stop])
        watch.detection.close()
        killed = watch.open()
        killed.apply(entries[killed.position() : killed.position() + 150])
        watch.open()
    watch.detection.apply(entries[watch.detection.position() :])

    told = {(one.id, one.time_ns, one.level): one for one in said(watch.findings)}
    assert sorted(told.values(), key=_when) == sorted(uncut, key=_when)


def _when(finding: Finding) -> tuple[int, str, int]:
    return finding.learned_ns, finding.id, finding.time_ns


def test_without_its_snapshot_a_standing_warning_goes_on(tmp_path: Path, uncut: list[Finding]) -> None:
    watch, entries = storm(tmp_path / "lost")
    first = next(one for one in uncut if one.hazard == "road_collapse")
    raised = [one for one in uncut if one.learned_ns <= first.learned_ns]
    standing = list({one.id: one for one in raised}.values())
    watch.detection.close()

    fresh = Watch(tmp_path / "fresh", watch.inventory)
    fresh.open(standing)
    fresh.detection.apply([entry for entry in entries if entry.received_ns > first.learned_ns])

    assert first.id in {one.id for one in fresh.findings}
    assert not [one for one in fresh.findings if one.hazard == "road_collapse" and one.id != first.id]
