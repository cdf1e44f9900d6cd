"""Why a channel warned or did not, kind by kind: what was measured, how much is missing, what holds it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.detection.ladders import MADE, kind_of
from gateway.detection.why import document, why
from gateway.detection.why_rules import RuleView
from gateway.inventory import Asset, Inventory, Ladder
from gateway.model import SECOND
from gateway.settings.ladder_kinds import LADDER_KINDS
from tests.gateway.detection.kinds import STORIES, Story

NOW = 1_800_000_000 * SECOND
every_kind = pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)


@dataclass
class Rows:
    time_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    flags: NDArray[np.uint16]


@dataclass
class Buckets:
    end_ns: NDArray[np.int64]
    last: NDArray[np.float64]


class Past:
    """One channel's values, the last of them now."""

    def __init__(self, values: NDArray[np.float64], period: float) -> None:
        self._values = values
        self._time_ns = NOW - np.round(np.arange(len(values))[::-1] * period * SECOND).astype(np.int64)

    def read(self, _channel: int, start_ns: int, end_ns: int, limit: int | None) -> Rows:
        kept = np.flatnonzero((self._time_ns >= start_ns) & (self._time_ns < end_ns))[:limit]
        size = len(kept)
        return Rows(self._time_ns[kept], self._values[kept], np.ones(size, np.uint8), np.zeros(size, np.uint16))

    def buckets(self, _channel: int, start_ns: int, end_ns: int, count: int) -> Buckets:
        width_ns = (end_ns - start_ns) // count
        end = end_ns - np.arange(count, dtype=np.int64)[::-1] * width_ns
        place = np.searchsorted(self._time_ns, end) - 1
        is_there = (place >= 0) & (self._time_ns[place] >= end - width_ns)
        return Buckets(end, np.where(is_there, self._values[place], np.nan))


def told(story: Story, values: NDArray[np.float64], ladder: Ladder | None = None) -> tuple[RuleView, dict[str, Any]]:
    """Return the view of the story's own ladder, and the whole as JSON has it."""
    own = story.channel if ladder is None else replace(story.channel, ladders=(ladder,))
    asset = Asset(own.asset, "girder", "bridge", "", None, {})
    site = Inventory("s", "s", "UTC", {own.asset: asset}, {}, {own.id: own})
    found = why(site, {own.id: 1}, Past(values, story.period), own.id, NOW)
    return next(view for view in found.rules if view.of == story.ladder.of), document(found)


@every_kind
def test_a_calm_channel_says_what_was_measured_and_what_is_missing(story: Story) -> None:
    view, whole = told(story, story.calm)

    lowest = story.ladder.rungs["blue"]
    assert (view.standing, view.next_level, view.limit) == ("none", "blue", lowest)
    assert view.seen is not None
    assert view.margin == pytest.approx(abs(lowest - view.seen), rel=1e-3)
    assert view.margin_unit == LADDER_KINDS[story.ladder.of].unit_of("m/s2")
    assert not view.suppressed
    assert whole["nearest"] == view.rule
    assert view.rule in [rule["rule"] for rule in whole["rules"]]


@every_kind
def test_too_little_of_the_past_is_a_warm_up(story: Story) -> None:
    view, _ = told(story, story.calm[-3:])

    assert view.suppressed == ("warm_up",)
    assert (view.seen, view.score, view.standing) == (None, None, "none")


@every_kind
def test_a_standing_fault_stands(story: Story) -> None:
    lasting = {"outlier": 802, "band": 802, "peak": 830, "crest": 830, "novelty": 401}
    values = story.told[: lasting.get(story.ladder.of, len(story.calm)) + 1]

    view, _ = told(story, values)

    assert view.standing == ("yellow" if "YELLOW" in story.levels else "blue")


def test_what_too_few_readings_say_is_held_back_by_the_votes() -> None:
    story = STORIES["peak"]
    voted = replace(story.ladder, votes=(12, 16))

    view, _ = told(story, story.told[:822], voted)

    assert view.suppressed == ("votes",)
    assert view.margin is not None
    assert view.margin < 0


def test_a_rule_that_needs_weeks_is_told_from_one_that_needs_a_day() -> None:
    long = {
        story.ladder.of
        for story in STORIES.values()
        if MADE[kind_of(story.ladder)].warm_up(story.channel, story.ladder) > 43_200.0
    }

    assert long == {"trend", "shift", "cusum", "outlier", "band", "novelty"}
