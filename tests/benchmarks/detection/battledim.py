"""Recordings of battledim: two inflows and a pump of a town in which leaks begin, some small, none told from pressures.

Judged is detection only: the 33 pressures are not at hand, so nothing can be placed and no money is counted. Leaks that
start in the record, oldest first, are found by an alarm in [start, start + 7 d]; every other alarm is false. Repeats
within 24 h of the last counted alarm are joined.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.inflow import Inflows, Leak, Leaking
from tests.benchmarks.detection.recordings import columns, holding, numbers, recordings, times_ns
from tests.benchmarks.detection.scores import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

    Floats = NDArray[np.float64]

PUBLISHED = tuple(
    (f"{name} (33 pressures, whole 2019)", {"found": found, "false": float(false)})
    for name, found, false in (
        ("Tongji-Team", 0.5652, 3),
        ("Under Pressure", 0.6522, 4),
        ("IRI", 0.4347, 1),
        ("Leakbusters (LILA)", 0.4783, 7),
        ("Tsinghua", 0.4783, 5),
        ("UNIFE", 0.4347, 4),
    )
)
"""True positives and false ones of the competition of 2020, Zenodo 4139603: placed within 300 m, by pressures."""
CONFIGURATION = Leaking((Leak(0.12, 20.0),), least_hours=12, freeze=6.0, freeze_hours=336)
"""Leaks of an eighth of the night flow, about 12 m3/h, are what a day's inflow shows; a smaller share also takes demand
that wanders for leaks. They last for weeks, so only after two weeks is a new level held for ordinary."""
INFLOWS, PUMP = ("p227", "p235"), "PUMP_1"
"""The pump fills the tank of a zone of its own by turns: what is left is what the main zone takes."""
WITHIN_HOURS, MERGE_HOURS, MONTH_HOURS = 7 * 24, 24, 730.0
_HOUR_NS = 3_600_000_000_000


class Verdict(NamedTuple):
    """What became of one recording."""

    delays: dict[str, float]
    """Hours from the start of a leak to its alarm, of those found."""
    leaks: int
    false: int
    months: float


def hourly(time_ns: NDArray[np.int64], flow: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return hours since 1970 and their mean flow, NaN where nothing was measured."""
    hours, first = np.unique(time_ns // _HOUR_NS, return_index=True)
    there = np.isfinite(flow)
    total = np.add.reduceat(np.where(there, flow, 0.0), first)
    count = np.add.reduceat(there.astype(np.int64), first)
    return hours, np.where(count > 0, total / np.maximum(count, 1), np.nan)


def alarms(hours: NDArray[np.int64], score: Floats) -> list[int]:
    """Return the hours of counted alarms."""
    is_up = np.nan_to_num(score) >= 1.0
    counted: list[int] = []
    for hour in hours[is_up & ~np.concatenate(([False], is_up[:-1]))].tolist():
        if not counted or hour - counted[-1] >= MERGE_HOURS:
            counted.append(hour)
    return counted


def judge(leaks: Sequence[tuple[str, float]], counted: Sequence[float], months: float) -> Verdict:
    """Give every alarm to the oldest leak (pipe, hour of its start) that it finds."""
    delays: dict[str, float] = {}
    false = 0
    for hour in counted:
        hit = [(start, pipe) for pipe, start in leaks if pipe not in delays and start <= hour <= start + WITHIN_HOURS]
        if hit:
            start, pipe = min(hit)
            delays[pipe] = hour - start
        else:
            false += 1
    return Verdict(delays, len(leaks), false, months)


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder."""
    files = holding(data, ("Timestamp", *INFLOWS, PUMP))
    table = columns(recordings(data, "leak_events.csv*")[0])
    starts = (times_ns(table["start"]) / _HOUR_NS).tolist()
    verdicts, lines = [], []
    for number, path in enumerate(files):
        progress(path.name, number / len(files))
        record = columns(path)
        flow = sum(numbers(record[name]) for name in INFLOWS) - numbers(record[PUMP])
        hours, mean = hourly(times_ns(record["Timestamp"]), flow)
        score = Inflows(1, CONFIGURATION).update(hours * _HOUR_NS, mean[:, None])
        begun = [
            (pipe, start) for pipe, start in zip(table["linkID"], starts, strict=True) if hours[0] <= start <= hours[-1]
        ]
        # An hour's mean is known at its end.
        counted = [hour + 1.0 for hour in alarms(hours, score)]
        verdicts.append(judge(begun, counted, float(np.isfinite(mean).sum()) / MONTH_HOURS))
        late = {pipe: round(delay) for pipe, delay in verdicts[-1].delays.items()}
        lines.append(f"{path.name}: {len(late)} of {len(begun)} leaks, hours after {late}, {verdicts[-1].false} false")
    progress("done", 1.0)
    return scored(verdicts, lines)


def scored(verdicts: Sequence[Verdict], lines: Sequence[str]) -> Scores:
    """Return the scores of all recordings."""
    leaks, months = sum(each.leaks for each in verdicts), sum(each.months for each in verdicts)
    delays = [delay for each in verdicts for delay in each.delays.values()]
    false = sum(each.false for each in verdicts)
    values = {
        "found": len(delays) / leaks if leaks else math.nan,
        "delay_hours_median": float(np.median(delays)) if delays else math.nan,
        "false": float(false),
        "false_per_month": false / months if months else math.nan,
    }
    return Scores(values, published=PUBLISHED, lines=lines)
