"""Recordings of the Numenta benchmark: single series with labelled windows, scored by its rules (profile standard).

Each file is a row of one bank, so that the rows of all files are fed side by side in time order; no row knows of
another. An alarm needs a score of 1 and no other alarm within the refractory time before it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.extremes import Extremes, Watching
from tests.benchmarks.detection.nab_scoring import Outcome, Windows, normalised, outcome
from tests.benchmarks.detection.recordings import columns, holding, numbers, times_ns
from tests.benchmarks.detection.scores import Mark, NoRecordings, Progress, Scores

MARKS = (Mark("standard", ">=", 57.0, 65.0),)
PUBLISHED = tuple(
    (name, {"standard": score})
    for name, score in (
        ("ARTime", 74.9),
        ("Numenta HTM", 70.5),
        ("CAD OSE", 69.9),
        ("earthgecko Skyline", 58.2),
        ("KNN CAD", 58.0),
        ("Relative Entropy", 54.6),
        ("Random Cut Forest", 51.7),
        ("Twitter ADVec", 47.1),
        ("Windowed Gaussian", 39.6),
        ("Etsy Skyline", 35.7),
        ("random", 11.0),
    )
)
"""All 58 files; numenta/NAB, README."""
LIMIT = 0.025
"""New by a fortieth of the band so far. The score is flat around it: from 0.018 to 0.04 it stays within four points."""
REFRACTORY_HOURS = 12.0
"""Half a day: what is new at noon is not told again before midnight."""
SHORT, MIDDLE, LONG = 12, 36, 144
"""Means over so many reporting periods: an hour, three and twelve of a channel that reports every five minutes."""
_HOUR_NS = 3_600_000_000_000
_SLICE = 200


def configuration(period_seconds: float) -> Watching:
    """Return how a channel of this reporting period is watched."""
    return Watching(
        limit=LIMIT,
        short_seconds=SHORT * period_seconds,
        middle_seconds=MIDDLE * period_seconds,
        long_seconds=LONG * period_seconds,
        look_seconds=period_seconds,
    )


class Series(NamedTuple):
    """One file."""

    name: str
    time_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    windows: Windows

    @property
    def period_seconds(self) -> float:
        """Return the reporting period, as an inventory would name it: the median step while nothing is scored yet."""
        steps = np.diff(self.time_ns[: max(self.windows.probation, 2)])
        return max(float(np.median(steps)) * 1e-9, 1.0)


def series(path: Path, labels: dict[str, list[list[str]]]) -> Series:
    """Read one file and its windows; a file that the labels do not name has none."""
    table = columns(path)
    time_ns = times_ns(table["timestamp"])
    name = path.name.removesuffix(".xz").replace("__", "/", 1)
    spans = []
    for first, last in labels.get(name, []):
        start_ns, end_ns = times_ns([first, last])
        inside = np.flatnonzero((time_ns >= start_ns) & (time_ns <= end_ns))
        if inside.size:
            spans.append((int(inside[0]), int(inside[-1])))
    return Series(name, time_ns, numbers(table["value"]), Windows(len(time_ns), spans))


def scores_of(files: list[Series], progress: Progress) -> list[NDArray[np.float64]]:
    """Return the score of each row of each file, fed in time order."""
    bank = Extremes([configuration(each.period_seconds) for each in files])
    scores = [np.full(len(each.value), np.nan) for each in files]
    longest = max(len(each.value) for each in files)
    for start in range(0, longest, _SLICE):
        parts = [(row, slice(start, start + _SLICE)) for row, each in enumerate(files) if len(each.value) > start]
        rows = np.concatenate([np.full(len(files[row].value[part]), row) for row, part in parts])
        time_ns = np.concatenate([files[row].time_ns[part] for row, part in parts])
        value = np.concatenate([files[row].value[part] for row, part in parts])
        got = bank.update(rows, time_ns, value)
        for row, part in parts:
            scores[row][part] = got[rows == row]
        progress("feeding rows", start / longest)
    return scores


def alarms(score: NDArray[np.float64], time_ns: NDArray[np.int64], threshold: float = 1.0) -> NDArray[np.intp]:
    """Return the rows that alarm; the refractory clock runs from the last one that did."""
    told: list[int] = []
    last_ns = None
    for row in np.flatnonzero(score >= threshold).tolist():
        if last_ns is None or time_ns[row] - last_ns >= REFRACTORY_HOURS * _HOUR_NS:
            told.append(row)
            last_ns = time_ns[row]
    return np.array(told, np.intp)


def run(data: Path, progress: Progress) -> Scores:
    """Score every series of the folder."""
    found = holding(data, ("timestamp", "value"))
    labels_path = data / "combined_windows.json"
    if not labels_path.is_file():
        raise NoRecordings(f"{data} holds no combined_windows.json, which names the anomalies")
    try:
        labels = json.loads(labels_path.read_text("utf-8"))
    except ValueError as fault:
        raise NoRecordings(f"{labels_path} is no JSON: {fault}") from fault
    files = [series(path, labels) for path in found]
    scores = scores_of(files, progress)
    outcomes = _judge(files, scores, 1.0)
    best = max(np.geomspace(0.3, 4.0, 40).tolist(), key=lambda one: normalised(_judge(files, scores, one)))
    lines = [
        f"{each.name}: raw {got.raw:+.2f}, found {got.found} of {got.windows}, {got.false} alarms outside"
        for each, got in zip(files, outcomes, strict=True)
    ]
    beside = {
        "best threshold": normalised(_judge(files, scores, best)),
        "windows": sum(one.windows for one in outcomes),
        "windows found": sum(one.found for one in outcomes),
        "alarms outside": sum(one.false for one in outcomes),
    }
    return Scores({"standard": normalised(outcomes)}, MARKS, PUBLISHED, lines, beside)


def _judge(files: list[Series], scores: list[NDArray[np.float64]], threshold: float) -> list[Outcome]:
    return [
        outcome(each.windows, alarms(score, each.time_ns, threshold)) for each, score in zip(files, scores, strict=True)
    ]
