"""A scenario at another time: everything in it moves alike, so that the same happens, only then."""

from __future__ import annotations

from dataclasses import replace

from gateway.model import SECOND
from simulators.scenarios.scenario import Scenario


def moved(scenario: Scenario, start_ns: int, *, run_in_seconds: float | None = None) -> Scenario:
    """Return a scenario whose judged time begins at a moment; `run_in_seconds` cuts the time before it to learn from.

    Hours of the day move with it: what happened at three at night happens as long after the new start.
    """
    by_ns = start_ns - scenario.start_ns
    learn_ns = scenario.learn_ns + by_ns
    if run_in_seconds is not None:
        learn_ns = start_ns - round(run_in_seconds * SECOND)
    return replace(
        scenario,
        learn_ns=learn_ns,
        start_ns=start_ns,
        end_ns=scenario.end_ns + by_ns,
        storms=[replace(storm, start_ns=storm.start_ns + by_ns) for storm in scenario.storms],
        events=[replace(event, time_ns=event.time_ns + by_ns) for event in scenario.events],
        faults=[replace(fault, time_ns=fault.time_ns + by_ns) for fault in scenario.faults],
    )
