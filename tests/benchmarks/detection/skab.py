"""Recordings of SKAB: a water loop of eight sensors on which valves close, rotors shake and leaks open.

Every file is a restart; its first 400 rows are warm-up. A file's score at a row is the largest of its sensors'. FAR and
MAR are pooled over the later rows; an onset is an alarm within 60 s after an anomalous stretch starts.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.departure import Departing, Departures
from tests.benchmarks.detection.recordings import columns, holding, numbers, times_ns
from tests.benchmarks.detection.scores import Mark, Progress, Scores

MARKS = (
    Mark("far_at_mar28", "<=", 15.0, 12.0),
    Mark("far", "<=", 17.0),
    Mark("mar", "<=", 28.0),
    Mark("onset_recall", ">=", 0.65),
    Mark("onset_false_per_hour", "<=", 1.0),
)
PUBLISHED = tuple(
    (name, {"far": far, "mar": mar})
    for name, far, mar in (
        ("Conv-AE", 13.55, 28.02),
        ("MSET", 39.73, 14.13),
        ("T2+Q PCA", 26.62, 24.92),
        ("LSTM-AE", 29.96, 25.92),
        ("T2", 19.21, 42.6),
        ("LSTM-VAE", 9.13, 55.03),
        ("Isolation forest", 2.56, 82.89),
    )
)
"""All 34 files; waico/SKAB, README."""
FLOW = "Volume Flow RateRMS"
FLOW_LIMIT, OTHER_LIMIT = 3.45, 13.8
"""The flow is what valves, leaks and air act on at once; temperatures, currents and housings wander for reasons of
their own and count only when they go four times as far. At 3.45 ordinary departures FAR and MAR are alike sure of
their marks over halves of the files."""
ONSET = 1.77
"""Beginnings are told at six ordinary departures, once: a false alarm costs more than a few seconds."""
ONSET_REFRACTORY_SECONDS = 120.0
WARM_UP_ROWS, ONSET_SECONDS, AFTER_SECONDS = 400, 60.0, 120.0
_LABELS = ("datetime", "anomaly", "changepoint")
_MAR = 0.28


def configuration(sensor: str) -> Departing:
    """Return how a sensor is watched: the rig answers within ten seconds and wanders within a quarter of an hour."""
    return Departing(
        limit=FLOW_LIMIT if sensor == FLOW else OTHER_LIMIT,
        short_seconds=10.0,
        tau_seconds=1_000.0,
        warm_up_seconds=395.0,
        gate=4.0,
        slow=0.3,
        look_seconds=2.0,
    )


class Run(NamedTuple):
    """One file: times in seconds, labels, and the score of each row."""

    name: str
    seconds: NDArray[np.float64]
    is_anomalous: NDArray[np.bool_]
    score: NDArray[np.float64]


class Onsets(NamedTuple):
    """How the beginnings of anomalous stretches were told."""

    found: int
    stretches: int
    false: int
    hours: float


def read(path: Path) -> Run:
    """Read one file and score its rows in time order; NaN scores count as 0: nothing was said."""
    table = columns(path, ";")
    time_ns = times_ns(table["datetime"])
    names = [name for name in table if name not in _LABELS]
    bank = Departures([configuration(name) for name in names])
    value = np.stack([numbers(table[name]) for name in names], axis=1)
    rows = np.tile(np.arange(len(names)), len(time_ns))
    score = np.nan_to_num(bank.update(rows, np.repeat(time_ns, len(names)), value.reshape(-1)))
    labels = numbers(table["anomaly"]) if "anomaly" in table else np.zeros(len(time_ns))
    return Run(
        path.name, np.multiply(time_ns, 1e-9, dtype=np.float64), labels > 0, score.reshape(value.shape).max(axis=1)
    )


def pooled(runs: list[Run]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores and labels of all rows after the warm-up."""
    score = np.concatenate([run.score[WARM_UP_ROWS:] for run in runs])
    return score, np.concatenate([run.is_anomalous[WARM_UP_ROWS:] for run in runs])


def rates(score: NDArray[np.float64], is_anomalous: NDArray[np.bool_], threshold: float) -> tuple[float, float]:
    """Return FAR and MAR in percent."""
    return _percent(score[~is_anomalous] >= threshold), _percent(score[is_anomalous] < threshold)


def _percent(share: NDArray[np.bool_]) -> float:
    return 100.0 * float(share.mean()) if share.size else math.nan


def far_at_mar(score: NDArray[np.float64], is_anomalous: NDArray[np.bool_], mar: float = _MAR) -> float:
    """Return the FAR in percent at the threshold that misses this share of the anomalous rows."""
    if not is_anomalous.any():
        return math.nan
    return rates(score, is_anomalous, float(np.quantile(score[is_anomalous], mar)))[0]


def onsets(run: Run) -> Onsets:
    """Judge one file's onset alarms: rising edges, one per refractory time, after the warm-up."""
    seconds, is_anomalous = run.seconds, run.is_anomalous
    is_up = run.score >= ONSET
    edges = np.flatnonzero(is_up & ~np.concatenate(([False], is_up[:-1])))
    told: list[int] = []
    for row in edges[edges >= WARM_UP_ROWS].tolist():
        if not told or seconds[row] - seconds[told[-1]] >= ONSET_REFRACTORY_SECONDS:
            told.append(row)
    at = seconds[told]
    before = np.concatenate(([False], is_anomalous[:-1]))
    starts = np.flatnonzero(is_anomalous & ~before)
    ends = np.flatnonzero(~is_anomalous & before)
    starts = starts[starts >= WARM_UP_ROWS]
    found = sum(bool(((at >= seconds[start]) & (at <= seconds[start] + ONSET_SECONDS)).any()) for start in starts)
    is_judged = ~is_anomalous & (np.arange(len(seconds)) >= WARM_UP_ROWS)
    for end in ends:
        is_judged &= ~((seconds >= seconds[end]) & (seconds < seconds[end] + AFTER_SECONDS))
    steps = np.diff(seconds, append=seconds[-1:] + 1.0)
    hours = float(np.median(steps)) * int(is_judged.sum()) / 3_600.0
    return Onsets(found, len(starts), int(is_judged[told].sum()), hours)


def run(data: Path, progress: Progress) -> Scores:
    """Score every file of the folder."""
    found = holding(data, ("datetime", FLOW), ";")
    runs = []
    for number, path in enumerate(found):
        progress(path.name, number / len(found))
        runs.append(read(path))
    score, is_anomalous = pooled(runs)
    far, mar = rates(score, is_anomalous, 1.0)
    judged = [onsets(each) for each in runs]
    stretches, hours = sum(one.stretches for one in judged), sum(one.hours for one in judged)
    values = {
        "far_at_mar28": far_at_mar(score, is_anomalous),
        "far": far,
        "mar": mar,
        "onset_recall": sum(one.found for one in judged) / stretches if stretches else math.nan,
        "onset_false_per_hour": sum(one.false for one in judged) / hours if hours else math.nan,
    }
    return Scores(values, MARKS, PUBLISHED, [_line(*each) for each in zip(runs, judged, strict=True)], _beside(runs))


def _beside(runs: list[Run]) -> dict[str, float]:
    """Return the same over files that hold an anomaly: a long quiet file flatters the pooled FAR."""
    score, is_anomalous = pooled([run for run in runs if run.is_anomalous.any()] or runs)
    far, mar = rates(score, is_anomalous, 1.0)
    return {"files with anomalies: far_at_mar28": far_at_mar(score, is_anomalous), "... far": far, "... mar": mar}


def _line(run: Run, judged: Onsets) -> str:
    far, mar = rates(run.score[WARM_UP_ROWS:], run.is_anomalous[WARM_UP_ROWS:], 1.0)
    told = f"onsets {judged.found} of {judged.stretches}, {judged.false} false in {judged.hours:.2f} h"
    return f"{run.name}: FAR {far:.1f} %, MAR {mar:.1f} %, {told}"
