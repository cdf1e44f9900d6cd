"""What somebody may stage by a word in a world that runs: what a scenario says happens, told again from now on.

Knows nothing of who asks, nor of sockets; whoever calls it must be the one who steps the world.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from simulators.models.contract import Event
from simulators.scenarios.scenario import Scenario
from simulators.weather import Storm
from simulators.world import World

WORDS: Mapping[str, Sequence[str]] = {"gas": ("gas_leak",), "storm": ("pump_failure",), "burst": ("burst",)}
"""Word → the kinds of events that belong to it; storms belong to `storm`."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens together; times count from its beginning."""

    events: Sequence[Event]
    storms: Sequence[Storm]


def stories_of(scenario: Scenario) -> dict[str, Story]:
    """Return the story of every word that a scenario has something for."""
    stories = {}
    for word, kinds in WORDS.items():
        events = [event for event in scenario.events if event.kind in kinds]
        storms = list(scenario.storms) if word == "storm" else []
        if begins := [*(event.time_ns for event in events), *(storm.start_ns for storm in storms)]:
            first_ns = min(begins)
            stories[word] = Story(
                [replace(event, time_ns=event.time_ns - first_ns) for event in events],
                [replace(storm, start_ns=storm.start_ns - first_ns) for storm in storms],
            )
    return stories


def uneventful(scenario: Scenario) -> Scenario:
    """Return a scenario in which nothing happens unless it is staged."""
    return replace(scenario, events=[], storms=[], faults=[], drawn=[], faults_per_device_year=0.0)


class Staging:
    """The stories of a scenario, to be told in its world as often as somebody likes."""

    def __init__(self, stories: Mapping[str, Story], world: World) -> None:
        self._stories = dict(stories)
        self._world = world

    @property
    def words(self) -> tuple[str, ...]:
        """What can be staged."""
        return tuple(self._stories)

    def stage(self, word: str, now_ns: int) -> str:
        """Let a story begin now and return it in words; KeyError for a word that is none."""
        story = self._stories[word]
        # Quick models are a step ahead already.
        begin_ns = max(now_ns, self._world.now_ns)
        for event in story.events:
            self._world.stage(replace(event, time_ns=begin_ns + event.time_ns))
        for storm in story.storms:
            self._world.rain(replace(storm, start_ns=begin_ns + storm.start_ns))
        return ", ".join([*map(_storm, story.storms), *map(_event, story.events)])


def _event(event: Event) -> str:
    """Return an event for people.

    >>> _event(Event(0, "gas_leak", "G-1", amount=500.0, seconds=120.0))
    'gas leak on G-1 (500) for 2 min'
    """
    amount = f" ({event.amount:g})" if math.isfinite(event.amount) else ""
    lasts = f" for {event.seconds / 60:g} min" if math.isfinite(event.seconds) else ""
    return f"{event.kind.replace('_', ' ')} on {event.asset}{amount}{lasts}"


def _storm(storm: Storm) -> str:
    return f"a storm of {storm.total_mm:g} mm in {storm.minutes:g} min"
