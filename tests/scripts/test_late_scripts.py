"""A station that was offline: what its backfill would have said is told as learned late, and never as live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model import SECOND
from tests.gateway.detection.scene import GAS, START, Row, channel, site
from tests.gateway.hazards.places import DEPTH, GAUGE, MINUTE, underpass
from tests.scripts.script import Script

CH4, NEAR = "MH-1.gas.ch4", "MH-2.gas-2.ch4"


def offline(folder: Path, *, gap_values: tuple[float, ...] = (30.0, 31.0), after: float = 0.5) -> Script:
    """Play a station that is silent from 1,000 s to 3,000 s, speaks again, and sends the gap behind its newest."""
    script = Script(folder, site(channel(CH4, GAS), channel(NEAR, GAS)), has_past=True)
    script.repeat(0, 3_600, 10, NEAR, 0.5, 0.6)
    script.repeat(0, 1_000, 10, CH4, 0.5, 0.6)
    script.repeat(3_000, 3_600, 10, CH4, after, after + 0.1)
    for number, second in enumerate(range(1_000, 3_000, 10)):
        value = gap_values[number % len(gap_values)] if 1_500 <= second < 2_000 else 0.5 + number % 2 / 10
        script.push(3_005 + number // 20, CH4, value, measured=second)
    return script


def silence(script: Script) -> list[tuple[float, str, str, bool]]:
    return [line for line in script.watch.saw() if line[1] != "sensor_silent"]


def test_a_leak_in_the_gap_of_a_station_is_learned_late(tmp_path: Path) -> None:
    script = offline(tmp_path)

    script.play(3_600)

    (finding,) = [one for one in script.watch.findings if one.hazard == "gas_leak"]
    assert finding.is_late
    assert finding.level.name == "YELLOW"
    assert (finding.start_ns, finding.time_ns) == (START + 1_500 * SECOND, START + 1_510 * SECOND)
    assert finding.learned_ns == START + 3_014 * SECOND
    assert finding.evidence.data_trust["newest_age_seconds"] == 3_014 - 1_510


def test_it_is_told_a_minute_after_the_backfill_has_ended(tmp_path: Path) -> None:
    script = offline(tmp_path)

    script.play(3_070)
    before = silence(script)
    script.play_on(3_100)

    assert before == []
    assert len(silence(script)) == 1


def test_a_rise_in_the_gap_is_told_with_each_level_and_no_end(tmp_path: Path) -> None:
    script = offline(tmp_path, gap_values=(120.0,) * 10 + (30.0,) * 10)

    script.play(3_600)

    assert [(line[2], line[3]) for line in silence(script)] == [("yellow", True), ("red", True)]


def test_a_gap_without_a_leak_says_nothing(tmp_path: Path) -> None:
    script = offline(tmp_path, gap_values=(0.5, 0.6))

    script.play(3_600)

    assert silence(script) == []
    assert script.watch.health.counts()["hindsight", "received", ""] == 1


def test_a_leak_that_still_stands_is_live_by_itself_and_late_with_its_beginning(tmp_path: Path) -> None:
    script = offline(tmp_path, after=30.0)

    script.play(3_600)

    said = [(line[2], line[3]) for line in silence(script)]
    assert said == [("yellow", False), ("yellow", True)]
    live, late = (one for one in script.watch.findings if one.hazard == "gas_leak")
    assert live.start_ns == START + 3_000 * SECOND
    assert late.start_ns == START + 1_500 * SECOND


@pytest.mark.parametrize("kill", [3_008, 3_030, 3_072, 3_085, 3_200])
def test_killed_at_any_time_the_same_is_learned_once(tmp_path: Path, kill: int) -> None:
    whole = offline(tmp_path / "whole")
    whole.play(3_600)
    script = offline(tmp_path / "killed")
    script.kills = [kill]

    script.play(3_600)

    found = {(one.id, one.time_ns, one.learned_ns, one.level) for one in script.watch.findings if one.is_late}
    assert found == {(one.id, one.time_ns, one.learned_ns, one.level) for one in whole.watch.findings if one.is_late}
    assert len(found) == 1


def test_the_same_backfill_delivered_again_adds_nothing_new(tmp_path: Path) -> None:
    script = offline(tmp_path)
    for number, second in enumerate(range(1_000, 3_000, 10)):
        value = (30.0, 31.0)[number % 2] if 1_500 <= second < 2_000 else 0.5 + number % 2 / 10
        script.push(3_205 + number // 20, CH4, value, measured=second)

    script.play(3_600)

    late = [one for one in script.watch.findings if one.is_late]
    assert len(late) == 2
    assert len({one.id for one in late}) == 1


def test_an_old_window_delivered_again_is_no_news_when_it_was_warned_of_live(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)), has_past=True)
    script.repeat(0, 500, 10, CH4, 0.5, 0.6)
    script.repeat(500, 700, 10, CH4, 30.0, 31.0)
    script.repeat(700, 3_000, 10, CH4, 0.5, 0.6)
    for second in range(400, 900, 10):
        script.push(2_000, CH4, 30.0 + second % 20 / 10 if 500 <= second < 700 else 0.5, measured=second)

    script.play(3_000)

    assert [line[3] for line in script.watch.saw()] == [False, False]


def test_a_little_disorder_is_not_looked_back_on(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)), has_past=True)
    for second in range(0, 600, 20):
        script.push(second + 10, CH4, 0.5, measured=second + 10)
        script.push(second + 11, CH4, 0.6, measured=second)

    script.play(900)

    assert ("hindsight", "received", "") not in script.watch.health.counts()


def test_a_backfill_in_order_behind_the_last_row_is_late_and_never_live(tmp_path: Path) -> None:
    """The gateway's own detectors see it, for it is newer than all they saw; but it is older than fresh."""
    script = Script(tmp_path, site(channel(CH4, GAS)), has_past=True)
    script.repeat(0, 1_000, 10, CH4, 0.5, 0.6)
    for number, second in enumerate(range(1_000, 2_900, 10)):
        value = 30.0 + number % 2 if 1_500 <= second < 2_000 else 0.5 + number % 2 / 10
        script.push(3_000, CH4, value, measured=second)
    script.repeat(3_010, 3_600, 10, CH4, 0.5, 0.6)

    script.play(3_600)

    assert [line[1:] for line in silence(script)] == [("gas_leak", "yellow", True), ("gas_leak", "none", True)]
    assert {line[0] for line in silence(script)} == {3_000}


def test_the_history_is_waited_for(tmp_path: Path) -> None:
    script = offline(tmp_path)
    past = script.watch.past
    assert past is not None
    past.is_behind = True

    script.play(3_300)
    before = silence(script)
    past.is_behind = False
    script.play_on(3_400)

    assert before == []
    assert len(silence(script)) == 1


def test_a_hold_time_may_end_behind_the_gap(tmp_path: Path) -> None:
    slow = replace(GAS, on_seconds=300.0)
    script = Script(tmp_path, site(channel(CH4, slow)), has_past=True)
    script.repeat(0, 1_000, 10, CH4, 0.5, 0.6)
    script.repeat(1_200, 1_330, 10, CH4, 30.0, 31.0)
    script.repeat(1_330, 2_000, 10, CH4, 0.5, 0.6)
    rows = [Row(second, CH4, 30.0 + second % 20 / 10) for second in range(1_000, 1_200, 10)]
    script.push_rows(1_205, *rows)

    script.play(2_000)

    assert [line[2:] for line in silence(script)] == [("yellow", True)]
    assert script.watch.findings[-1].time_ns == START + 1_300 * SECOND


def test_a_model_looks_back_too_when_a_member_was_offline(tmp_path: Path) -> None:
    """The storm script of the hazards, with the depth of the underpass offline until half an hour after it."""
    script = Script(tmp_path, underpass(), has_past=True)
    late = []
    for minute in range(180):
        rain = 60.0 if 60 <= minute < 120 else 0.0
        level = max(0.0, min(0.5, 0.012 * (minute - 65))) if minute < 130 else 0.0
        script.push(minute * MINUTE, GAUGE, rain)
        if 60 <= minute < 150:
            late.append(Row(minute * MINUTE + 1, DEPTH, level))
        else:
            script.push(minute * MINUTE + 1, DEPTH, level)
    script.push_rows(151 * MINUTE, *late)

    script.play(180 * MINUTE)

    rules = {one.evidence.rule for one in script.watch.findings if one.is_late}
    assert rules == {"limits:underpass_depth", "waterlogging:underpass_forecast"}
    assert not [one for one in script.watch.findings if one.hazard == "waterlogging" and not one.is_late]
