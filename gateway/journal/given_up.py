"""What was given up to stay under the cap: how many readings, why, and of how important channels. Counted for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.health import Health
from gateway.journal.importance import IMPORTANCES
from gateway.model import Int64s

THINNED = "thinned"
OLDEST = "oldest"
_PREFIX = "given_up:"


def unread(reader: str) -> str:
    """Return the reason for what went although a reader that holds nothing back had not read it."""
    return f"unread_{reader}"


@dataclass(frozen=True, slots=True)
class GivenUpCount:
    """How many readings went for one reason, of channels of one importance."""

    reason: str
    importance: str
    readings: int


class GivenUp:
    """The running counts; the writer's thread adds, anyone may look."""

    def __init__(self, places: Mapping[str, int], health: Health) -> None:
        self._health = health
        self._counts = {name: value for name, value in places.items() if is_given_up(name)}

    def add(self, reason: str, counts: Int64s) -> int:
        """Count readings by importance; return how many there were."""
        self._counts = self.places_after(reason, counts)
        for importance, readings in zip(IMPORTANCES, counts.tolist(), strict=True):
            if readings:
                self._health.count("journal", "dropped", readings, f"{reason}:{importance}")
        return int(counts.sum())

    def places_after(self, reason: str, counts: Int64s) -> dict[str, int]:
        """Return the counts as the segments keep them once these are added."""
        places = self._counts.copy()
        for importance, readings in zip(IMPORTANCES, counts.tolist(), strict=True):
            if readings:
                name = f"{_PREFIX}{reason}:{importance}"
                places[name] = places.get(name, 0) + readings
        return places

    def counts(self) -> tuple[GivenUpCount, ...]:
        """Return the counts for people."""
        return given_up_in(self._counts)

    def places(self) -> dict[str, int]:
        """Return the counts as the segments keep them."""
        return self._counts.copy()


def is_given_up(name: str) -> bool:
    """Tell whether a number that a segment keeps is one of these counts; they only grow."""
    return name.startswith(_PREFIX)


def given_up_in(places: Mapping[str, int]) -> tuple[GivenUpCount, ...]:
    """Return the counts among what a segment keeps."""
    found = []
    for name, readings in sorted(places.items()):
        if is_given_up(name):
            reason, _, importance = name.removeprefix(_PREFIX).rpartition(":")
            found.append(GivenUpCount(reason, importance, readings))
    return tuple(found)
