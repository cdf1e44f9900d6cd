"""Recordings of methane_release: laser beams across a field on which methane is let out of a cylinder.

A slot is 5 s. Truth, from the whole recording: a beam is enhanced while its 60 s median is over its own 10 % quantile +
0.3 ppmv; an event is two beams or more enhanced for 3 min or more, joined over 30 min. It is found by an alarm in
[start - 3, start + 10] min, raised in time by one in [start - 3, start + 3] min. An alarm while no beam is enhanced and
no cylinder lost mass within 3 min is false. The detector knows the readings up to now only, and no mass.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.level import Learning
from detectors.quantiles import Quantiles
from tests.benchmarks.detection.recordings import columns, holding, numbers, times_ns
from tests.benchmarks.detection.scores import Scores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

SLOT, MEDIAN, ENHANCED, BEAMS = 5.0, 60.0, 0.3, 2
LEAST_EVENT, JOIN, EARLY, LATE, PROMPT, NEAR_MASS, MERGE = 180.0, 1_800.0, 180.0, 600.0, 180.0, 180.0, 300.0
CONFIGURATION = Learning(tau_seconds=4 * 3_600.0, warm_up_seconds=240.0, look_seconds=SLOT, least_scale=0.02)
"""Gas comes in whiffs that last minutes and a release lasts an hour: the low quantile of four hours is the air without.
Four minutes are the least in which there is a background at all; 0.02 ppmv is what the lasers scatter by."""
LOW = 0.1
EXCESS, HOLD, CLEAR = 0.3, 60.0, 300.0
"""The rise looked for is the one that the truth names; two beams must show it for a minute, which noise and the error
of one do not, and five minutes without end the alarm: whiffs of one release come minutes apart."""
LEAST_PPMV, MOST_PPMV = 1.0, 1_000.0
"""Open air holds nearly 2 ppmv: a retrieval beyond these bounds is none."""
_MONTH_SECONDS = 730.0 * 3_600.0


class Slots(NamedTuple):
    """One recording on its slots: 60 s medians, slots by beams."""

    seconds: Floats
    median: Floats


class Verdict(NamedTuple):
    """What became of one recording."""

    delays: list[float]
    """Seconds from an event's start to its alarm, of those found."""
    events: int
    prompt: int
    false: int
    quiet_seconds: float


def slots(seconds: Floats, beam: list[str], value: Floats) -> Slots:
    """Return the medians of the last 60 s at every slot; NaN where a beam was not read."""
    ends = np.arange(seconds[0] + MEDIAN, seconds[-1] + SLOT, SLOT)
    names = np.array(beam)
    medians = np.full((len(ends), len(set(beam))), np.nan)
    for column, name in enumerate(sorted(set(beam))):
        own = (names == name) & (value >= LEAST_PPMV) & (value <= MOST_PPMV)
        times, values = seconds[own], value[own]
        firsts = np.searchsorted(times, ends - MEDIAN, side="right")
        lasts = np.searchsorted(times, ends, side="right")
        for slot, (first, last) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True)):
            if last > first:
                medians[slot, column] = np.median(values[first:last])
    return Slots(ends, medians)


def enhanced(median: Floats) -> Bools:
    """Return whether each beam stands over its own low quantile of the whole recording."""
    with np.errstate(all="ignore"):
        base = np.array(
            [np.quantile(each[np.isfinite(each)], LOW) if np.isfinite(each).any() else np.inf for each in median.T]
        )
    return np.nan_to_num(median, nan=-np.inf) > base + ENHANCED


def events(seconds: Floats, is_enhanced: Bools) -> list[tuple[float, float]]:
    """Return start and end of every event."""
    is_on = np.concatenate(([False], is_enhanced.sum(axis=1) >= BEAMS, [False]))
    edges = np.flatnonzero(is_on[1:] != is_on[:-1])
    joined: list[tuple[float, float]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, end = float(seconds[first]), float(seconds[last - 1])
        if end - start + SLOT < LEAST_EVENT:
            continue
        if joined and start - joined[-1][1] <= JOIN:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def losing(seconds: Floats, cylinder: tuple[Floats, Floats]) -> Bools:
    """Return whether a cylinder lost mass within 3 min of each slot; `cylinder` is times and masses."""
    times, mass = cylinder
    near = np.zeros(len(seconds), np.bool_)
    for place in np.flatnonzero(np.diff(mass) < 0).tolist():
        near |= (seconds >= times[place] - NEAR_MASS) & (seconds <= times[place + 1] + NEAR_MASS)
    return near


def alarms(seconds: Floats, median: Floats) -> list[float]:
    """Return the counted alarms: two beams over their background for a minute, causally, five minutes apart."""
    beams = median.shape[1]
    bank, rows = Quantiles([CONFIGURATION] * beams, low=LOW), np.arange(beams)
    times_of_slots = (seconds * 1e9).astype(np.int64)
    raised, counted = False, [-math.inf]
    over = under = 0.0
    for moment_ns, moment, values in zip(times_of_slots.tolist(), seconds.tolist(), median, strict=True):
        score = bank.update(rows, np.full(beams, moment_ns), values)
        is_over = np.isfinite(score) & (values > bank.band().low + EXCESS)
        many = int(is_over.sum()) >= BEAMS
        over, under = (over + SLOT, 0.0) if many else (0.0, under + SLOT)
        if not raised and over >= HOLD:
            raised = True
            if moment - counted[-1] >= MERGE:
                counted.append(moment)
        elif raised and under >= CLEAR:
            raised = False
    return counted[1:]


def judge(truth: list[tuple[float, float]], alarmed: list[float], seconds: Floats, is_quiet: Bools) -> Verdict:
    """Return what the alarms of one recording were worth."""
    at = np.array(alarmed)
    delays = []
    for start, _ in truth:
        inside = at[(at >= start - EARLY) & (at <= start + LATE)]
        delays += [float(inside[0]) - start] if inside.size else []
    false = sum(bool(is_quiet[min(int(np.searchsorted(seconds, each)), len(seconds) - 1)]) for each in alarmed)
    return Verdict(delays, len(truth), sum(each <= PROMPT for each in delays), false, float(is_quiet.sum()) * SLOT)


def _seconds(column: list[str]) -> Floats:
    return np.asarray(times_ns(column) * 1e-9, np.float64)


def cylinders(data: Path) -> list[tuple[Floats, Floats]]:
    """Return times and masses of every cylinder file of the folder."""
    tables = [columns(path) for path in sorted(data.glob("cylinder_mass_*.csv*"))]
    return [(_seconds(table["time"]), numbers(table["mass_kg"])) for table in tables]


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder; cylinders count for the recordings of their time."""
    found = holding(data, ("time", "beam", "ch4_ppmv"))
    masses = cylinders(data)
    verdicts, lines = [], []
    for number, path in enumerate(found):
        progress(path.name, number / len(found))
        table = columns(path)
        seconds, median = slots(_seconds(table["time"]), table["beam"], numbers(table["ch4_ppmv"]))
        is_enhanced = enhanced(median)
        truth, alarmed = events(seconds, is_enhanced), alarms(seconds, median)
        is_quiet = np.asarray(~is_enhanced.any(axis=1))
        for mass in masses:
            is_quiet &= ~losing(seconds, mass)
        verdicts.append(judge(truth, alarmed, seconds, is_quiet))
        begun = [round((start - seconds[0]) / 60.0, 1) for start, _ in truth]
        raised = [round((each - float(seconds[0])) / 60.0, 1) for each in alarmed]
        lines.append(f"{path.name}: events at {begun} min, alarms at {raised} min, {verdicts[-1].false} false")
    progress("done", 1.0)
    return scored(verdicts, lines)


def scored(verdicts: list[Verdict], lines: list[str]) -> Scores:
    """Return the scores of all recordings."""
    total = sum(each.events for each in verdicts)
    delays = [delay / 60.0 for each in verdicts for delay in each.delays]
    quiet = sum(each.quiet_seconds for each in verdicts)
    false = sum(each.false for each in verdicts)
    values = {
        "found_in_10min": len(delays) / total if total else math.nan,
        "raised_in_3min": sum(each.prompt for each in verdicts) / total if total else math.nan,
        "delay_minutes_median": float(np.median(delays)) if delays else math.nan,
        "false": float(false),
        "false_per_month": false / (quiet / _MONTH_SECONDS) if quiet else math.nan,
    }
    return Scores(values, lines=lines, beside={"events": total, "quiet hours": quiet / 3_600.0})
