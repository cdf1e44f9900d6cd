"""A recording that says when its readings were received."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.clock import to_iso
from gateway.model import SECOND
from gateway.recordings import Layout, Notes, Piece, Place, open_file
from gateway.recordings.layout import NO_COLUMN
from gateway.recordings.order import Order

MAP = {"a": Place("A.d.a"), "b": Place("B.d.b")}
LAYOUT = Layout(ZoneInfo("UTC"))
START = 1_767_225_600 * SECOND
MINUTE = 60 * SECOND


def clock(minute: float) -> str:
    return to_iso(START + round(minute * MINUTE))


def read(path: Path, rows: list[str], layout: Layout = LAYOUT) -> tuple[Piece, Notes]:
    path.write_text("\n".join(rows) + "\n")
    notes = Notes()
    (piece,) = open_file(path, MAP, layout, notes).pieces()
    return piece, notes


def minutes(time_ns: np.typing.NDArray[np.int64]) -> list[float]:
    return [float(one) for one in (time_ns - START) / MINUTE]


LONG = [
    "time,channel,value,received",
    f"{clock(0)},a,1,{clock(0)}",
    f"{clock(61)},b,2,{clock(1)}",
    f"{clock(1)},a,3,{clock(9)}",
    f"{clock(2)},a,4,{clock(2)}",
]


def test_a_long_file_is_put_in_the_order_in_which_it_was_received(tmp_path: Path) -> None:
    piece, notes = read(tmp_path / "f.csv", LONG)

    assert minutes(piece.arrival_ns) == [0, 1, 2, 9]
    assert minutes(piece.time_ns) == [0, 61, 2, 1]
    assert piece.value.tolist() == [1, 2, 4, 3]
    assert notes.all() == []


def test_without_that_column_the_order_of_time_is_all_there_is(tmp_path: Path) -> None:
    piece, _ = read(tmp_path / "f.csv", LONG, replace(LAYOUT, received=NO_COLUMN))

    assert minutes(piece.arrival_ns) == [0, 1, 2, 61]
    assert piece.value.tolist() == [1, 3, 4, 2]


def test_the_column_may_have_another_name(tmp_path: Path) -> None:
    rows = [LONG[0].replace("received", "came"), *LONG[1:]]

    piece, _ = read(tmp_path / "f.csv", rows, replace(LAYOUT, received="came"))

    assert minutes(piece.arrival_ns) == [0, 1, 2, 9]


def test_the_rows_of_a_wide_file_are_received_each_as_a_whole(tmp_path: Path) -> None:
    rows = ["time,received,a,b", f"{clock(0)},{clock(5)},1,2", f"{clock(1)},{clock(1)},3,4"]

    piece, notes = read(tmp_path / "f.csv", rows)

    assert minutes(piece.arrival_ns) == [1, 1, 5, 5]
    assert piece.value.tolist() == [3, 4, 1, 2]
    assert notes.all() == []


def test_a_column_that_is_a_channel_says_nothing_of_receipt(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(f"time,received\n{clock(0)},7\n{clock(1)},8\n")

    (piece,) = open_file(tmp_path / "f.csv", {"received": Place("A.d.a")}, LAYOUT, Notes()).pieces()

    assert piece.value.tolist() == [7, 8]
    assert minutes(piece.arrival_ns) == [0, 1]


def test_a_row_that_does_not_say_it_came_at_its_own_time(tmp_path: Path) -> None:
    rows = ["time,channel,value,received", f"{clock(0)},a,1,", f"{clock(1)},a,2,soon", f"{clock(2)},a,3,{clock(3)}"]

    piece, notes = read(tmp_path / "f.csv", rows)

    assert minutes(piece.arrival_ns) == [0, 1, 3]
    (note,) = notes.all()
    assert note.lines[0] == (3, "'soon' is no time; its own time is taken (day before month needs --time-format)")


def test_a_recording_that_was_stored_again_long_after_is_said(tmp_path: Path) -> None:
    rows = ["time,channel,value,received", *(f"{clock(minute)},a,1,{clock(9_000)}" for minute in range(9))]

    _, notes = read(tmp_path / "f.csv", rows)

    assert [note.kind for note in notes.all()] == ["received"]
    assert "--received-column -" in notes.all()[0].lines[0][1]


def test_a_file_too_long_to_be_held_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.recordings.order._HELD", 3)
    notes = Notes()

    def piece(*came: int) -> Piece:
        time_ns = np.array(came, np.int64) * SECOND + START
        return Piece(time_ns, np.ones(len(came), np.int32), time_ns, np.array(came, np.float64))

    pieces = list(Order(notes).received([piece(3, 1, 2), piece(2, 5, 4)]))

    assert [one.value.tolist() for one in pieces] == [[1, 2, 3], [2, 4, 5]]
    assert [((one.arrival_ns - START) // SECOND).tolist() for one in pieces] == [[1, 2, 3], [3, 4, 5]]
    assert [note.kind for note in notes.all()] == ["order"]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow (extra `reports`) is not installed")
@pytest.mark.parametrize("is_long", [True, False])
def test_a_parquet_file_says_it_as_well(*, is_long: bool, tmp_path: Path) -> None:
    pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    moment = pa.timestamp("ns", "UTC")
    times = pa.array([START, START + MINUTE, START + 2 * MINUTE], moment)
    came = pa.array([START + 5 * MINUTE, None, START + 2 * MINUTE], moment)
    values = {"channel": ["a"] * 3, "value": [1.0, 2.0, 3.0]} if is_long else {"a": [1.0, 2.0, 3.0]}
    parquet.write_table(pa.table({"time": times, "received": came, **values}), tmp_path / "f.parquet")

    (piece,) = open_file(tmp_path / "f.parquet", MAP, LAYOUT, Notes()).pieces()

    assert minutes(piece.arrival_ns) == [1, 2, 5]
    assert piece.value.tolist() == [2, 3, 1]
