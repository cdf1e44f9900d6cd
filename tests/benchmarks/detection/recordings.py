"""Recordings as columns: compressed CSV in, arrays out. Knows no suite.

What a recording is, its columns say: a note or a table of another kind that lies beside it is passed over.
"""

from __future__ import annotations

import csv
import io
import itertools
import lzma
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.detection.scores import NoRecordings

_ENDS = (".csv", ".csv.xz")


def recordings(folder: Path, pattern: str) -> list[Path]:
    """Return every CSV file of the folder that fits the pattern, by name; none is an error that says so."""
    if not folder.is_dir():
        raise NoRecordings(f"{folder} is no folder; give --data the folder that holds {pattern}")
    found = [path for path in sorted(folder.glob(pattern)) if _is_table(path)]
    if not found:
        raise NoRecordings(f"{folder} holds no {pattern}; give --data the folder that holds them")
    return found


def holding(folder: Path, needed: Collection[str], delimiter: str = ",") -> list[Path]:
    """Return every CSV file of the folder that has these columns and a row; none is an error that says so."""
    found = [path for path in recordings(folder, "*.csv*") if set(needed) <= head(path, delimiter)]
    if not found:
        raise NoRecordings(f"{folder} holds no CSV file with the columns {', '.join(needed)} and a row under them")
    return found


def head(path: Path, delimiter: str = ",") -> set[str]:
    """Return the names of a file's columns, none when no row follows them."""
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as stream:
            lines = [line.decode("utf-8-sig", "replace") for line in itertools.islice(stream, 2)]
    except (OSError, EOFError, lzma.LZMAError) as fault:
        raise NoRecordings(f"{path} cannot be read: {fault}") from fault
    names, *rows = [*csv.reader(lines, delimiter=delimiter)] or [[]]
    return set(names) if rows else set()


def beside(path: Path, word: str, stem: str, end: str) -> Path:
    """Return the file `stem` that belongs to a recording: with the same begin and end around `word`, or the folder's.

    Of `a_levels_2.csv.xz` and the stem `events` these are `a_events_2`, `a_events` and `events`.
    """
    begin, _, rest = path.name.partition(word)
    tail = rest.partition(".")[0]
    names = [f"{begin}{stem}{tail}{end}", f"{begin}{stem}{end}", f"{stem}{tail}{end}", f"{stem}{end}"]
    found = [path.with_name(name + packed) for name in names for packed in (".xz", "")]
    for each in found:
        if each.is_file():
            return each
    raise NoRecordings(f"{path.parent} holds no {stem}{end} for {path.name}")


def text_of(path: Path) -> str:
    """Return the text of a file, plain or .xz, whatever its end says."""
    try:
        raw = path.read_bytes()
        return (lzma.decompress(raw) if raw.startswith(b"\xfd7zXZ") else raw).decode("utf-8-sig", "replace")
    except (OSError, lzma.LZMAError) as fault:
        raise NoRecordings(f"{path} cannot be read: {fault}") from fault


def columns(path: Path, delimiter: str = ",") -> dict[str, list[str]]:
    """Return a CSV file (plain or .xz) as text columns by the names of its header; rows of another width are left out.

    A file without a header has no columns.
    """
    table = [*csv.reader(io.StringIO(text_of(path)), delimiter=delimiter)]
    if not table:
        return {}
    names, *rows = table
    kept = [row for row in rows if len(row) == len(names)]
    return dict(zip(names, map(list, zip(*kept, strict=True)), strict=True)) if kept else {name: [] for name in names}


def numbers(column: Iterable[str]) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where there is none.

    >>> numbers(["1.5", "", "NA", " 2 "]).tolist()
    [1.5, nan, nan, 2.0]
    """
    cells = list(column)
    try:
        return np.array([float(each) if each.strip() else np.nan for each in cells], np.float64)
    except ValueError:
        return np.array([_number(each) for each in cells], np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def times_ns(column: list[str]) -> NDArray[np.int64]:
    """Return a column of ISO times, with or without a fraction, as nanoseconds; anything else is an error that says so.

    >>> times_ns(["1970-01-01 00:00:01"]).tolist()
    [1000000000]
    """
    try:
        time = np.array([text.strip() for text in column], "datetime64[ns]")
    except ValueError as fault:
        raise NoRecordings(f"a time is not written like 2026-01-31 08:00:00: {fault}") from fault
    if np.isnat(time).any():
        raise NoRecordings("a row has no time")
    return time.astype(np.int64)


def _is_table(path: Path) -> bool:
    return path.is_file() and path.name.endswith(_ENDS) and not path.name.startswith(".")
