"""Recordings of drainage_sim: sewers that clog, a sump whose pump fails, and storms that flood them.

A recording has the events of `events.csv` and the network of `network.inp`, or of files that are named like it
(`a_levels_1.csv`, `a_events_1.csv`). What shows after its end is not asked for. Truth columns are never an input.
Thirty days are for learning and not scored.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.benchmarks.detection.drainage_scoring import PROMPT, Event, Named, Warned, alarms, named, warned
from tests.benchmarks.detection.drainage_watch import Blockages, Floods, failing, layout
from tests.benchmarks.detection.recordings import beside, columns, holding, numbers, text_of, times_ns
from tests.benchmarks.detection.scores import NoRecordings, Scores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.detection.scores import Progress

WARM_UP_HOURS, MONTH_HOURS = 30 * 24.0, 730.0
FLOODED = 0.001
_NEEDED = ("time", "rain_mm_5min", "rain_forecast_30min", "pump_cms", "total_flooding_cms")
_HOUR_NS = 3_600_000_000_000


class Verdict(NamedTuple):
    """What became of one recording."""

    blockages: Named
    pumps: Named
    floods: Warned
    months: float
    """Judged, of the whole recording."""
    stations: int
    elements: int


def events(path: Path, start_ns: int) -> list[Event]:
    """Return the events of a file in hours since the record's begin."""
    table = columns(path)

    def hours(name: str) -> list[float]:
        known = [text for text in table[name] if text]
        moments = iter(((times_ns(known) - start_ns) / _HOUR_NS).tolist() if known else [])
        return [next(moments) if text else math.nan for text in table[name]]

    rows = zip(table["kind"], table["element"], hours("start"), hours("end"), hours("sign_start"), strict=True)
    return [Event(f"{kind.partition('_')[0]} {element}", start, end, sign) for kind, element, start, end, sign in rows]


def judged(path: Path, progress: Progress) -> Verdict:
    """Run one recording row by row, and judge it."""
    table = columns(path)
    found = layout(text_of(beside(path, "levels", "network", ".inp")), list(table))
    time_ns = times_ns(table["time"])
    hours = (time_ns - time_ns[0]) / _HOUR_NS
    rain, nowcast = numbers(table["rain_mm_5min"]), numbers(table["rain_forecast_30min"])
    if not found.stations:
        raise NoRecordings(f"{path} has no column lvl_NODE_m")
    told = events(beside(path, "levels", "events", ".csv"), int(time_ns[0]))
    truth = [each if each.sign <= hours[-1] else each._replace(sign=math.nan) for each in told]
    levels = np.stack([numbers(table[name]) for name in found.stations], axis=1)
    watch, outlook = Blockages(found), Floods(len(found.stations))
    blocked = np.zeros((len(hours), len(found.elements)), np.bool_)
    flooding = np.zeros(len(hours), np.bool_)
    rows = zip(time_ns.tolist(), rain.tolist(), nowcast.tolist(), levels, strict=True)
    for row, (moment, fell, to_come, level) in enumerate(rows):
        if row % 2_000 == 0:
            progress(path.name, row / len(hours))
        blocked[row] = list(watch.take(moment, fell, level).values())
        flooding[row] = outlook.take(moment, fell, to_come, level)
    raised = {
        f"blockage {name}": alarms(hours, blocked[:, place], WARM_UP_HOURS) for place, name in enumerate(found.elements)
    }
    pumps = {
        f"pump {pump}": alarms(hours, failing(time_ns, numbers(table["pump_cms"]), numbers(table[sump])), WARM_UP_HOURS)
        for pump, sump in found.pumps.items()
    }
    is_flood = np.nan_to_num(numbers(table["total_flooding_cms"])) > FLOODED
    months = float((np.isfinite(levels).any(axis=1) & (hours >= WARM_UP_HOURS)).sum()) * _step(hours) / MONTH_HOURS
    return Verdict(
        named([each for each in truth if each.element.startswith("blockage ")], raised, WARM_UP_HOURS),
        named([each for each in truth if each.element.startswith("pump ")], pumps, WARM_UP_HOURS),
        warned(hours, flooding, is_flood, WARM_UP_HOURS),
        months,
        len(found.stations),
        len(found.elements),
    )


def _step(hours: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(hours))) if len(hours) > 1 else math.nan


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder."""
    files = holding(data, _NEEDED)
    verdicts = [judged(path, progress) for path in files]
    progress("done", 1.0)
    lines = [
        f"{path.name}: blockages {len(each.blockages.delays)} of {each.blockages.asked}, "
        f"hours after the sign {[round(delay, 1) for delay in each.blockages.delays]}; "
        f"pump {[round(60 * delay) for delay in each.pumps.delays]} min after, of {each.pumps.asked}; "
        f"floods {each.floods.hits} of {each.floods.floods}, {each.floods.idle} of {each.floods.warnings} warnings idle"
        for path, each in zip(files, verdicts, strict=True)
    ]
    return scored(verdicts, lines)


def scored(verdicts: list[Verdict], lines: list[str]) -> Scores:
    """Return the scores of all recordings."""
    delays = [delay for each in verdicts for delay in each.blockages.delays]
    months = sum(each.months for each in verdicts)
    element_months = sum(each.months * each.elements for each in verdicts)
    prompt = sum(delay <= PROMPT for each in verdicts for delay in each.pumps.delays)
    warnings = sum(each.floods.warnings for each in verdicts)
    values = {
        "blockage_found": _ratio(len(delays), sum(each.blockages.asked for each in verdicts)),
        "blockage_hours_median": float(np.median(delays)) if delays else math.nan,
        "blockage_false_per_month": _ratio(sum(each.blockages.false for each in verdicts), element_months),
        "blockage_misplaced_per_month": _ratio(sum(each.blockages.misplaced for each in verdicts), element_months),
        "pump_found": _ratio(prompt, sum(each.pumps.asked for each in verdicts)),
        "pump_false_per_month": _ratio(sum(each.pumps.false for each in verdicts), months),
        "flood_hit": _ratio(sum(each.floods.hits for each in verdicts), sum(each.floods.floods for each in verdicts)),
        "flood_false_ratio": _ratio(sum(each.floods.idle for each in verdicts), warnings),
        "flood_idle_hours_per_month": _ratio(sum(each.floods.idle_hours for each in verdicts), months),
    }
    return Scores(values, lines=lines)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
