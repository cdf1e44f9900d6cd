"""How alarms of leaks, raised flushes and named sensors of ltown_sim are counted. Knows hours and places only.

An alarm goes to the nearest active leak not yet found, without a place to the oldest; else it is a repeat, and false
only when no leak is active. A leak's life is [start, end + 24 h]. Repeats within 12 h and 300 m are joined, counted
from the last alarm that counted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AFTER_HOURS, MERGE_HOURS, MERGE_METRES = 24.0, 12.0, 300.0
FLUSH_HOURS, FAULT_HOURS = 1.0, 6.0
_HALF, _THIRD = 0.5, 1.0 / 3.0
ABRUPT_HOURS = 6.0


class Event(NamedTuple):
    """A leak, a flush or a sensor's fault, in hours since the record's begin."""

    kind: str
    target: str
    start: float
    end: float
    peak: float


class Alarm(NamedTuple):
    """A leak, said to be at this pipe (None: nowhere)."""

    hour: float
    place: str | None


class Leaks(NamedTuple):
    """What alarms were worth."""

    found: dict[Event, Alarm]
    repeats: int
    false: int


def merged(alarms: Sequence[Alarm], apart: Callable[[str, str], float]) -> list[Alarm]:
    """Return the counted alarms."""
    counted: list[Alarm] = []
    for alarm in alarms:
        near = [
            each
            for each in counted
            if alarm.hour - each.hour < MERGE_HOURS
            and (alarm.place is None or each.place is None or apart(alarm.place, each.place) <= MERGE_METRES)
        ]
        if not near:
            counted.append(alarm)
    return counted


def leaks(events: Sequence[Event], alarms: Sequence[Alarm], apart: Callable[[str, str], float]) -> Leaks:
    """Give every alarm to a leak."""
    lives = sorted((each for each in events if each.kind.startswith("leak")), key=lambda each: each.start)
    found: dict[Event, Alarm] = {}
    repeats = false = 0
    for alarm in alarms:
        active = [each for each in lives if each.start <= alarm.hour <= each.end + AFTER_HOURS]
        free = [each for each in active if each not in found]
        if not active:
            false += 1
        elif not free:
            repeats += 1
        else:
            place = alarm.place
            nearest = free[0] if place is None else min(free, key=lambda each: apart(place, each.target))
            found[nearest] = alarm
    return Leaks(found, repeats, false)


def in_time(leak: Event, alarm: Alarm, *, generous: bool) -> bool:
    """Return whether a leak was found in its limit; the generous ones are 12 h, and half of the way to the peak."""
    if leak.kind == "leak_abrupt":
        limit = 2.0 * ABRUPT_HOURS if generous else ABRUPT_HOURS
    else:
        limit = (leak.peak - leak.start) * (_HALF if generous else _THIRD)
    return alarm.hour <= leak.start + limit


def flushes_raised(events: Sequence[Event], alarms: Sequence[Alarm]) -> tuple[int, int]:
    """Return how many flushes were raised, and how many there were."""
    flushes = [each for each in events if each.kind.startswith("benign")]
    raised = sum(any(each.start <= alarm.hour <= each.end + FLUSH_HOURS for alarm in alarms) for each in flushes)
    return raised, len(flushes)


def faults(
    events: Sequence[Event], calls: Sequence[tuple[float, str]], known: Sequence[Event] = ()
) -> tuple[int, int, int]:
    """Return how many faults were named in time, how many there were, and how many calls named a sound sensor.

    `known` are faults that are not asked for but make a call right.
    """
    asked = [each for each in events if each.kind.startswith("sensor")]

    def limit(each: Event) -> float:
        return each.end if each.kind == "sensor_drift" else each.start + FAULT_HOURS

    named = sum(any(each.target == who and each.start <= at <= limit(each) for at, who in calls) for each in asked)
    false = sum(
        not any(
            each.kind.startswith("sensor") and each.target == who and each.start <= at <= each.end + AFTER_HOURS
            for each in (*events, *known)
        )
        for at, who in calls
    )
    return named, len(asked), false


def free_hours(events: Sequence[Event], start: float, end: float) -> float:
    """Return how many hours of a stretch no leak is active in."""
    free, at = 0.0, start
    lives = sorted((each.start, each.end + AFTER_HOURS) for each in events if each.kind.startswith("leak"))
    for begin, over in lives:
        free += max(0.0, min(begin, end) - at)
        at = max(at, min(over, end))
    return free + max(0.0, end - at)


def ratio(part: float, whole: float) -> float:
    """Return a share, NaN of nothing."""
    return part / whole if whole else math.nan
