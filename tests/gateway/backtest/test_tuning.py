"""Limits from a channel's own history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gateway.backtest.tuning import Proposal, Series, alarms_of, propose
from gateway.inventory import Channel, Inventory, Ladder
from gateway.model import SECOND

DAY_MINUTES = 1_440
LIMITS = Ladder("level", "sewer_overflow", "above", {"yellow": 9.0}, 0.1, 0.0, 0.0, "made up", quantity="water_level")


def _days(count: int, seed: int = 1) -> Series:
    """A level with a daily course and noise, a reading every five minutes."""
    minutes = np.arange(0, count * DAY_MINUTES, 5)
    noise = np.random.default_rng(seed).normal(0.0, 0.02, len(minutes))
    return Series(minutes * 60 * SECOND, 2.0 + 0.5 * np.sin(2 * np.pi * minutes / DAY_MINUTES) + noise)


def _channel(inventory: Inventory, *ladders: Ladder) -> Channel:
    return replace(inventory.channels["W-1.r1.level"], report_seconds=300.0, ladders=ladders, span=None)


def _proposed(channel: Channel, series: Series) -> Proposal:
    [proposal] = propose([(channel, "drainage")], [series], false_per_month=1.0, hazard=None)
    return proposal


def test_a_week_gives_level_scale_course_and_limits_that_hold_in_its_second_half(inventory: Inventory) -> None:
    proposal = _proposed(_channel(inventory), _days(8))

    assert len(proposal.course) == 24
    assert 0.02 < proposal.scale < 0.08
    high, low = proposal.ladders
    assert 2.5 < high.rungs["blue"] < high.rungs["yellow"] < 4.0
    assert 1.5 > low.rungs["blue"] > low.rungs["yellow"] > 0.0
    assert high.checked_alarms + low.checked_alarms <= 1
    assert not proposal.failed


def test_a_channel_with_limits_keeps_them_and_gets_a_ladder_of_its_shift(inventory: Inventory) -> None:
    proposal = _proposed(_channel(inventory, LIMITS), _days(24))

    [shift] = proposal.ladders
    assert shift.of == "shift"
    assert shift.hazard == "sewer_overflow"
    assert shift.rungs["blue"] >= 1.0
    assert shift.checked_alarms <= 1


def test_a_week_is_too_short_for_a_shift_and_that_is_said(inventory: Inventory) -> None:
    proposal = _proposed(_channel(inventory, LIMITS), _days(8))

    assert not proposal.ladders
    assert "10 days" in proposal.said[0]


def test_what_no_longer_holds_in_the_second_half_has_failed(inventory: Inventory) -> None:
    series = _days(20)
    moved = Series(series.time_ns, series.value + np.where(np.arange(len(series.value)) > 3_000, 1.0, 0.0))

    proposal = _proposed(_channel(inventory), moved)

    assert proposal.failed == ("tuned_W-1_r1_level_high",)


def test_the_longest_rest_bounds_stuck_seconds(inventory: Inventory) -> None:
    series = _days(8)
    value = series.value.copy()
    value[200:224] = value[200]

    proposal = _proposed(_channel(inventory), Series(series.time_ns, value))

    assert proposal.stuck_seconds == 3 * 23 * 300
    assert proposal.stuck_checked == 0


def test_a_channel_that_rests_at_its_floor_gets_no_low_limit_and_no_stuck_seconds(inventory: Inventory) -> None:
    series = _days(8)
    rain = np.where(np.arange(len(series.value)) % 900 < 20, series.value, 0.0)

    proposal = _proposed(_channel(inventory), Series(series.time_ns, rain))

    assert [ladder.direction for ladder in proposal.ladders] == ["above"]
    assert proposal.stuck_seconds is None


def _inflow(days: int, seed: int) -> Series:
    """A flow with a daily course, weather of a day and noise of hours that hang together, a reading each quarter."""
    quarters = np.arange(days * 96)
    rng = np.random.default_rng(seed)
    weather, noise = np.zeros(days * 96), np.zeros(days * 96)
    for values, keep in ((weather, 0.99), (noise, 0.9)):
        steps = rng.normal(0.0, np.sqrt(1.0 - keep**2), days * 96)
        for place in range(1, len(values)):
            values[place] = keep * values[place - 1] + steps[place]
    daily = 10.0 * np.sin(2 * np.pi * quarters / 96)
    return Series(quarters * 900 * SECOND, 50.0 + daily + weather + noise)


@pytest.mark.slow
def test_what_was_asked_for_holds_within_a_factor_of_three_in_weeks_that_taught_nothing(inventory: Inventory) -> None:
    channel = replace(_channel(inventory), report_seconds=900.0)
    alarms, months = 0, 0.0
    for seed in range(20):
        series = _inflow(21 + 90, seed)
        taught = int(np.searchsorted(series.time_ns, 21 * DAY_MINUTES * 60 * SECOND))
        proposal = _proposed(channel, Series(series.time_ns[:taught], series.value[:taught]))
        for ladder in proposal.ladders:
            if ladder.name not in proposal.failed:
                alarms += alarms_of(channel, ladder, Series(series.time_ns[taught:], series.value[taught:]))
        months += 90 * 24 / 730

    assert 1 / 3 <= alarms / months <= 3
