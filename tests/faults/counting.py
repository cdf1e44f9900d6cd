"""Counts what was lost, doubled or changed between those who sent and those who keep."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from gateway.health import Health
from gateway.history import History
from gateway.settings import HistorySettings
from simulators.servers.victoria_metrics import VictoriaMetrics
from tests.faults.line import Answer
from tests.faults.publisher import Points
from tests.faults.score import Score

_MS = 1_000_000
_SHOWN_SECONDS, _LOOK_SECONDS = 20.0, 0.5

Rows = dict[str, list[tuple[int, float]]]
"""Channel → (time in ns, value), going up."""


def in_history(state: Path, point: str) -> Rows:
    """Return what the history of a stopped gateway holds of all channels of a point."""
    history = History.open(state / "history", settings=HistorySettings(), health=Health())
    try:
        rows = {}
        for channel, number in history.channels().items():
            if channel.endswith(f".{point}"):
                columns = history.read(number, 0, 2**62)
                rows[channel] = list(zip(columns.time_ns.tolist(), columns.value.tolist(), strict=True))
        return rows
    finally:
        history.close()


def in_sink(database: VictoriaMetrics, metric: str, least: int = 0) -> Rows:
    """Return what the database holds once it shows so many points, or after a while; it keeps milliseconds, 15 digits.

    VictoriaMetrics shows what it has taken some seconds later.
    """
    end = time.monotonic() + _SHOWN_SECONDS
    held = database.points(metric)
    while sum(map(len, held.values())) < least and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
        held = database.points(metric)
    return {channel: [(ms * _MS, value) for ms, value in sorted(points.items())] for channel, points in held.items()}


def against_published(name: str, rows: Rows, acked: Points, published: Mapping[tuple[str, int], float]) -> Score:
    """Compare what is kept with what was published; `acked` must be there, nothing else than `published` may."""
    duplicated = wrong_value = wrong_time = 0
    seen: set[tuple[str, int]] = set()
    for channel, kept in rows.items():
        for time_ns, value in kept:
            key = channel, time_ns // _MS
            if key not in published:
                wrong_time += 1
            elif key in seen or time_ns % _MS:
                duplicated += 1
            elif not np.isclose(value, published[key], rtol=1e-14, atol=0):
                wrong_value += 1
            seen.add(key)
    return Score(name, len(acked), len(acked.keys() - seen), duplicated, wrong_value, wrong_time)


def against_answers(
    name: str, rows: Rows, answers: Iterable[Answer], *, required: Iterable[Answer], slack_seconds: float = 1.0
) -> Score:
    """Compare what is kept with what the units answered: each value once, at the time of its answer."""
    by_unit: dict[int, dict[float, Answer]] = defaultdict(dict)
    for answer in answers:
        by_unit[answer.unit][_printed(answer.value)] = answer
    required = list(required)
    duplicated = wrong_value = wrong_time = 0
    seen: set[tuple[int, float]] = set()
    for channel, kept in rows.items():
        unit = int(channel.split(".")[0].removeprefix("P-"))
        for time_ns, value in kept:
            found = _printed(value * 10.0)
            if found not in by_unit[unit]:
                wrong_value += 1
                continue
            answer = by_unit[unit][found]
            duplicated += (unit, answer.value) in seen
            wrong_time += abs(time_ns - answer.time_ns) > slack_seconds * 1e9
            seen.add((unit, answer.value))
    lost = sum((answer.unit, answer.value) not in seen for answer in required)
    return Score(name, len(required), lost, duplicated, wrong_value, wrong_time)


def _printed(bar: float) -> float:
    # The gateway keeps MPa; a multiplication by ten back and forth costs the last digits.
    return round(bar, 9)
