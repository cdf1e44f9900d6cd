"""In which order readings arrived, where the file does not say so."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.clock import to_iso
from gateway.recordings import Layout, Notes, Piece, Place, open_file
from gateway.recordings.order import Order

MAP = {"a": Place("A.d.a"), "b": Place("B.d.b")}
MINUTES = 300
MINUTE = 60_000_000_000
START = 1_767_225_600_000_000_000
CLOCKS = [to_iso(START + minute * MINUTE) for minute in range(MINUTES)]
WIDE = [f"{clock},{minute},{-minute}" for minute, clock in enumerate(CLOCKS)]
LONG = [f"{clock},{name},{minute}" for name in "ab" for minute, clock in enumerate(CLOCKS)]


def shuffled(rows: list[str]) -> list[str]:
    return [rows[place] for place in np.random.default_rng(1).permutation(len(rows))]


def halves_swapped(rows: list[str]) -> list[str]:
    return rows[len(rows) // 2 :] + rows[: len(rows) // 2]


def newest_first(rows: list[str]) -> list[str]:
    return rows[::-1]


def read(path: Path, head: str, rows: list[str]) -> tuple[list[Piece], Notes]:
    path.write_text("\n".join([head, *rows]) + "\n")
    notes = Notes()
    return list(open_file(path, MAP, Layout(ZoneInfo("UTC")), notes).pieces()), notes


def piece(time_ns: list[int]) -> Piece:
    time = np.array(time_ns, np.int64)
    return Piece(np.maximum.accumulate(time), np.ones(len(time), np.int32), time, time.astype(np.float64))


@pytest.mark.parametrize("mixed", [newest_first, shuffled, halves_swapped])
def test_a_wide_file_that_was_not_written_as_it_came_is_put_in_the_order_of_time(
    tmp_path: Path, mixed: Callable[[list[str]], list[str]]
) -> None:
    (expected,), _ = read(tmp_path / "f.csv", "time,a,b", WIDE)

    (got,), notes = read(tmp_path / "g.csv", "time,a,b", mixed(WIDE))

    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [note.kind for note in notes.all()] == ["order"]


def test_a_long_file_written_channel_after_channel_is_put_in_the_order_of_time(tmp_path: Path) -> None:
    (got,), notes = read(tmp_path / "f.csv", "time,channel,value", LONG)

    assert (np.diff(got.time_ns) >= 0).all()
    np.testing.assert_array_equal(got.arrival_ns, got.time_ns)
    assert [note.kind for note in notes.all()] == ["order"]


def test_a_short_second_channel_is_no_less_in_order(tmp_path: Path) -> None:
    (got,), _ = read(tmp_path / "f.csv", "time,channel,value", LONG[: MINUTES + 20])

    np.testing.assert_array_equal(got.arrival_ns, got.time_ns)


def test_rows_that_are_late_now_and_then_stay_late(tmp_path: Path) -> None:
    rows = [*WIDE[:100], *WIDE[120:], *WIDE[100:120]]

    (got,), notes = read(tmp_path / "f.csv", "time,a,b", rows)

    assert (got.arrival_ns[-40:] > got.time_ns[-40:]).all()
    assert [(note.kind, note.count) for note in notes.all()] == [("gap", 1), ("late", 20)]


@pytest.mark.parametrize("slip", ["2099-01-01 00:00", "2000-01-01 00:00"])
def test_a_time_years_away_is_left_out_and_makes_nothing_late(tmp_path: Path, slip: str) -> None:
    rows = [*WIDE[:100], f"{slip},7,7", *WIDE[100:]]

    (got,), notes = read(tmp_path / "f.csv", "time,a,b", rows)

    assert len(got.value) == 2 * MINUTES
    np.testing.assert_array_equal(got.arrival_ns, got.time_ns)
    assert "lies years from all others; left out" in "\n".join(notes.as_text("f"))


def test_a_recording_of_years_with_a_hole_keeps_all_its_readings() -> None:
    year = 365 * 86_400 * 1_000_000_000
    times = [START + minute * MINUTE + (3 * year if minute > 100 else 0) for minute in range(MINUTES)]

    (got,) = Order(Notes()).settled([piece(times)], is_long=False)

    assert got.time_ns.tolist() == times


def test_after_a_slip_the_rest_arrives_at_its_own_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.recordings.order._HELD", 1_000)
    times = [START + minute * MINUTE for minute in range(2_000)]
    slip = START + 80 * 365 * 86_400 * 1_000_000_000
    first, rest = piece([*times[:999], slip]), piece(times[999:])
    rest = rest._replace(arrival_ns=np.full(len(rest.time_ns), slip))

    pieces = list(Order(Notes()).settled([first, rest], is_long=False))

    assert np.concatenate([one.arrival_ns for one in pieces]).tolist() == times


def test_the_share_grows_as_readings_are_handed_on() -> None:
    order = Order(Notes())
    whole = piece([START + second * 1_000_000_000 for second in range(1_000_000)])

    shares = [order.share for _ in order.settled([whole], is_long=False)]

    assert shares == [0.4, 0.8, 1.0]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow (extra `reports`) is not installed")
def test_a_parquet_file_newest_first_is_put_in_the_order_of_time(tmp_path: Path) -> None:
    pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    times = pa.array([START + minute * MINUTE for minute in reversed(range(MINUTES))], pa.timestamp("ns", "UTC"))
    values = pa.array([float(minute) for minute in reversed(range(MINUTES))])
    parquet.write_table(pa.table({"time": times, "a": values}), tmp_path / "f.parquet")

    (got,) = open_file(tmp_path / "f.parquet", MAP, Layout(ZoneInfo("UTC")), Notes()).pieces()

    assert got.value.tolist() == list(range(MINUTES))
