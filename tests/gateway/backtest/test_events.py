"""Labelled events as people write them."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.backtest.events import LabelledEvent, read_events
from gateway.errors import ConfigError
from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.recordings import Notes

ZONE = ZoneInfo("Asia/Shanghai")


def _read(tmp_path: Path, text: str, inventory: Inventory, **kinds: list[str]) -> list[LabelledEvent]:
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    return read_events(path, inventory, ZONE, kinds, Notes())


@pytest.mark.parametrize(
    "start", ["2026-07-01 08:00", "2026/7/1 08:00:00", "2026-07-01T00:00:00Z", "1782864000", "2026年7月1日 08:00"]
)
def test_times_are_read_as_people_write_them(tmp_path: Path, inventory: Inventory, start: str) -> None:
    [event] = _read(tmp_path, f"start\n{start}\n", inventory)

    assert event.start_ns == 1_782_864_000 * SECOND
    assert event.end_ns == event.start_ns


def test_an_asset_stands_for_those_it_is_related_to(tmp_path: Path, inventory: Inventory) -> None:
    [event] = _read(tmp_path, "start,asset\n2026-07-01,W-2\n".replace("-01,", "-01 00:00,"), inventory)

    assert event.assets == {"W-1", "W-2"}
    assert not event.fits_place("W-3", "W-3.r3.level")


def test_more_assets_may_be_right_to_name(tmp_path: Path, inventory: Inventory) -> None:
    [event] = _read(tmp_path, "start,asset,also\n2026-07-01 00:00,W-2,W-3|nowhere\n", inventory)

    assert event.assets == {"W-1", "W-2", "W-3"}


def test_a_channel_stands_for_itself_and_its_asset(tmp_path: Path, inventory: Inventory) -> None:
    [event] = _read(tmp_path, "start;channel\n2026-07-01 00:00;W-3.r3.level\n", inventory)

    assert event.fits_place("elsewhere", "W-3.r3.level")
    assert event.fits_place("W-3", "another")
    assert not event.fits_place("W-1", "W-1.r1.level")


def test_a_place_that_nobody_knows_is_anywhere_and_said(tmp_path: Path, inventory: Inventory) -> None:
    path = tmp_path / "events.csv"
    path.write_text("start,target\n2026-07-01 00:00,p999\n")
    notes = Notes()

    [event] = read_events(path, inventory, ZONE, {}, notes)

    assert event.fits_place("W-3", "any")
    assert "p999" in notes.as_text("events.csv")[0]


def test_an_event_without_a_hazard_is_any_but_a_sensors(tmp_path: Path, inventory: Inventory) -> None:
    leak, stuck = _read(
        tmp_path, "start,kind\n2026-07-01 00:00,leak_abrupt\n2026-07-02 00:00,sensor_stuck\n", inventory
    )

    assert leak.fits_hazard("pipe_leak")
    assert not leak.fits_hazard("sensor_fault")
    assert stuck.fits_hazard("sensor_fault")
    assert not stuck.fits_hazard("pipe_leak")


def test_the_caller_says_what_a_kind_stands_for(tmp_path: Path, inventory: Inventory) -> None:
    [event] = _read(tmp_path, "start,kind\n2026-07-01 00:00,leak\n", inventory, leak=["pipe_burst"])

    assert event.hazards == {"pipe_burst"}


def test_a_benign_event_is_one_that_says_so(tmp_path: Path, inventory: Inventory) -> None:
    text = "start,kind,benign\n2026-07-01 00:00,flush,yes\n2026-07-02 00:00,leak,no\n2026-07-03 00:00,benign_flush,\n"

    events = _read(tmp_path, text, inventory)

    assert [event.is_benign for event in events] == [True, False, True]


def test_all_faults_of_the_file_are_said_at_once_with_their_lines(tmp_path: Path, inventory: Inventory) -> None:
    text = "start,end,benign\nyesterday,,\n2026-07-02 00:00,2026-07-01 00:00,\n2026-07-03 00:00,,maybe\n"

    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text, inventory)

    assert [fault.line for fault in caught.value.faults] == [2, 3, 4]


@pytest.mark.parametrize("text", ["when,where\n1,2\n", ""])
def test_a_file_of_something_else_is_a_fault(tmp_path: Path, inventory: Inventory, text: str) -> None:
    with pytest.raises(ConfigError):
        _read(tmp_path, text, inventory)


@pytest.mark.parametrize("head", ["Start Time;Location;Type", "timestamp;sensor;label", "时间;地点;种类"])
def test_columns_go_by_the_names_that_people_give_them(tmp_path: Path, inventory: Inventory, head: str) -> None:
    [event] = _read(tmp_path, f"{head}\n2026-07-01 00:00;W-1;flood\n", inventory)

    assert (event.place, event.kind) == ("W-1", "flood")


@pytest.mark.parametrize("written", ["pipe_leak", "管道漏损", "Pipe leak", "pipe_leak gush", "gush | pipe leak"])
def test_a_hazard_is_known_by_any_of_its_names(tmp_path: Path, inventory: Inventory, written: str) -> None:
    [event] = _read(tmp_path, f"start,hazard\n2026-07-01 00:00,{written}\n", inventory)

    assert event.hazards == {"pipe_leak"}


def test_a_hazard_that_is_none_is_any_and_said(tmp_path: Path, inventory: Inventory) -> None:
    path = tmp_path / "events.csv"
    path.write_text("start,hazard\n2026-07-01 00:00,pipe_leek\n")
    notes = Notes()

    [event] = read_events(path, inventory, ZONE, {}, notes)

    assert event.fits_hazard("pipe_burst")
    assert not event.fits_hazard("sensor_fault")
    assert "no hazard is called 'pipe_leek', did you mean 'pipe_leak'?" in notes.as_text("events.csv")[0]


@pytest.mark.parametrize("ahead", ["3600", "1h", "60 min", "3600s"])
def test_trouble_may_be_foreseen_so_long_before_its_danger(tmp_path: Path, inventory: Inventory, ahead: str) -> None:
    text = f"start,danger,ahead\n2026-07-01 08:00,2026-07-01 08:30,{ahead}\n"

    [event] = _read(tmp_path, text, inventory)

    assert (event.foreseen_ns - event.start_ns) / SECOND == -1_800


def test_trouble_that_may_be_foreseen_is_a_danger_from_its_start_where_nothing_else_is_said(
    tmp_path: Path, inventory: Inventory
) -> None:
    [foreseen, plain] = _read(tmp_path, "start,ahead\n2026-07-01 08:00,1h\n2026-07-01 09:00,\n", inventory)

    assert foreseen.danger_ns == foreseen.start_ns
    assert plain.danger_ns is None
    assert plain.foreseen_ns == plain.start_ns


def test_a_length_that_is_none_is_a_fault_of_its_line(tmp_path: Path, inventory: Inventory) -> None:
    with pytest.raises(ConfigError, match="ahead must be a length of time") as raised:
        _read(tmp_path, "start,ahead\n2026-07-01 08:00,soon\n", inventory)

    assert raised.value.faults[0].line == 2


def test_rows_of_one_trouble_are_one_event_over_all_their_time_and_places(tmp_path: Path, inventory: Inventory) -> None:
    rows = [
        "start,end,asset,hazard,kind,trouble,danger",
        "2026-07-01 08:00,2026-07-01 09:00,W-2,pipe_leak,leak,x,2026-07-01 08:30",
        "2026-07-01 08:30,2026-07-01 10:00,W-3,road_collapse,fall,x,2026-07-01 08:30",
        "2026-07-01 11:00,2026-07-01 12:00,W-3,road_collapse,fall,y,",
    ]

    [both, other] = _read(tmp_path, "\n".join(rows) + "\n", inventory)

    assert (both.kind, both.place) == ("leak", "W-2")
    assert (both.end_ns - both.start_ns) / SECOND == 7_200
    assert both.assets == {"W-1", "W-2", "W-3"}
    assert both.hazards == {"pipe_leak", "road_collapse"}
    assert both.danger_ns == both.start_ns + 1_800 * SECOND
    assert other.kind == "fall"


def test_labels_without_an_event_say_that_nothing_happened(tmp_path: Path, inventory: Inventory) -> None:
    path = tmp_path / "events.csv"
    path.write_text("start,asset,hazard\n")
    notes = Notes()

    events = read_events(path, inventory, ZONE, {}, notes)

    assert events == []
    assert [note.kind for note in notes.all()] == ["events"]
