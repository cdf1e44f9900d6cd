"""A ladder over how far a channel has left its own level and daily course."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.journal import Entry
from gateway.model import SECOND
from tests.gateway.detection.scene import GAS, START, Row, Watch, channel, site

FLOW = "P-1.meter.flow"
SHIFT = replace(GAS, name="inflow", hazard="pipe_leak", rungs={"blue": 2.0}, deadband=0.5, on_seconds=0.0, of="shift")
SLOT = 300
DAY = 86_400 // SLOT


def inflow(days: int) -> list[float]:
    """Make a daily course with noise, m3/h, one value each five minutes."""
    slots = np.arange(days * DAY)
    noise = np.random.default_rng(5).normal(0.0, 1.0, len(slots))
    return [float(value) for value in 50 + 20 * np.sin(2 * np.pi * slots / DAY) + noise]


def hours(watch: Watch, values: list[float]) -> list[Entry]:
    """Write the journal: an hour of values a batch."""
    entries = []
    for position, start in enumerate(range(0, len(values), 12), 1):
        rows = [Row(number * SLOT, FLOW, values[number]) for number in range(start, start + 12)]
        received_ns, batch = watch.batch((start + 12) * SLOT, *rows)
        entries.append(Entry(position, batch, received_ns))
    return entries


def watch_in(folder: Path) -> Watch:
    return Watch(folder, site(channel(FLOW, SHIFT, report_seconds=3_600.0)))


def test_two_weeks_of_an_ordinary_course_are_no_finding(tmp_path: Path) -> None:
    watch = watch_in(tmp_path)

    watch.detection.apply(hours(watch, inflow(14)))

    assert watch.findings == []


def test_a_lasting_shift_is_one_finding_with_its_size(tmp_path: Path) -> None:
    values = inflow(14)
    values[12 * DAY :] = [value + 8.0 for value in values[12 * DAY :]]
    watch = watch_in(tmp_path)

    watch.detection.apply(hours(watch, values))

    [found] = watch.findings
    assert (found.hazard, found.level.name, found.evidence.rule) == ("pipe_leak", "BLUE", "shifted:inflow")
    assert 12 * 86_400 < (found.start_ns - START) // SECOND < 12.5 * 86_400
    assert found.evidence.terms["shift_sigmas"] == pytest.approx(2.0, abs=0.1)
    assert found.evidence.rungs == {}


def test_cut_anywhere_it_finds_the_same(tmp_path: Path) -> None:
    values = inflow(8)
    values[6 * DAY :] = [value - 12.0 for value in values[6 * DAY :]]
    whole, pieces = watch_in(tmp_path / "whole"), watch_in(tmp_path / "pieces")

    whole.detection.apply(hours(whole, values))
    for entry in hours(pieces, values):
        pieces.detection.apply([entry])

    assert len(whole.findings) == 1
    assert pieces.findings == whole.findings


def test_killed_in_the_middle_it_finds_the_same(tmp_path: Path) -> None:
    values = inflow(8)
    values[6 * DAY :] = [value - 12.0 for value in values[6 * DAY :]]
    whole, killed = watch_in(tmp_path / "whole"), watch_in(tmp_path / "killed")
    entries = hours(whole, values)

    whole.detection.apply(entries)
    position = 0
    for entry in entries[:150]:
        position = killed.detection.apply([entry])
    again = killed.open()
    again.apply([entry for entry in entries if entry.position > position])

    assert [(one.id, one.level) for one in killed.findings] == [(one.id, one.level) for one in whole.findings]
