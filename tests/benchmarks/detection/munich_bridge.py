"""Recordings of munich_bridge: a support is lowered under a bridge that lorries cross and park on.

Truth: b = median of the first 30 s, T5 = from when the 2 s median stays >= 5 um/m off b to the end of a `lowering*`
recording. A warning must rise in [T5 - 30, T5 + 10] s and be latched in T5 + 150 to 240 s; no other recording may
latch. Strain columns are told by their unit; a file's name says what it is to the judge, never to the detector.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.steps import Stepping, Steps
from tests.benchmarks.detection.recordings import columns, head, numbers, recordings, times_ns
from tests.benchmarks.detection.scores import Mark, NoRecordings, Progress, Scores

MARKS = (
    Mark("warned_in_10s", ">=", 1.0),
    Mark("latched", ">=", 1.0),
    Mark("loads_latched", "<=", 0.0),
)
CONFIGURATION = Stepping(step=5.0, back=0.6, window_seconds=2.0, warm_up_seconds=30.0, latch_seconds=190.0)
"""The step is the one that the marks name. Loads park for 110-140 s and a latch may come 150 to 240 s after the step:
190 s stands in the middle of what is left when a warning comes up to 30 s early. Back under 3 um/m the load has gone:
the base wanders by 1-2 um/m within ten minutes, and nothing that parks here moves less than 5."""

_STRAIN = "um/m"
_OFF, _EARLY, _LATE, _LATCH = 5.0, 30.0, 10.0, (150.0, 240.0)
_FIRST_SECONDS, _MEDIAN_SECONDS = 30.0, 2.0


class Verdict(NamedTuple):
    """What became of one lowering."""

    warned: bool
    latched: bool


def lowered_at(seconds: NDArray[np.float64], strain: NDArray[np.float64]) -> float:
    """Return T5 in seconds, NaN when the strain does not stay off."""
    base = float(np.median(strain[seconds < seconds[0] + _FIRST_SECONDS]))
    starts = np.searchsorted(seconds, seconds - _MEDIAN_SECONDS, side="right")
    is_off = [abs(float(np.median(strain[start : end + 1])) - base) >= _OFF for end, start in enumerate(starts)]
    back = np.flatnonzero(~np.array(is_off))
    first = int(back[-1]) + 1 if back.size else 0
    return float(seconds[first]) if first < len(seconds) else math.nan


def judge(lowered: float, rises: NDArray[np.float64], latches: NDArray[np.float64]) -> Verdict:
    """Return whether a warning rose in time, and whether the first latch came neither early nor late."""
    warned = bool(((rises >= lowered - _EARLY) & (rises <= lowered + _LATE)).any())
    latched = bool(latches.size) and lowered + _LATCH[0] <= float(latches[0]) <= lowered + _LATCH[1]
    return Verdict(warned, latched)


def edges(seconds: NDArray[np.float64], is_up: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the moments at which it goes up."""
    before = np.concatenate(([False], is_up[:-1]))
    return seconds[is_up & ~before]


def strains(names: Iterable[str]) -> list[str]:
    """Return the columns that hold strain.

    >>> strains(["time", "DMS_CN (um/m)", "FRC-01 [kN]"])
    ['DMS_CN (um/m)']
    """
    return [name for name in names if _STRAIN in name]


def run(data: Path, progress: Progress) -> Scores:
    """Score every strain recording of the folder."""
    found = [path for path in recordings(data, "*.csv*") if strains(head(path))]
    if not found:
        raise NoRecordings(f"{data} holds no CSV file with the columns time and one in {_STRAIN}")
    lowerings: list[Verdict] = []
    loads_latched = withdrawn = 0
    lines = []
    for number, path in enumerate(found):
        progress(path.name, number / len(found))
        table = columns(path)
        for name in strains(table):
            value, time_ns = numbers(table[name]), times_ns(table["time"])
            seconds = (time_ns - time_ns[0]) * 1e-9
            score = Steps([CONFIGURATION]).update(np.zeros(len(value), np.intp), time_ns, value)
            score = np.nan_to_num(score)
            rises, latches = edges(seconds, score >= 1.0), edges(seconds, score >= 2.0)
            is_lowering = path.name.startswith("lowering")
            lowered = lowered_at(seconds, value) if is_lowering else math.nan
            told = (
                f"{path.name} {name}: warned at {rises.round(1).tolist()} s, latched at {latches.round(1).tolist()} s"
            )
            if math.isnan(lowered):
                loads_latched += len(latches)
                lines.append(f"{told}; {'does not stay off' if is_lowering else 'no lowering'}")
                continue
            lowerings.append(judge(lowered, rises, latches))
            falls = edges(seconds, score < 1.0)
            withdrawn += int((falls > lowered).sum())
            lines.append(f"{told}; lowered at {lowered:.1f} s: {lowerings[-1]}")
    progress("done", 1.0)
    values = {
        "warned_in_10s": _share([verdict.warned for verdict in lowerings]),
        "latched": _share([verdict.latched for verdict in lowerings]),
        "loads_latched": float(loads_latched),
    }
    return Scores(values, MARKS, lines=lines, beside={"lowerings": len(lowerings), "warnings withdrawn": withdrawn})


def _share(verdicts: list[bool]) -> float:
    return sum(verdicts) / len(verdicts) if verdicts else math.nan
