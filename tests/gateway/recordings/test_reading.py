"""Recordings as they come: what can be read is read, and what is odd is said once a kind with its line."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.clock import to_iso
from gateway.errors import ConfigError
from gateway.recordings import Layout, Notes, Place, Recording

MAP = {"a": Place("A.d.a"), "b": Place("B.d.b", 0.1)}
LAYOUT = Layout(ZoneInfo("UTC"))


class Read:
    """What came of one file."""

    def __init__(self, path: Path, places: Mapping[str, Place] = MAP, layout: Layout = LAYOUT) -> None:
        self.notes = Notes()
        recording = Recording(path, places, layout, self.notes)
        pieces = list(recording.pieces())
        names = {number: name for name, number in recording.numbers.items()}
        self.rows = [
            (to_iso(time_ns)[11:16], names[channel], value)
            for piece in pieces
            for time_ns, channel, value in zip(
                piece.time_ns.tolist(), piece.channel.tolist(), piece.value.tolist(), strict=True
            )
        ]
        self.arrivals = [to_iso(moment)[11:16] for piece in pieces for moment in piece.arrival_ns.tolist()]
        self.said = self.notes.as_text("f")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.csv"


def test_a_wide_file_is_one_column_a_channel(path: Path) -> None:
    path.write_text("time,a,b\n2026-01-01 00:00,1.5,20\n2026-01-01 00:05,2.5,30\n")

    read = Read(path)

    assert read.rows == [
        ("00:00", "A.d.a", 1.5),
        ("00:00", "B.d.b", 2.0),
        ("00:05", "A.d.a", 2.5),
        ("00:05", "B.d.b", 3.0),
    ]
    assert read.said == []


def test_a_long_file_is_one_row_a_reading(path: Path) -> None:
    path.write_text("ts,tag,value\n2026-01-01 00:00,a,1.5\n2026-01-01 00:00,b,20\n2026-01-01 00:05,a,2.5\n")

    read = Read(path)

    assert read.rows == [("00:00", "A.d.a", 1.5), ("00:00", "B.d.b", 2.0), ("00:05", "A.d.a", 2.5)]


def test_a_long_file_written_channel_after_channel_is_put_in_the_order_of_time(path: Path) -> None:
    path.write_text("time,channel,value\n2026-01-01 00:00,a,1\n2026-01-01 00:05,a,2\n2026-01-01 00:00,b,10\n")

    read = Read(path)

    assert [row[:2] for row in read.rows] == [("00:00", "A.d.a"), ("00:00", "B.d.b"), ("00:05", "A.d.a")]
    assert read.said == ["f: order: 1 readings are older than one before them; put in the order of time"]


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress], ids=["xz", "gz"])
def test_a_packed_file_is_unpacked(path: Path, pack: type[bytes]) -> None:
    path.write_bytes(pack(b"time,a,b\n2026-01-01 00:00,1,2\n"))

    assert len(Read(path).rows) == 2


def test_an_archive_that_ends_early_gives_what_could_be_unpacked(path: Path) -> None:
    lines = "".join(f"2026-01-01 {hour:02}:{minute:02},{minute},2\n" for hour in range(24) for minute in range(60))
    whole = gzip.compress(b"time,a,b\n" + lines.encode(), 1)
    path.write_bytes(whole[: len(whole) // 2])

    read = Read(path)

    assert 0 < len(read.rows) < 2 * 24 * 60
    assert any("it is damaged or ends early" in line for line in read.said)


def test_empty_cells_are_no_readings_and_missing_ones_have_no_value(path: Path) -> None:
    path.write_text("time,a,b\n2026-01-01 00:00,,20\n2026-01-01 00:05,NaN,--\n")

    read = Read(path)

    assert [row[:2] for row in read.rows] == [("00:00", "B.d.b"), ("00:05", "A.d.a"), ("00:05", "B.d.b")]
    assert np.isnan([value for _, _, value in read.rows[1:]]).all()


def test_a_cell_that_is_no_number_costs_itself_alone(path: Path) -> None:
    path.write_text("time,a,b\n2026-01-01 00:00,off,20\n2026-01-01 00:05,1,2O\n2026-01-01 00:10,1,20\n")

    read = Read(path)

    assert [row[:2] for row in read.rows] == [
        ("00:00", "B.d.b"),
        ("00:05", "A.d.a"),
        ("00:10", "A.d.a"),
        ("00:10", "B.d.b"),
    ]
    assert read.said == [
        "f:2: number: a: 'off' is not a number; left out",
        "f:3: number: b: '2O' is not a number; left out",
    ]


def test_a_time_that_goes_back_comes_late_and_a_gap_is_told(path: Path) -> None:
    times = ["00:00", "00:05", "00:10", "00:05", "00:15", "02:00", "02:00"]
    path.write_text("time,a\n" + "".join(f"2026-01-01 {time},{number}\n" for number, time in enumerate(times)))

    read = Read(path, {"a": MAP["a"]})

    assert [row[0] for row in read.rows] == times
    assert read.arrivals == ["00:00", "00:05", "00:10", "00:10", "00:15", "02:00", "02:00"]
    assert read.said == [
        "f:5: late: goes back from 2026-01-01T00:10:00.000Z to 2026-01-01T00:05:00.000Z; its readings come late",
        "f:7: gap: no rows for 105 min after 2026-01-01T00:15:00.000Z",
        "f:8: time: 2026-01-01T02:00:00.000Z once more; what differs is not believed",
    ]


def test_a_row_whose_time_cannot_be_read_is_left_out(path: Path) -> None:
    path.write_text("time,a\n2026-01-01 00:00,1\n31/01/2026 00:05,2\n,3\n2026-01-01 00:10,4\n")

    read = Read(path, {"a": MAP["a"]})

    assert [row[2] for row in read.rows] == [1.0, 4.0]
    assert "f:3: time: '31/01/2026 00:05' is no time; the row is left out" in read.said[0]
    assert "f:4: time: no time; the row is left out" in read.said[1]


def test_times_written_in_several_ways_are_told(path: Path) -> None:
    path.write_text("time,a\n2026-01-01 00:00,1\n2026/01/01 00:05,2\n1767226200,3\n")

    read = Read(path, {"a": MAP["a"]})

    assert [row[0] for row in read.rows] == ["00:00", "00:05", "00:10"]
    assert [line[:17] for line in read.said] == ["f:3: time format:", "f:4: time format:"]


def test_short_and_long_rows_are_mended_and_told(path: Path) -> None:
    path.write_text('time,a,b\n2026-01-01 00:00,1\n\n# a remark\n2026-01-01 00:05,"2",20,9\n')

    read = Read(path)

    assert [row[2] for row in read.rows] == [1.0, 2.0, 2.0]
    assert read.said == [
        "f:2: columns: 2 cells, the head has 3; the missing ones are empty",
        "f:5: columns: 4 cells, the head has 3; the rest is left out",
    ]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8-sig", []),
        ("gb18030", ["f:1: encoding: not UTF-8 from here on; read as GB18030"]),
        ("utf-16", ["f:1: encoding: the file is UTF-16; it is read as such"]),
    ],
)
def test_a_file_in_another_encoding_is_read(path: Path, encoding: str, said: list[str]) -> None:
    path.write_bytes("时间,压力\n2026-01-01 00:00,0.35\n".encode(encoding))

    read = Read(path, {"压力": MAP["a"]})

    assert read.rows == [("00:00", "A.d.a", 0.35)]
    assert read.said == said


def test_bytes_of_no_encoding_cost_their_cells_alone(path: Path) -> None:
    path.write_bytes(b"time,a\n2026-01-01 00:00,1\n2026-01-01 00:05,\xff\xff\n2026-01-01 00:10,3\n")

    read = Read(path, {"a": MAP["a"]})

    assert [row[2] for row in read.rows] == [1.0, 3.0]


def test_semicolons_and_decimal_commas_are_understood(path: Path) -> None:
    path.write_text("time;a;b\n2026-01-01 00:00;1,5;20,0\n")

    assert [row[2] for row in Read(path).rows] == [1.5, 2.0]


def test_a_file_without_a_head_has_numbered_columns(path: Path) -> None:
    path.write_text("2026-01-01 00:00,7,1.5\n2026-01-01 00:05,7,2.5\n")

    assert [row[2] for row in Read(path, {"3": MAP["a"]}).rows] == [1.5, 2.5]


def test_old_line_ends_and_a_missing_last_one_are_understood(path: Path) -> None:
    path.write_bytes(b"time,a\r\n2026-01-01 00:00,1\r\n2026-01-01 00:05,2")

    assert [row[2] for row in Read(path, {"a": MAP["a"]}).rows] == [1.0, 2.0]


def test_what_belongs_to_no_channel_is_told(path: Path) -> None:
    path.write_text("time,a,other\n2026-01-01 00:00,1,2\n")

    assert Read(path, {"a": MAP["a"], "b": MAP["b"]}).said == [
        "f: map: there is no column 'b'",
        "f: map: columns that belong to no channel: other",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("x,y\n1,2\n", "no column holds the time"),
        ("time,x\n2026-01-01 00:00,1\n", "no column belongs to a channel"),
        ("PK\x03\x04....", "this is a ZIP archive or an Excel workbook"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_a_word(path: Path, text: str, said: str) -> None:
    path.write_text(text)

    with pytest.raises(ConfigError, match=said):
        Read(path)


def test_many_oddities_of_a_kind_are_counted(path: Path) -> None:
    rows = "".join(f"2026-01-01 00:{minute:02},bad{minute}\n" for minute in range(60))
    path.write_text("time,a\n2025-12-31 23:59,1\n" + rows)

    said = Read(path, {"a": MAP["a"]}).said

    assert len(said) == 4
    assert said[-1] == "f: number: 57 more like these"
