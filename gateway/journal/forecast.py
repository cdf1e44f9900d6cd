"""When the journal will be full if what readers hold back goes on growing as it does now. Knows no files."""

from __future__ import annotations

from collections import deque

from gateway.model import SECOND

SAMPLE_NS = 10 * SECOND
_SAMPLES = 31
_LEAST_SAMPLES = 4
_KEEPING_UP = 0.01
"""Readers that hold back less than this part of the room keep up."""
_LONGEST_SECONDS = 366 * 86_400.0
_HOURS_IN_DAYS = 72
"""From here on, a time is said in days."""


class Forecast:
    """The bytes held back over the last five minutes."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=_SAMPLES)

    def is_due(self, monotonic_ns: int) -> bool:
        """Tell whether it is time for the next sample."""
        return not self._samples or monotonic_ns - self._samples[-1][0] >= SAMPLE_NS

    def note(self, monotonic_ns: int, held_bytes: int) -> None:
        """Take a sample."""
        self._samples.append((monotonic_ns, held_bytes))

    def growth(self) -> float:
        """Return the growth in bytes a second; 0 when nothing grows, or too little is known.

        Readers make their places durable now and then, so that what they hold back goes up and down all the time:
        the least of the older half is compared with the least of the newer one.
        """
        samples = [*self._samples]
        if len(samples) < _LEAST_SAMPLES:
            return 0.0
        half = len(samples) // 2
        older_ns, older = min(samples[:half], key=lambda sample: (sample[1], sample[0]))
        newer_ns, newer = min(samples[half:], key=lambda sample: (sample[1], sample[0]))
        return max(0.0, (newer - older) * SECOND / (newer_ns - older_ns))

    def seconds_to_full(self, limit_bytes: int) -> float | None:
        """Return in how many seconds so many bytes are held back; None when that does not come nearer."""
        growth = self.growth()
        if growth <= 0 or self._samples[-1][1] < _KEEPING_UP * limit_bytes:
            return None
        seconds = max(0.0, (limit_bytes - self._samples[-1][1]) / growth)
        return seconds if seconds <= _LONGEST_SECONDS else None


def in_words(seconds: float) -> str:
    """Write a time to come for people.

    >>> in_words(31 * 3600 + 20 * 60)
    '31 h 20 min'
    >>> in_words(65), in_words(20), in_words(15 * 86400)
    ('1 min', '0 min', '15 d 0 h')
    """
    minutes = int(seconds // 60)
    hours = minutes // 60
    if hours >= _HOURS_IN_DAYS:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
