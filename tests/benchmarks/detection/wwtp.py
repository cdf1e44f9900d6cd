"""Recordings of wwtp: the hourly inflow of a treatment plant and the rain, the inflow foretold three hours ahead.

The forecast for an hour uses what was known three hours before; where there is none, persistence stands in (the value
of three hours ago). Judged are the hours whose value and whose value three hours ago are there, pooled over all files,
which are restarts. Hour of the day is an input, the date is not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.rain_level import Foreseeing, RainLevel
from tests.benchmarks.detection.recordings import columns, holding, numbers, times_ns
from tests.benchmarks.detection.scores import Scores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

AHEAD = 3
CONFIGURATION = Foreseeing(
    limit=1e4,
    span=1e4,
    slot_seconds=3_600.0,
    ahead=AHEAD,
    lags=3,
    memory_slots=1_440.0,
    warm_up_slots=96,
    beyond=0.5,
)
"""Three hours of past are about the time rain takes to the plant; two months of memory follow the season's wetness, and
four days are the first in which thirteen coefficients say anything. Sewers bound what a plant takes in: half of the
width seen so far beyond it, or the first heavy rain after dry weeks is foretold as ten times what comes. No limit
matters: only the forecast is read."""
_HOUR_NS = 3_600_000_000_000


class Errors(NamedTuple):
    """Squared errors of one recording, hour by hour judged."""

    forecast: NDArray[np.float64]
    persistence: NDArray[np.float64]


def members(time_ns: NDArray[np.int64], flow: NDArray[np.float64], rain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a forecast may use, hours by members: the first heavy rain runs off less than in proportion."""
    angle = 2.0 * math.pi * (time_ns // _HOUR_NS % 24) / 24.0
    return np.stack([flow, rain, np.sqrt(np.maximum(rain, 0.0)), np.cos(angle), np.sin(angle)], axis=1)


def foretold(time_ns: NDArray[np.int64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at each row the forecast for the hour that comes three hours later."""
    plant = RainLevel(table.shape[1], CONFIGURATION)
    forecasts = np.full(len(time_ns), np.nan)
    for row in range(len(time_ns)):
        plant.update(time_ns[row : row + 1], table[row : row + 1])
        forecasts[row] = plant.expected()[0]
    return forecasts


def errors(time_ns: NDArray[np.int64], flow: NDArray[np.float64], forecast: NDArray[np.float64]) -> Errors:
    """Return the squared errors; `forecast[row]` is for the hour three hours after the row's."""
    hour = time_ns // _HOUR_NS
    row = np.searchsorted(hour, hour - AHEAD)
    is_there = hour[np.minimum(row, len(hour) - 1)] == hour - AHEAD
    before = np.where(is_there, flow[row], np.nan)
    told = np.where(is_there, forecast[row], np.nan)
    judged = np.isfinite(flow) & np.isfinite(before)
    told = np.where(np.isfinite(told), told, before)
    return Errors(((told - flow) ** 2)[judged], ((before - flow) ** 2)[judged])


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder that has `time`, `flow` and `acc_precip`."""
    found = holding(data, ("time", "flow", "acc_precip"))
    every: list[Errors] = []
    lines = []
    for number, path in enumerate(found):
        progress(path.name, number / len(found))
        table = columns(path)
        time_ns, flow, rain = times_ns(table["time"]), numbers(table["flow"]), numbers(table["acc_precip"])
        off = errors(time_ns, flow, foretold(time_ns, members(time_ns, flow, rain)))
        every.append(off)
        ours, theirs = scored([off]).values["rmse"], scored([off]).values["rmse_persistence"]
        lines.append(f"{path.name}: {len(off.forecast)} hours, RMSE {ours:.1f}, persistence {theirs:.1f}")
    progress("done", 1.0)
    return scored(every, lines)


def scored(every: list[Errors], lines: list[str] | None = None) -> Scores:
    """Return the pooled scores; `skill` is 1 - squared error / squared error of persistence."""
    ours = np.concatenate([each.forecast for each in every]) if every else np.empty(0)
    theirs = np.concatenate([each.persistence for each in every]) if every else np.empty(0)
    rmse, persisting = _root_mean(ours), _root_mean(theirs)
    values = {"rmse": rmse, "rmse_persistence": persisting, "skill": 1.0 - (rmse / persisting) ** 2}
    published = [("persistence", {"rmse": persisting, "rmse_persistence": persisting, "skill": 0.0})]
    return Scores(values, published=published, lines=lines or [])


def _root_mean(squares: NDArray[np.float64]) -> float:
    return math.sqrt(float(squares.mean())) if squares.size else math.nan
