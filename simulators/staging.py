"""What somebody may stage by a word in a world that runs: what a scenario says happens, told again from now on.

Rule 1: what begins at one moment of the scenario is one story; a word that has several tells them in turn.
Rule 2: whoever calls it is the one who steps the world. It knows nothing of who asks, nor of sockets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from simulators.models.contract import Event
from simulators.scenarios.scenario import Scenario
from simulators.weather import Storm
from simulators.world import World

WORDS: Mapping[str, Sequence[str]] = {"gas": ("gas_leak",), "storm": ("pump_failure",), "burst": ("burst",)}
"""Word → the kinds of events that belong to it; storms belong to `storm`."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens together, from its beginning on."""

    events: Sequence[Event]
    storms: Sequence[Storm]


def stories_of(scenario: Scenario) -> dict[str, list[Story]]:
    """Return the stories of every word that a scenario has something for, in the order of time."""
    stories = {}
    for word, kinds in WORDS.items():
        events = [event for event in scenario.events if event.kind in kinds]
        storms = list(scenario.storms) if word == "storm" else []
        begins = sorted({*(event.time_ns for event in events), *(storm.start_ns for storm in storms)})
        if begins:
            stories[word] = [
                Story(
                    [replace(event, time_ns=0) for event in events if event.time_ns == begin],
                    [replace(storm, start_ns=0) for storm in storms if storm.start_ns == begin],
                )
                for begin in begins
            ]
    return stories


def uneventful(scenario: Scenario) -> Scenario:
    """Return a scenario in which nothing happens unless it is staged."""
    return replace(scenario, events=[], storms=[], faults=[], drawn=[], faults_per_device_year=0.0)


class Staging:
    """The stories of a scenario, to be told in its world as often as somebody likes."""

    def __init__(self, stories: Mapping[str, Sequence[Story]], world: World) -> None:
        self._stories = dict(stories)
        self._turn = {word: cycle(told) for word, told in stories.items()}
        self._world = world

    @property
    def words(self) -> tuple[str, ...]:
        """What can be staged."""
        return tuple(self._stories)

    def stage(self, word: str, now_ns: int) -> str:
        """Let the next story of a word begin now and return it in words; KeyError for a word that is none."""
        story = next(self._turn[word])
        # Quick models are a step ahead already.
        begin_ns = max(now_ns, self._world.now_ns)
        for event in story.events:
            self._world.stage(replace(event, time_ns=begin_ns))
        for storm in story.storms:
            self._world.rain(replace(storm, start_ns=begin_ns))
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
