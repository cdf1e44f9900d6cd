"""Recordings of ltown_sim: the pressures and inflows of a town with leaks, flushes and sensors that lie.

A recording has the events of `events.csv`, or of a file that is named like it (`a_scada_1.csv`, `a_events_1.csv`). The
first sixty days are clean: learned, not scored; what begins in them or after the end is not asked for. Places are pipes
of L-TOWN.inp, in the folder or in `battledim` beside it; without it alarms have no place.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.benchmarks.detection import ltown_scoring as counted
from tests.benchmarks.detection.ltown_watch import Watch
from tests.benchmarks.detection.pipe_network import Pipes, network_file
from tests.benchmarks.detection.recordings import beside, columns, head, holding, numbers, times_ns
from tests.benchmarks.detection.scores import NoRecordings, Scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

    Floats = NDArray[np.float64]

CLEAN_DAYS, MONTH_HOURS = 60, 730.0
FLOWS = ("p227", "p235", "PUMP_1")
REACH_METRES = 400.0
"""Pressure is taken to fall less and less around a leak, to a third within so far: a few streets."""
PLACE_METRES = 300.0
_HOUR_NS = 3_600_000_000_000


class Places:
    """Pipes told from which pressures fell: the one around which they fell as they would around a leak."""

    def __init__(self, pipes: Pipes, sensors: list[str]) -> None:
        self.apart = pipes.apart
        self._names, length = pipes.from_middles(sensors)
        self._shape = np.exp(-length / REACH_METRES)

    def place(self, departure: Floats) -> str | None:
        """Return the likeliest pipe, None when no two sensors are believed."""
        there = np.isfinite(departure)
        if there.sum() < 2:
            return None
        fall = -(departure[there] - departure[there].mean())
        shape = self._shape[:, there] - self._shape[:, there].mean(axis=1, keepdims=True)
        size = np.sqrt((shape**2).sum(axis=1))
        return self._names[int(((shape @ fall) / np.maximum(size, 1e-9)).argmax())]


class Verdict(NamedTuple):
    """What became of one recording."""

    events: list[counted.Event]
    """Those that are asked for."""
    leaks: counted.Leaks
    flushes: tuple[int, int]
    faults: tuple[int, int, int]
    sensor_months: float
    life_months: float
    free_months: float
    errors: list[float]
    """Metres between a found abrupt leak and the pipe said, of those with a place."""


def events(path: Path, start_ns: int) -> list[counted.Event]:
    """Return the events of a file in hours since the record's begin."""
    table = columns(path)
    hours = [((times_ns(table[name]) - start_ns) / _HOUR_NS).tolist() for name in ("start", "end", "peak")]
    return [counted.Event(*each) for each in zip(table["kind"], table["target"], *hours, strict=True)]


def watched(
    path: Path, places: Places | None, progress: Progress
) -> tuple[list[counted.Alarm], list[tuple[float, str]], Floats, int]:
    """Run one recording row by row: alarms, sensors named, hours, and when the recording began."""
    table = columns(path)
    sensors = pressures_of(table)
    time_ns = times_ns(table["timestamp"])
    hours, of_day = (time_ns - time_ns[0]) / _HOUR_NS, time_ns % (24 * _HOUR_NS) / _HOUR_NS
    pressures = np.stack([numbers(table[name]) for name in sensors], axis=1)
    flows = np.stack([numbers(table[name]) for name in FLOWS], axis=1)
    clean = int(np.searchsorted(hours, CLEAN_DAYS * 24.0))
    watch = Watch(of_day[:clean], pressures[:clean], flows[:clean])
    alarms, calls = [], []
    for row in range(clean, len(hours)):
        if row % 2_000 == 0:
            progress(path.name, row / len(hours))
        told = watch.take(float(of_day[row]), pressures[row], flows[row])
        if told.leak is not None:
            alarms.append(counted.Alarm(float(hours[row]), places.place(told.leak) if places else None))
        calls += [(float(hours[row]), sensors[sensor]) for sensor in told.faults]
    return alarms, calls, hours, int(time_ns[0])


def pressures_of(names: Iterable[str]) -> list[str]:
    """Return the columns of pressures, by their numbers.

    >>> pressures_of(["n54", "p227", "n4", "T1"])
    ['n4', 'n54']
    """
    return sorted((name for name in names if re.fullmatch(r"n\d+", name)), key=lambda name: int(name[1:]))


def _anywhere(one: str, other: str) -> float:
    return 0.0 if one == other else math.inf


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder."""
    files = holding(data, ("timestamp", *FLOWS))
    network = network_file(data)
    verdicts, lines = [], []
    for path in files:
        sensors = pressures_of(head(path))
        if not sensors:
            raise NoRecordings(f"{path} has no column of a pressure, n and a number")
        places = Places(Pipes.read(network), sensors) if network else None
        known = beside(path, "scada", "events", ".csv")
        alarms, calls, hours, start_ns = watched(path, places, progress)
        verdict = judged(
            events(known, start_ns), alarms, calls, (hours, len(sensors)), places.apart if places else _anywhere
        )
        verdicts.append(verdict)
        lines += told(path.name, verdict)
    progress("done", 1.0)
    return scored(verdicts, lines)


def judged(
    truth: list[counted.Event],
    alarms: Sequence[counted.Alarm],
    calls: Sequence[tuple[float, str]],
    record: tuple[Floats, int],
    apart: Callable[[str, str], float],
) -> Verdict:
    """Return what alarms and named sensors of a recording (its hours, and how many sensors) were worth."""
    hours, sensors = record
    alarms = counted.merged(alarms, apart)
    leaks = counted.leaks(truth, alarms, apart)
    errors = [
        apart(alarm.place, leak.target)
        for leak, alarm in leaks.found.items()
        if alarm.place is not None and leak.kind == "leak_abrupt"
    ]
    start = CLEAN_DAYS * 24.0
    end = max(float(hours[-1]), start)
    asked = [each for each in truth if start <= each.start <= end]
    free = counted.free_hours(truth, start, end)
    step = float(np.median(np.diff(hours)))
    rows = int((hours >= start).sum())
    return Verdict(
        asked,
        leaks,
        counted.flushes_raised(asked, alarms),
        counted.faults(asked, calls, truth),
        sensors * rows * step / MONTH_HOURS,
        (end - start - free) / MONTH_HOURS,
        free / MONTH_HOURS,
        errors,
    )


def told(name: str, verdict: Verdict) -> list[str]:
    """Return a line for each leak."""
    lines = []
    for leak in verdict.events:
        if leak.kind.startswith("leak"):
            alarm = verdict.leaks.found.get(leak)
            fate = f"after {alarm.hour - leak.start:.1f} h, at {alarm.place}" if alarm else "not found"
            lines.append(f"{name}: {leak.kind} {leak.target}: {fate}")
    return lines


def scored(verdicts: list[Verdict], lines: list[str]) -> Scores:
    """Return the scores of all recordings."""

    def found(kind: str, *, generous: bool) -> float:
        asked = [(verdict, leak) for verdict in verdicts for leak in verdict.events if leak.kind == kind]
        hits = [
            leak
            for verdict, leak in asked
            if leak in verdict.leaks.found and counted.in_time(leak, verdict.leaks.found[leak], generous=generous)
        ]
        return counted.ratio(len(hits), len(asked))

    errors = [error for verdict in verdicts for error in verdict.errors]
    values = {
        "abrupt_6h": found("leak_abrupt", generous=False),
        "abrupt_12h": found("leak_abrupt", generous=True),
        "incipient_third": found("leak_incipient", generous=False),
        "incipient_half": found("leak_incipient", generous=True),
        "flushes_raised": counted.ratio(
            sum(each.flushes[0] for each in verdicts), sum(each.flushes[1] for each in verdicts)
        ),
        "false_per_month": counted.ratio(
            sum(each.leaks.false for each in verdicts), sum(each.free_months for each in verdicts)
        ),
        "repeats_per_life_month": counted.ratio(
            sum(each.leaks.repeats for each in verdicts), sum(each.life_months for each in verdicts)
        ),
        "placed_within_300m": counted.ratio(sum(error <= PLACE_METRES for error in errors), len(errors)),
        "faults_named": counted.ratio(
            sum(each.faults[0] for each in verdicts), sum(each.faults[1] for each in verdicts)
        ),
        "false_calls_per_sensor_month": counted.ratio(
            sum(each.faults[2] for each in verdicts), sum(each.sensor_months for each in verdicts)
        ),
    }
    median = float(np.median(errors)) if errors else math.nan
    return Scores(values, lines=lines, beside={"metres to abrupt leaks, median": median})
