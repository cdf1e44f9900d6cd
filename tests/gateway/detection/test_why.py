"""Why a channel warned or did not, from its history alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from gateway.detection.why import Why, document, why
from gateway.detection.why_rules import RuleView
from gateway.inventory import Asset, Channel, Inventory, Ladder
from gateway.model import SECOND, Bytes8, Flag, Flags16, Floats, Int64s

MINUTE = 60 * SECOND
NOW = 40 * 1_440 * MINUTE
LADDER = Ladder("level", "sewer_overflow", "above", {"yellow": 2.0, "red": 3.0}, 0.1, 300.0, 600.0, "made up")
SHIFT = Ladder("shift", "pipe_leak", "above", {"blue": 2.0}, 0.5, 0.0, 0.0, "made up", of="shift")


@dataclass
class Rows:
    time_ns: Int64s
    value: Floats
    quality: Bytes8
    flags: Flags16


@dataclass
class Buckets:
    end_ns: Int64s
    last: Floats


class Past:
    """Channels by number, a reading a minute for forty days up to now."""

    def __init__(self, **values: Floats) -> None:
        self.rows = {
            int(name.removeprefix("c")): Rows(
                NOW - np.arange(len(value))[::-1] * MINUTE,
                value,
                np.ones(len(value), np.uint8),
                np.zeros(len(value), np.uint16),
            )
            for name, value in values.items()
        }

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None) -> Rows:
        rows = self.rows[channel]
        kept = np.flatnonzero((rows.time_ns >= start_ns) & (rows.time_ns < end_ns))[:limit]
        return Rows(rows.time_ns[kept], rows.value[kept], rows.quality[kept], rows.flags[kept])

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int) -> Buckets:
        rows = self.rows[channel]
        end = np.linspace(start_ns, end_ns, count + 1)[1:].astype(np.int64)
        place = np.searchsorted(rows.time_ns, end) - 1
        is_there = (place >= 0) & (rows.time_ns[place] > end - (end_ns - start_ns) // count)
        return Buckets(end, np.where(is_there, rows.value[place], np.nan))


def _channel(name: str = "W-1.r1.level", *ladders: Ladder) -> Channel:
    asset, device, point = name.split(".")
    return Channel(
        id=name,
        asset=asset,
        device=device,
        point=point,
        quantity="water_level",
        unit="m",
        span=(0.0, 10.0),
        report_seconds=60.0,
        fresh_seconds=180.0,
        reorder_seconds=0.0,
        stuck_seconds=None,
        importance="normal",
        title="",
        ladders=ladders,
    )


def _inventory(*channels: Channel) -> Inventory:
    assets = {
        channel.asset: Asset(channel.asset, "manhole", "drainage", "", None, {"part_of": ("ZONE",)})
        for channel in channels
    }
    return Inventory("s", "s", "UTC", assets, {}, {channel.id: channel for channel in channels})


def _calm(days: int = 20) -> Floats:
    return 1.0 + 0.01 * np.random.default_rng(4).normal(size=days * 1_440)


def _asked(past: Past, *ladders: Ladder, at_ns: int = NOW) -> Why:
    channel = _channel("W-1.r1.level", *ladders)
    return why(_inventory(channel), {channel.id: 1}, past, channel.id, at_ns)


def _rule(found: Why, name: str) -> RuleView:
    return next(view for view in found.rules if view.rule == name)


def test_a_calm_channel_says_how_far_it_is_from_its_nearest_rung() -> None:
    found = _asked(Past(c1=_calm()), LADDER)

    view = _rule(found, "limits:level")
    assert found.nearest == "limits:level"
    assert (view.standing, view.next_level, view.limit) == ("none", "yellow", 2.0)
    assert view.margin == pytest.approx(1.0, abs=0.05)
    assert view.margin_unit == "m"
    assert not found.suppressed


def test_beyond_the_limit_for_too_short_is_held_by_the_hold_time() -> None:
    value = _calm()
    value[-3:] = 2.5

    view = _rule(_asked(Past(c1=value), LADDER), "limits:level")

    assert view.suppressed == ("hold_time",)
    assert view.margin is not None
    assert view.margin < 0.0


def test_a_standing_warning_within_its_deadband_says_so() -> None:
    value = _calm()
    value[-30:] = 2.5
    value[-2:] = 1.95

    view = _rule(_asked(Past(c1=value), LADDER), "limits:level")

    assert view.standing == "yellow"
    assert view.suppressed == ("deadband",)


def test_a_channel_that_stopped_speaking_is_silent() -> None:
    found = _asked(Past(c1=_calm()), LADDER, at_ns=NOW + 10 * MINUTE)

    assert found.suppressed == ("silent",)
    assert _rule(found, "silent").standing == "blue"


@pytest.mark.parametrize(("word", "quality", "flags"), [("bad_quality", 4, 0), ("late", 1, int(Flag.LATE))])
def test_readings_that_no_detector_saw_are_named(word: str, quality: int, flags: int) -> None:
    past, value = Past(c1=_calm()), 9.0
    past.rows[1].value[-1], past.rows[1].quality[-1], past.rows[1].flags[-1] = value, quality, flags

    found = _asked(past, LADDER)

    assert word in found.suppressed
    assert _rule(found, "limits:level").standing == "none"


def test_a_shift_that_has_not_learned_yet_warms_up() -> None:
    view = _rule(_asked(Past(c1=_calm(2)), SHIFT), "shifted:shift")

    assert view.suppressed == ("warm_up",)
    assert view.score is None


def test_a_channel_without_rules_or_readings_says_that() -> None:
    assert _asked(Past(c1=_calm())).suppressed == ("no_rules",)
    assert _asked(Past(c1=_calm()), LADDER, at_ns=NOW - 39 * 1_440 * MINUTE).suppressed == ("no_readings",)


def test_a_shift_has_an_onset_and_neighbours_that_agree_or_do_not() -> None:
    shifted = _calm()
    shifted[-600:] += 0.3
    names = ("W-1.r1.level", "W-2.r2.level", "W-3.r3.level")
    channels = [_channel(name, LADDER) for name in names]
    past = Past(c1=shifted, c2=shifted + 1.0, c3=_calm())
    numbers = {name: number for number, name in enumerate(names, 1)}

    found = why(_inventory(*channels), numbers, past, names[0], NOW)

    assert found.onset_ns is not None
    assert abs(found.onset_ns - (NOW - 600 * MINUTE)) <= 20 * MINUTE
    assert found.agreeing == (names[1],)
    assert found.disagreeing == (names[2],)
    assert found.band is not None
    assert found.band[0] < 1.0 < found.band[1] < 1.1


def test_the_document_is_json_with_iso_times() -> None:
    told = document(_asked(Past(c1=_calm()), LADDER))

    assert told["at"] == "1970-02-10T00:00:00.000Z"
    assert told["onset"] is None
    assert told["rules"][0]["rule"] == "limits:level"


def test_a_low_limit_has_its_margin_the_other_way() -> None:
    low = replace(LADDER, name="low", direction="below", rungs={"yellow": 0.4})

    view = _rule(_asked(Past(c1=_calm()), low), "limits:low")

    assert view.margin == pytest.approx(0.6, abs=0.05)
