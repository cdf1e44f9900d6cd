"""Cells of text to columns of numbers: fast when all is well, cell by cell with a word on each when not."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.model import Floats, Int64s
from gateway.recordings.layout import Columns
from gateway.recordings.notes import Notes
from gateway.recordings.source import Block
from gateway.recordings.times import Times

_MISSING = {"nan", "na", "n/a", "null", "none", "-", "--", "---", "#n/a", "无", "缺测", "bad"}


class Grid(NamedTuple):
    """Rows of cells of equal length, one after the other."""

    cells: list[str]
    width: int
    lines: NDArray[np.int64]
    """The line number of each row."""

    def column(self, place: int) -> list[str]:
        """Return one column."""
        return self.cells[place :: self.width]


def read_grid(block: Block, columns: Columns, notes: Notes) -> Grid:
    """Cut a block into rows; short rows are filled with empty cells, long ones cut."""
    delimiter, width = columns.delimiter, len(columns.names)
    lines = block.text.removesuffix("\n").split("\n")
    if '"' not in block.text and all(line.count(delimiter) == width - 1 for line in lines):
        cells = block.text.removesuffix("\n").replace("\n", delimiter).split(delimiter)
        return Grid(cells, width, np.arange(block.first_line, block.first_line + len(lines)))
    cells, numbers = [], []
    for number, line in enumerate(lines, block.first_line):
        if not line.strip() or (line.startswith("#") and width > 1):
            continue
        row = next(csv.reader([line], delimiter=delimiter))
        if len(row) != width:
            notes.add("columns", number, f"{len(row)} cells, the head has {width}; {_mended(len(row), width)}")
            row = (row + [""] * width)[:width]
        cells += row
        numbers.append(number)
    return Grid(cells, width, np.array(numbers, np.int64))


def _mended(found: int, width: int) -> str:
    return "the missing ones are empty" if found < width else "the rest is left out"


def read_times(
    texts: Sequence[str],
    lines: NDArray[np.int64],
    times: Times,
    notes: Notes,
    *,
    else_: str = "the row is left out",
) -> Int64s:
    """Return a time for each text, 0 for one that is none; `else_` says what becomes of its row."""
    read: dict[str, int] = {}
    column = np.empty(len(texts), np.int64)
    for place, text in enumerate(texts):
        time_ns = read.get(text)
        if time_ns is None:
            time_ns = _read_time(text, int(lines[place]), times, notes, else_)
            # A local hour that occurs twice must be looked at each time.
            if len(read) < 100_000 and not times.is_twice:  # noqa: PLR2004 - bounds the memory of it
                read[text] = time_ns
        column[place] = time_ns
    return column


def read_received(
    texts: Sequence[str], lines: NDArray[np.int64], time_ns: Int64s, times: Times, notes: Notes
) -> Int64s:
    """Return when each row was received: where that is not said, at the time of the row."""
    said = np.array([place for place, text in enumerate(texts) if text.strip()], np.intp)
    received_ns = time_ns.copy()
    read = read_times([texts[place] for place in said], lines[said], times, notes, else_="its own time is taken")
    received_ns[said[read != 0]] = read[read != 0]
    return received_ns


def _read_time(text: str, line: int, times: Times, notes: Notes, else_: str) -> int:
    before = times.written
    try:
        time_ns = times.read(text)
    except ValueError:
        what = f"{text!r:.60} is no time" if text.strip() else "no time"
        notes.add("time", line, f"{what}; {else_} (day before month needs --time-format)")
        return 0
    if before and times.written != before:
        notes.add("time format", line, f"{text!r:.60} is written like {times.written}, before it was like {before}")
    if times.never_was:
        notes.add("time", line, f"{text!r:.60} is in an hour that the clocks left out; taken as an hour later")
    return time_ns


def read_numbers(texts: Sequence[str], lines: NDArray[np.int64], columns: Columns, name: str, notes: Notes) -> Numbers:
    """Return the numbers of a column, NaN for a missing one, and which cells hold anything at all."""
    try:
        return Numbers(np.array(list(map(float, texts))), None)
    except ValueError:
        pass
    try:
        value = np.array([float(text) if text else math.nan for text in texts])
        return Numbers(value, np.array([bool(text) for text in texts]))
    except ValueError:
        pass
    value, is_there = np.full(len(texts), math.nan), np.ones(len(texts), np.bool_)
    for place, text in enumerate(map(str.strip, texts)):
        if not text:
            is_there[place] = False
        elif text.lower() not in _MISSING:
            try:
                value[place] = float(text.replace(",", ".") if columns.is_decimal_comma else text)
            except ValueError:
                is_there[place] = False
                notes.add("number", int(lines[place]), f"{name}: {text!r:.60} is not a number; left out")
    return Numbers(value, is_there)


class Numbers(NamedTuple):
    """The numbers of one column."""

    value: Floats
    is_there: NDArray[np.bool_] | None
    """Which cells are not empty; None when all are there."""
