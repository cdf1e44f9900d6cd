"""When an event is on, and how much of it has come: shared by the models that take their events by the clock."""

from __future__ import annotations

import math

from gateway.model import SECOND
from simulators.models.contract import Event


def is_on(event: Event, time_ns: int) -> bool:
    """Return whether an event has begun and not ended."""
    ends = math.isfinite(event.seconds) and time_ns >= event.time_ns + event.seconds * SECOND
    return event.time_ns <= time_ns and not ends


def grown(event: Event, time_ns: int) -> float:
    """Return how much of what comes within its `seconds` and then stays has come.

    >>> grown(Event(0, "settlement", "B-1", amount=8.0, seconds=4.0), 10**9)
    2.0
    """
    if time_ns < event.time_ns:
        return 0.0
    if not math.isfinite(event.seconds):
        return event.amount
    return event.amount * min(1.0, (time_ns - event.time_ns) / (event.seconds * SECOND))


def begins(event: Event, time_ns: int, step_seconds: float) -> bool:
    """Return whether an event begins within the step that starts now."""
    return 0 <= time_ns - event.time_ns < step_seconds * SECOND
