"""How blockages, pump failures and floods are counted. Knows rows' times and truth, no detector.

Blockage: found = the element named between 24 h before its sign and 24 h after it; alarms before that are neither found
nor false; false = outside [start, end + 12 h] of every blockage of that element, and misplaced when another element was
blocked then. Pump: named within 30 min of its sign. Flood: a warning that rises 15-30 min before it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Hours = NDArray[np.float64]

EARLY, LATE, AFTER, MERGE = 24.0, 24.0, 12.0, 24.0
PROMPT, JOINED = 0.5, 2.0
LEADS = 0.25, 0.5
LONGEST_LEAD = 2.0
_ROUNDING = 1e-6


class Event(NamedTuple):
    """A blockage or a failure, in hours since the record's begin."""

    element: str
    start: float
    end: float
    sign: float
    """NaN: it never showed."""


class Named(NamedTuple):
    """What naming elements was worth."""

    delays: list[float]
    """Hours from the sign to the first alarm, of those found."""
    asked: int
    false: int
    misplaced: int


class Warned(NamedTuple):
    """What warnings of floods were worth."""

    hits: int
    floods: int
    idle: int
    """Warnings without a flood."""
    warnings: int
    idle_hours: float
    """That a warning stood without a flood."""


def alarms(hours: Hours, is_up: Bools, warm_up: float) -> list[float]:
    """Return the hours of counted alarms: rises after the warm-up, 24 h or more after the last counted one."""
    rises = hours[is_up & ~np.concatenate(([False], is_up[:-1]))]
    counted: list[float] = []
    for rise in rises[rises >= warm_up].tolist():
        if not counted or rise - counted[-1] >= MERGE:
            counted.append(rise)
    return counted


def named(events: Sequence[Event], raised: dict[str, list[float]], warm_up: float) -> Named:
    """Return what the alarms of every element were worth."""
    asked = [each for each in events if math.isfinite(each.sign) and each.sign >= warm_up]
    delays = []
    for event in asked:
        hits = [at for at in raised.get(event.element, []) if event.sign - EARLY <= at <= event.sign + LATE]
        delays += [hits[0] - event.sign] if hits else []
    false = misplaced = 0
    for element, times in raised.items():
        for at in times:
            others = {each.element for each in events if each.start <= at <= each.end + AFTER}
            if element not in others:
                misplaced += bool(others)
                false += not others
    return Named(delays, len(asked), false, misplaced)


def floods(hours: Hours, is_flood: Bools) -> list[tuple[float, float]]:
    """Return start and end of every flood; gaps of up to two hours belong to it."""
    found: list[tuple[float, float]] = []
    for at in hours[is_flood].tolist():
        if found and at - found[-1][1] <= JOINED + _ROUNDING:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def warned(hours: Hours, is_warned: Bools, is_flood: Bools, warm_up: float) -> Warned:
    """Return what warnings were worth; one is idle without a flood until its end, or two hours after its rise."""
    events = [event for event in floods(hours, is_flood) if event[0] >= warm_up]
    before = np.concatenate(([False], is_warned[:-1]))
    after = np.concatenate((is_warned[1:], [False]))
    spells = list(zip(hours[is_warned & ~before].tolist(), hours[is_warned & ~after].tolist(), strict=True))
    spells = [spell for spell in spells if spell[0] >= warm_up]
    least, most = LEADS[0] - _ROUNDING, LEADS[1] + _ROUNDING
    hits = sum(any(least <= event[0] - rise <= most for rise, _ in spells) for event in events)
    idle, idle_hours = 0, 0.0
    step = float(np.median(np.diff(hours))) if len(hours) > 1 else 0.0
    for rise, fall in spells:
        until = max(fall, rise + LONGEST_LEAD)
        if not any(start <= until and end >= rise for start, end in events):
            idle += 1
            idle_hours += fall - rise + step
    return Warned(hits, len(events), idle, len(spells), idle_hours)
