"""Recordings of bwdf: the hourly inflow of districts, to which leaks are added that nobody saw begin.

Each district is judged by its own inflow. The injected copies add a share of the district's median flow at 02-05 h for
five days, in every period of 21 days after the warm-up, from an hour of the period's first day drawn with seed 1. Found
= an alarm in [start, start + 24 h] and none there in the clean run; the clean run alone gives the false alarms.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.inflow import Inflows, Leak, Leaking
from tests.benchmarks.detection.recordings import columns, holding, numbers, times_ns
from tests.benchmarks.detection.scores import Mark, NoRecordings, Progress, Scores

MARKS = (
    Mark("recall15_24h", ">=", 0.5, 0.65),
    Mark("recall15_quiet_dmas", ">=", 0.75, 0.9),
    Mark("recall30_24h", ">=", 0.75, 0.85),
    Mark("false_mean", "<=", 1.0),
    Mark("false_worst", "<=", 2.0),
)
QUIET = ("dma2", "dma5", "dma7", "dma8", "dma10")
CONFIGURATION = Leaking((Leak(0.15, 5.0, 2.0), Leak(0.30, 9.0, 1.7)), least_hours=12, freeze=6.0)
"""Both sizes of leak are looked for. Evidence and `most` were weighed over stretches of nine and of twelve months of
the record at hand, not over the whole alone. Times are local."""
WARM_UP_HOURS, PERIOD_HOURS, LEAK_HOURS, WITHIN_HOURS, MERGE_HOURS = 60 * 24, 21 * 24, 5 * 24, 24, 24
SEED = 1
_HOUR_NS = 3_600_000_000_000
_MONTH_HOURS = 730.0
_TIME = "local_time"
_NIGHT = (2, 5)
_AT_ONCE = 64

Hours = NDArray[np.int64]
Floats = NDArray[np.float64]


class District(NamedTuple):
    """One column of one file, by the hour since the file's first."""

    name: str
    hour: Hours
    time_ns: NDArray[np.int64]
    flow: Floats


class Verdict(NamedTuple):
    """What became of one district."""

    name: str
    leaks: int
    found15: int
    found30: int
    false: int
    months: float


def read(path: Path) -> list[District]:
    """Return the districts of a file; of an hour that the clock shows twice the first value stands."""
    table = columns(path)
    time_ns = times_ns(table[_TIME])
    _, first = np.unique(time_ns // _HOUR_NS, return_index=True)
    time_ns = time_ns[first]
    hour = time_ns // _HOUR_NS - time_ns[0] // _HOUR_NS
    names = [name for name in table if name.startswith("dma")]
    return [
        District(name.removesuffix("_lps"), hour, time_ns, numbers(table[name])[first])
        for name in names
        if name.endswith("_lps")
    ]


def starts(hours: int, rng: np.random.Generator) -> list[int]:
    """Return the hours at which leaks begin: one in each whole period, with a day to spare for the random hour.

    >>> rng = np.random.default_rng(1)
    >>> [1440 + 504 * period <= start < 1464 + 504 * period for period, start in enumerate(starts(2_500, rng))]
    [True, True]
    """
    firsts = range(WARM_UP_HOURS, hours - LEAK_HOURS - 24, PERIOD_HOURS)
    return [first + int(rng.integers(0, 24)) for first in firsts]


def night_flow(district: District) -> float:
    """Return the median of the flow at 02-05 h."""
    of_day = district.time_ns // _HOUR_NS % 24
    night = district.flow[(of_day >= _NIGHT[0]) & (of_day < _NIGHT[1]) & np.isfinite(district.flow)]
    return float(np.median(night)) if night.size else math.nan


def injected(district: District, begins: list[int], share: float) -> Floats:
    """Return the flow with leaks of this share of the night flow."""
    leaks = sum((district.hour >= begin) & (district.hour < begin + LEAK_HOURS) for begin in begins)
    return district.flow + share * night_flow(district) * leaks


def alarms(hour: Hours, score: Floats) -> Hours:
    """Return the hours of counted alarms: rising edges after the warm-up, 24 h or more after the last counted one."""
    is_up = np.nan_to_num(score) >= 1.0
    rises = hour[is_up & ~np.concatenate(([False], is_up[:-1]))]
    counted: list[int] = []
    for rise in rises[rises >= WARM_UP_HOURS].tolist():
        if not counted or rise - counted[-1] >= MERGE_HOURS:
            counted.append(rise)
    return np.array(counted, np.int64)


def found(begins: list[int], clean: Hours, copy: Hours) -> int:
    """Return how many leaks were found: an alarm within a day that the clean run does not have."""

    def within(alarm: Hours, begin: int) -> bool:
        return bool(((alarm >= begin) & (alarm <= begin + WITHIN_HOURS)).any())

    return sum(within(copy, begin) and not within(clean, begin) for begin in begins)


def judged(districts: list[District], rng: np.random.Generator, progress: Progress) -> list[Verdict]:
    """Judge the districts of one file: the clean run and the two copies go side by side, each a member of its own."""
    begins = [starts(int(district.hour[-1]) + 1, rng) for district in districts]
    runs = [
        column
        for district, begin in zip(districts, begins, strict=True)
        for column in (district.flow, injected(district, begin, 0.15), injected(district, begin, 0.30))
    ]
    table, time_ns = np.stack(runs, axis=1), districts[0].time_ns
    detector = Inflows(len(runs), CONFIGURATION)
    cuts = np.array_split(np.arange(len(time_ns)), max(len(time_ns) // _AT_ONCE, 1))
    parts = []
    for number, cut in enumerate(cuts):
        progress("hours", number / len(cuts))
        parts.append(detector.judge(time_ns[cut], table[cut]))
    score = np.concatenate(parts)
    verdicts = []
    for number, (district, begin) in enumerate(zip(districts, begins, strict=True)):
        clean, small, large = (alarms(district.hour, score[:, 3 * number + copy]) for copy in range(3))
        small_found, large_found = found(begin, clean, small), found(begin, clean, large)
        valid = np.isfinite(district.flow) & (district.hour >= WARM_UP_HOURS)
        months = int(valid.sum()) / _MONTH_HOURS
        verdicts.append(Verdict(district.name, len(begin), small_found, large_found, len(clean), months))
    return verdicts


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder; districts of the same name in several files are districts of their own."""
    files = holding(data, (_TIME,))
    verdicts: list[Verdict] = []
    for number, path in enumerate(files):
        districts = read(path)
        if districts:

            def told(what: str, share: float, name: str = path.name, before: int = number) -> None:
                progress(f"{name}: {what}", (before + share) / len(files))

            verdicts += judged(districts, np.random.default_rng(SEED), told)
    if not verdicts:
        raise NoRecordings(f"{data} holds no CSV file with the columns {_TIME} and dma..._lps")
    progress("done", 1.0)
    return scored(verdicts)


def scored(verdicts: list[Verdict]) -> Scores:
    """Return the scores of all districts, and a line for each."""
    quiet = [each for each in verdicts if each.name in QUIET]
    false = [each.false / each.months for each in verdicts if each.months > 0]
    values = {
        "recall15_24h": _share([each.found15 for each in verdicts], verdicts),
        "recall15_quiet_dmas": _share([each.found15 for each in quiet], quiet),
        "recall30_24h": _share([each.found30 for each in verdicts], verdicts),
        "false_mean": sum(false) / len(false) if false else math.nan,
        "false_worst": max(false, default=math.nan),
    }
    lines = [
        f"{each.name}: 15 %: {each.found15} of {each.leaks}, 30 %: {each.found30} of {each.leaks}, "
        f"{each.false} false in {each.months:.1f} months"
        for each in verdicts
    ]
    return Scores(values, MARKS, lines=lines)


def _share(counts: list[int], verdicts: list[Verdict]) -> float:
    leaks = sum(each.leaks for each in verdicts)
    return sum(counts) / leaks if leaks else math.nan
