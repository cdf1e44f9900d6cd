"""How fast a gap is filled: so many readings a second, never in step with other boxes. Given the time, keeps none."""

from __future__ import annotations

from random import Random

from gateway.model import SECOND

_SPREAD = 0.25
"""Each pause is up to so much longer or shorter."""
_FIRST_SECONDS = 3.0
"""After an outage each box begins somewhere within this time: a hundred of them come back in the same second."""


class Pace:
    """Says when the next request of a gap may go."""

    def __init__(self, readings_per_second: float, random: Random) -> None:
        self._rate = readings_per_second
        self._random = random
        self._due_ns = 0

    def begin(self, now_ns: int) -> None:
        """Begin to fill a gap, somewhere within the first seconds."""
        self._due_ns = now_ns + round(self._random.uniform(0.0, _FIRST_SECONDS) * SECOND)

    def sent(self, readings: int, now_ns: int) -> None:
        """Note that so many readings went at a moment."""
        seconds = readings / self._rate * self._random.uniform(1.0 - _SPREAD, 1.0 + _SPREAD)
        # What a slow server took longer than its pause is not made up for by a burst.
        self._due_ns = max(self._due_ns, now_ns - SECOND) + round(seconds * SECOND)

    def seconds_left(self, now_ns: int) -> float:
        """Return how long to wait before the next request, 0 when it is due."""
        return max(0.0, (self._due_ns - now_ns) / SECOND)
