"""Recordings of npw_sim: pressure waves in a main, a hundred times a second, of bursts and of what resembles them.

Each episode is a restart. Right = an alarm in [t0 - 0.05, t0 + 10] s of a burst; every other alarm in a burst's episode
is extra; any other kind of episode is raised once at most. The error of place is that of the first right alarm, 1,500 m
without a place; median and 90 % are over the found. Where the sensors stand is told by the names of their columns.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.arrival import Arrival, Arriving
from tests.benchmarks.detection.recordings import columns, holding, numbers, recordings
from tests.benchmarks.detection.scores import NoRecordings, Scores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

    Floats = NDArray[np.float64]

SPEED, CLOCK, SPEED_SHARE = 1_000.0, 0.006, 0.017
"""The nominal wave speed; clocks within 10 ms and speeds within 3 % of it are sigmas of 6 ms and 1.7 %."""
EARLY, LATE, NOWHERE = 0.05, 10.0, 1_500.0
_HEAD = re.compile(r"h_(\d+(?:\.\d+)?)m")


def configuration(positions: tuple[float, ...]) -> Arriving:
    """Return the one configuration: fronts of bursts last up to 0.25 s, so a rise of 0.4 s holds all of one.

    Valves and pumps take 0.4 s or more, of which that rise holds less than four fifths once the means are taken. Five
    sigmas of ordinary changes pass once in an hour at one sensor by chance; more than half of the sensors must see it.
    """
    return Arriving(positions, speed=SPEED, speed_share=SPEED_SHARE, clock_seconds=CLOCK)


class Episode(NamedTuple):
    """What was truly so."""

    kind: str
    t0: float
    position: float


class Verdict(NamedTuple):
    """What became of one episode."""

    kind: str
    right: bool
    extra: int
    error: float
    delay: float


def judge(truth: Episode, alarms: list[tuple[float, float]]) -> Verdict:
    """Return what the alarms (second, place) of an episode were worth."""
    if truth.kind != "burst":
        return Verdict(truth.kind, right=False, extra=min(len(alarms), 1), error=math.nan, delay=math.nan)
    right = [alarm for alarm in alarms if truth.t0 - EARLY <= alarm[0] <= truth.t0 + LATE]
    extra = len(alarms) - min(len(right), 1)
    if not right:
        return Verdict(truth.kind, right=False, extra=extra, error=math.nan, delay=math.nan)
    moment, place = right[0]
    error = NOWHERE if math.isnan(place) else abs(place - truth.position)
    return Verdict(truth.kind, right=True, extra=extra, error=error, delay=moment - truth.t0)


def alarms_of(seconds: Floats, heads: Floats, positions: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return when alarms rose, and where the burst was said to be, a tenth of a second of samples at a time."""
    main = Arrival(len(positions), configuration(positions))
    time_ns = np.round(seconds * 1e9).astype(np.int64)
    is_up, found = False, []
    for first in range(0, len(seconds), 10):
        part = slice(first, first + 10)
        score = np.nan_to_num(main.update(time_ns[part], heads[part]))
        for moment, value in zip(seconds[part].tolist(), score.tolist(), strict=True):
            if value >= 1.0 and not is_up:
                found.append((moment, main.source().position))
            is_up = value >= 1.0
    return found


def truths(data: Path) -> dict[str, Episode]:
    """Return what was so in every episode that the folder tells of."""
    table = columns(recordings(data, "events.csv*")[0])
    rows = zip(table["episode"], table["kind"], numbers(table["t0_s"]), numbers(table["position_m"]), strict=True)
    return {episode: Episode(kind, float(t0), float(position)) for episode, kind, t0, position in rows}


def run(data: Path, progress: Progress) -> Scores:
    """Score every episode of every recording of the folder."""
    known = truths(data)
    found = holding(data, ("episode", "t_s"))
    verdicts: list[Verdict] = []
    for path in found:
        table = columns(path)
        heads = sorted((float(match[1]), name) for name in table if (match := _HEAD.fullmatch(name)))
        if not heads:
            continue
        seconds, episode = numbers(table["t_s"]), np.array(table["episode"])
        values = np.stack([numbers(table[name]) for _, name in heads], axis=1)
        starts = np.flatnonzero(np.concatenate(([True], episode[1:] != episode[:-1])))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(episode)], strict=True):
            progress(f"{path.name}: episode {episode[start]}", start / len(episode))
            truth = known.get(str(episode[start]))
            if truth is not None:
                alarms = alarms_of(seconds[start:end], values[start:end], tuple(position for position, _ in heads))
                verdicts.append(judge(truth, alarms))
    if not verdicts:
        raise NoRecordings(f"{data} holds no file with the columns episode, t_s and h_...m")
    progress("done", 1.0)
    return scored(verdicts)


def scored(verdicts: list[Verdict]) -> Scores:
    """Return the scores, and a line for each kind."""
    bursts = [each for each in verdicts if each.kind == "burst"]
    decoys = [each for each in verdicts if each.kind != "burst"]
    right = [each for each in bursts if each.right]
    errors, delays = np.array([each.error for each in right]), np.array([each.delay for each in right])
    values = {
        "found": len(right) / len(bursts) if bursts else math.nan,
        "extra": float(sum(each.extra for each in bursts)),
        "decoys_raised": sum(each.extra for each in decoys) / len(decoys) if decoys else math.nan,
        "error_m_median": float(np.median(errors)) if errors.size else math.nan,
        "error_m_90": float(np.quantile(errors, 0.9)) if errors.size else math.nan,
        "delay_s_median": float(np.median(delays)) if delays.size else math.nan,
    }
    lines = []
    for kind in sorted({each.kind for each in verdicts}):
        own = [each for each in verdicts if each.kind == kind]
        told = sum(each.right for each in own) if kind == "burst" else sum(each.extra for each in own)
        lines.append(f"{kind}: {told} of {len(own)} {'found' if kind == 'burst' else 'raised'}")
    published = [("WaterWiSe@SG, a live network, 2013", {"error_m_median": 37.5})]
    return Scores(values, published=published, lines=lines)
