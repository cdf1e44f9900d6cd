"""How long to wait before the next attempt: doubling with full jitter, so that a city's boxes do not return together.

M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: full jitter needs the fewest calls.
"""

from __future__ import annotations

import random


class Backoff:
    """Waiting times after failures in a row."""

    def __init__(self, first_seconds: float = 1.0, longest_seconds: float = 20.0, seed: int | None = None) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._ceiling = first_seconds
        self._random = random.Random(seed)  # noqa: S311 - spreads load, guards nothing

    def next_seconds(self) -> float:
        """Return the next wait: anything from nothing to a ceiling that doubles."""
        wait = self._random.uniform(0, self._ceiling)
        self._ceiling = min(self._longest, self._ceiling * 2)
        return wait

    def reset(self) -> None:
        """Start again from the shortest wait, after an attempt that held."""
        self._ceiling = self._first
