"""Recordings of methane_mine: sensors of a coal mine, row by row without times; the methane that comes is foretold.

Foretold is the largest methane of the next six rows, from the row's own values and older ones; the column that holds
the answer is never read. A crossing is a row at or over a level after ten rows or more below it; it is warned of when a
warning rises at most thirty rows before and stands until then. A warning that rises otherwise, below the level, is
false unless within thirty rows of the last one counted. Scored for 1.5 %; 1.0 % stands beside.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.rain_level import Foreseeing, RainLevel
from tests.benchmarks.detection.recordings import columns, holding, numbers
from tests.benchmarks.detection.scores import Scores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LEVELS = (1.5, 1.0)
"""Per cent of methane; the first is scored."""
AHEAD, BELOW_ROWS, EARLY_ROWS, MERGE_ROWS = 6, 10, 30, 30
INPUTS = ("MM31", "AS038", "PG072", "PD")
CONFIGURATION = Foreseeing(
    limit=LEVELS[0], span=1.0, slot_seconds=1.0, ahead=AHEAD, lags=3, memory_slots=3_000.0, warm_up_slots=60
)
"""Followed is the largest value of the last six rows, so that six rows ahead it is that of the next six. Three rows of
past hold level, slope and bend; memory is what the mine's face stays alike for."""
ON, OFF = 0.15, 0.20
"""A warning rises when the forecast is within one and a half of the sensor's steps below the level, and falls half a
step lower; one that nothing followed for thirty rows is withdrawn, and may rise again."""
_SECOND_NS = 1_000_000_000


class Verdict(NamedTuple):
    """What became of the crossings of one level in one recording."""

    leads: list[int]
    """Rows from the warning to the crossing, of those warned of."""
    crossings: int
    false: int
    rows: int


def next_largest(methane: Floats) -> Floats:
    """Return the largest of the next six rows, NaN where they are not all there.

    >>> next_largest(np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 3.0, 0.0]))[:3].tolist()
    [3.0, 3.0, nan]
    """
    largest = np.full(len(methane), np.nan)
    if len(methane) > AHEAD:
        windows = np.lib.stride_tricks.sliding_window_view(methane[1:], AHEAD)
        largest[: len(windows)] = windows.max(axis=1)
    return largest


def crossings(methane: Floats, level: float) -> list[int]:
    """Return the rows at or over a level that ten rows or more below it precede."""
    below = 0
    found = []
    for row, value in enumerate(methane.tolist()):
        if value >= level:
            if below >= BELOW_ROWS:
                found.append(row)
            below = 0
        else:
            below += 1
    return found


def judge(methane: Floats, is_warned: Bools, level: float) -> Verdict:
    """Return what the warnings of one recording were worth."""
    before = np.concatenate(([False], is_warned[:-1]))
    rises = np.flatnonzero(is_warned & ~before)
    falls = np.flatnonzero(~is_warned & before)
    crossed = np.array(crossings(methane, level), np.int64)
    leads, used = [], set()
    for crossing in crossed.tolist():
        last = rises[rises < crossing][-1:].tolist()
        if last and crossing - last[0] <= EARLY_ROWS and not ((falls > last[0]) & (falls < crossing)).any():
            leads.append(crossing - last[0])
            used.add(last[0])
    false: list[int] = []
    for rise in rises.tolist():
        is_other = rise not in used and methane[rise] < level
        if is_other and (not false or rise - false[-1] >= MERGE_ROWS):
            false.append(rise)
    return Verdict(leads, len(crossed), len(false), len(methane))


def foretold(table: dict[str, list[str]]) -> tuple[Floats, Floats]:
    """Return the methane, and at each row the forecast of the largest of the next six."""
    methane = numbers(table["MM116"])
    recent = np.array([methane[max(row - AHEAD + 1, 0) : row + 1].max() for row in range(len(methane))])
    inputs = [numbers(table[name]) for name in INPUTS if name in table]
    members = np.stack([recent, methane, *inputs], axis=1)
    face = RainLevel(members.shape[1], CONFIGURATION)
    forecasts = np.full(len(methane), np.nan)
    for row in range(len(methane)):
        face.update(np.array([row * _SECOND_NS]), members[row : row + 1])
        forecasts[row] = face.expected()[0]
    return methane, forecasts


def warned(methane: Floats, forecast: Floats, level: float) -> Bools:
    """Return whether a warning stands at each row: it rises at one bound and falls at a lower one."""
    is_warned, age = np.zeros(len(forecast), np.bool_), 0
    for row, (value, now) in enumerate(zip(forecast.tolist(), methane.tolist(), strict=True)):
        stands = value >= level - (OFF if age else ON)
        age = age + 1 if stands and (age <= EARLY_ROWS - 1 or now >= level) else 0
        is_warned[row] = age > 0
    return is_warned


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder that has `MM116`."""
    found = holding(data, ("MM116",))
    verdicts: dict[float, list[Verdict]] = {level: [] for level in LEVELS}
    ours, theirs = [], []
    lines = []
    for number, path in enumerate(found):
        progress(path.name, number / len(found))
        table = columns(path)
        methane, forecast = foretold(table)
        truth = next_largest(methane)
        known = np.isfinite(truth)
        told = np.where(np.isfinite(forecast), forecast, methane)
        ours.append((told - truth)[known] ** 2)
        theirs.append((methane - truth)[known] ** 2)
        for level in LEVELS:
            verdict = judge(methane, warned(methane, forecast, level), level)
            verdicts[level].append(verdict)
            lines.append(
                f"{path.name}: {level} %: {len(verdict.leads)} of {verdict.crossings} crossings warned of "
                f"{sorted(verdict.leads)} rows before, {verdict.false} false in {verdict.rows} rows"
            )
    progress("done", 1.0)
    return scored(verdicts, np.concatenate(ours), np.concatenate(theirs), lines)


def scored(verdicts: dict[float, list[Verdict]], ours: Floats, theirs: Floats, lines: list[str]) -> Scores:
    """Return the scores: forecast errors and, for the first level, crossings warned of."""
    rmse, persisting = (math.sqrt(float(each.mean())) if each.size else math.nan for each in (ours, theirs))
    main = _counted(verdicts[LEVELS[0]])
    other = _counted(verdicts[LEVELS[1]])
    values = {"rmse": rmse, "rmse_persistence": persisting, **main}
    beside = {f"{name} at {LEVELS[1]} %": value for name, value in other.items()}
    return Scores(
        values,
        published=[("persistence", {"rmse": persisting, "rmse_persistence": persisting})],
        lines=lines,
        beside=beside,
    )


def _counted(verdicts: list[Verdict]) -> dict[str, float]:
    crossed, rows = sum(each.crossings for each in verdicts), sum(each.rows for each in verdicts)
    leads = [lead for each in verdicts for lead in each.leads]
    false = sum(each.false for each in verdicts)
    return {
        "warned": len(leads) / crossed if crossed else math.nan,
        "lead_rows_median": float(np.median(leads)) if leads else math.nan,
        "false_per_1000_rows": 1_000.0 * false / rows if rows else math.nan,
    }
