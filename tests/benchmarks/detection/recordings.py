"""Recordings as columns: compressed CSV in, arrays out. Knows no suite."""

from __future__ import annotations

import csv
import io
import lzma
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.detection.scores import NoRecordings


def recordings(folder: Path, pattern: str) -> list[Path]:
    """Return every file of the folder that fits the pattern, by name; none is an error that says so."""
    if not folder.is_dir():
        raise NoRecordings(f"{folder} is no folder; give --data the folder that holds {pattern}")
    found = sorted(folder.glob(pattern))
    if not found:
        raise NoRecordings(f"{folder} holds no {pattern}; give --data the folder that holds them")
    return found


def columns(path: Path, delimiter: str = ",") -> dict[str, list[str]]:
    """Return a CSV file (plain or .xz) as text columns by the names of its header."""
    raw = path.read_bytes()
    text = lzma.decompress(raw) if path.suffix == ".xz" else raw
    header, *rows = csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=delimiter)
    width = len(header)
    kept = zip(*(row for row in rows if len(row) == width), strict=True)
    return dict(zip(header, map(list, kept), strict=False)) if rows else {name: [] for name in header}


def numbers(column: list[str]) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where there is none."""
    return np.array([float(each) if each.strip() else np.nan for each in column])


def times_ns(column: list[str]) -> NDArray[np.int64]:
    """Return a column of ISO times, with or without a fraction, as nanoseconds."""
    return np.array(column, "datetime64[ns]").astype(np.int64)
