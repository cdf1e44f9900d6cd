"""The truth as labels that a back-test reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.models.contract import Window
from simulators.scenarios.labels import COLUMNS, troubles_of, write_labels

HOUR = 3_600 * SECOND
START = 1_750_000_000 * SECOND


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "truth.csv"


def _window(start: float, end: float, kind: str, asset: str, hazard: str, **detail: float | str) -> Window:
    return Window(START + round(start * HOUR), START + round(end * HOUR), kind, asset, hazard, detail)


def _rows(path: Path, *windows: Window) -> list[dict[str, str]]:
    write_labels(path, windows, {}, Inventory("s", "s", "UTC", {}, {}, {}))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_flood_is_a_danger_from_its_start_and_may_be_foreseen_an_hour(write: Path) -> None:
    [row] = _rows(write, _window(1, 2, "flood", "UP-1", "waterlogging"))

    assert tuple(row) == COLUMNS
    assert row["danger"] == row["start"]
    assert row["ahead"] == "3600s"


def test_a_slope_is_dangerous_when_it_fails(write: Path) -> None:
    [row] = _rows(write, _window(1, 9, "creep", "SL-1", "slope_failure", fails_after_seconds=3_600.0))

    assert row["danger"] > row["start"]
    assert row["danger"] == "2025-06-15T17:06:40.000Z"


def test_what_looks_like_trouble_and_is_none_has_no_danger(write: Path) -> None:
    [row] = _rows(write, _window(1, 9, "aborted_creep", "SL-2", "", fails_after_seconds=3_600.0))

    assert (row["benign"], row["danger"], row["ahead"], row["brings"]) == ("yes", "", "", "")


def test_the_stages_of_one_trouble_have_the_same_word_and_danger(write: Path) -> None:
    rows = _rows(
        write,
        _window(1, 9, "undermining", "RD-1", "road_collapse"),
        _window(5, 9, "collapse", "RD-1", "road_collapse"),
        _window(5, 9, "collapse", "RD-2", "road_collapse"),
    )

    assert [bool(row["trouble"]) for row in rows] == [True, True, False]
    assert rows[0]["trouble"] == rows[1]["trouble"]
    assert rows[0]["danger"] == rows[1]["start"]


def test_what_a_trouble_brings_is_said(write: Path) -> None:
    [row] = _rows(write, _window(1, 2, "blockage", "SP-1", "sewer_blockage"))

    assert row["brings"] == "sewer_overflow"


def test_what_is_seen_at_no_channel_belongs_to_the_same_at_a_place_that_has_one() -> None:
    windows = [_window(1, 2, "low_pressure", asset, "pressure_abnormal") for asset in ("HH-1", "HH-2", "NH-1", "NH-2")]

    assert troubles_of(windows, {}, frozenset({"NH-1", "NH-2"})) == [0, 0, 0, 3]


def test_trouble_that_was_staged_twice_is_two() -> None:
    windows = [_window(start, 9, "leak", "P-1", "pipe_leak") for start in (1, 5)]

    assert troubles_of(windows, {}, frozenset({"P-1"})) == [0, 1]
