"""Every kind of ladder finds its fault, in its own unit, and keeps the laws; a new kind is tested by having a story."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from gateway.detection.ladders import MADE
from gateway.inventory import Ladder
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Instant, Quality, batch_of
from gateway.settings.ladder_kinds import LADDER_KINDS
from tests.gateway.detection.kinds import NAME, STORIES, Story, journaled
from tests.gateway.detection.scene import START, Row, Watch, site

every_kind = pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)


def watch_of(folder: Path, story: Story, *more: Ladder) -> Watch:
    own = story.channel
    return Watch(folder, site(replace(own, ladders=(*own.ladders, *more))))


def _joined(watch: Watch, entry: Entry, more: list[Row]) -> Batch:
    """Return the batch of an entry with more rows behind it."""
    record = entry.record
    assert isinstance(record, Batch)
    columns = zip(record.channel, record.time_ns, record.value, record.quality, record.flags, strict=True)
    _, added = watch.batch(0.0, *more)
    rows = zip(added.channel, added.time_ns, added.value, added.quality, added.flags, strict=True)
    return batch_of([*columns, *rows], Instant(entry.received_ns, 0, "boot"))


def levels(watch: Watch) -> tuple[str, ...]:
    """Return the levels that were said, each change once."""
    return tuple(level for level, _ in groupby(one.level.name for one in watch.findings))


def test_every_kind_has_a_story_and_a_maker() -> None:
    assert set(STORIES) == set(LADDER_KINDS) - {"value"}
    assert set(MADE) == {*LADDER_KINDS, "foretold"}


@every_kind
def test_calm_is_no_finding(tmp_path: Path, story: Story) -> None:
    watch = watch_of(tmp_path, story)

    watch.detection.apply(journaled(watch, story.period, story.calm))

    assert watch.findings == []


@every_kind
def test_its_fault_is_found_and_said_in_the_unit_of_its_rungs(tmp_path: Path, story: Story) -> None:
    watch = watch_of(tmp_path, story)

    watch.detection.apply(journaled(watch, story.period, story.told))

    first, kind = watch.findings[0], LADDER_KINDS[story.ladder.of]
    lowest = story.ladder.rungs["blue"]
    measured = first.evidence.terms[MADE[story.ladder.of].term]
    assert levels(watch) == story.levels
    assert first.start_ns >= START + round(story.begins * story.period * SECOND)
    assert abs(measured) >= abs(lowest)
    assert f"blue from {lowest:g}" in first.evidence.basis
    assert kind.unit_of("m/s2").removesuffix("1") in first.evidence.basis
    # A rate or a shift is no height that could be drawn beside the values.
    assert (first.evidence.rungs, first.evidence.limit) == ({}, None)


@every_kind
def test_cut_anywhere_it_finds_the_same(tmp_path: Path, story: Story) -> None:
    whole, pieces = watch_of(tmp_path / "whole", story), watch_of(tmp_path / "pieces", story)

    whole.detection.apply(journaled(whole, story.period, story.told))
    for entry in journaled(pieces, story.period, story.told):
        pieces.detection.apply([entry])

    assert pieces.findings == whole.findings


@every_kind
def test_killed_in_the_middle_it_finds_the_same(tmp_path: Path, story: Story) -> None:
    whole, killed = watch_of(tmp_path / "whole", story), watch_of(tmp_path / "killed", story)
    entries = journaled(whole, story.period, story.told)

    whole.detection.apply(entries)
    for entry in entries[:25]:
        killed.detection.apply([entry])
    killed.detection.apply([])
    killed.open().apply(entries)

    assert [(one.id, one.level) for one in killed.findings] == [(one.id, one.level) for one in whole.findings]


@every_kind
def test_bad_values_and_disordered_times_are_no_finding(tmp_path: Path, story: Story) -> None:
    watch, calm = watch_of(tmp_path, story), story.calm
    entries = journaled(watch, story.period, calm)
    for number, entry in enumerate(entries):
        if number % 3:
            continue
        second = (entry.received_ns - START) / SECOND
        bad = [
            Row(second + story.period / 8, NAME, float("nan")),
            Row(second + story.period / 6, NAME, float("inf")),
            Row(second + story.period / 4, NAME, 1e9, Quality.FAIL),
            # Repeated and reversed: they come too late to be judged, whatever they say.
            *(Row(second - back * story.period, NAME, 1e6) for back in (0, 0, 5, 3, 400)),
        ]
        entries[number] = replace(entry, record=_joined(watch, entry, bad))

    watch.detection.apply(entries)

    assert watch.findings == []


@every_kind
@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_a_channel_that_changes_its_rate_is_no_finding(tmp_path: Path, story: Story, factor: float) -> None:
    watch = watch_of(tmp_path, story)
    before = journaled(watch, story.period, story.calm)
    ended = len(story.calm) * story.period
    period = story.period * factor
    # The course of the day goes on; noise is drawn anew.
    seconds = ended + np.arange(2_000) * period
    again = np.interp(seconds % ended, np.arange(len(story.calm)) * story.period, story.calm)
    after = [
        replace(entry, position=entry.position + 40)
        for entry in journaled(watch, period, again, since=ended + story.period)
    ]

    watch.detection.apply([*before, *after])

    assert watch.findings == []


@every_kind
def test_an_upgrade_of_its_detector_alone_starts_it_anew_and_leaves_the_others(
    tmp_path: Path, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = float(np.abs(story.calm).max()) * 0.5
    own = Ladder("plain", "overload", "above", {"blue": top}, 0.0, 0.0, 1e9, "made up", channel=NAME)
    watch = watch_of(tmp_path, story, own)
    entries = journaled(watch, story.period, story.calm)
    watch.detection.apply(entries[:39])
    watch.detection.apply([])
    raised = [one.id for one in watch.findings]

    detector = MADE[story.ladder.of].named
    monkeypatch.setattr(detector, "version", detector.version + 1)
    watch.open().apply(entries)

    assert raised
    assert [one.id for one in watch.findings] == raised
