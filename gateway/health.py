"""Counters and conditions that every stage reports into. Knows nothing of HTTP or of Prometheus.

Every stage counts under the same four names: received, sent, dropped, failed; a dropped or failed reading has a reason.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

CountName: TypeAlias = Literal["received", "sent", "dropped", "failed"]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that stands: `ok` or not, with one sentence that says what is wrong and what helps."""

    name: str
    ok: bool
    reason: str = ""
    needed: bool = True
    """Whether /readyz answers 503 while this condition is not ok."""


class Health:
    """Counts, gauges and conditions of one gateway; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._conditions: dict[str, Condition] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

    def count(self, stage: str, name: CountName, amount: int = 1, reason: str = "") -> None:
        """Add to one of the four counters of a stage."""
        with self._lock:
            self._counts[stage, name, reason] += amount

    def set_condition(self, name: str, *, ok: bool, reason: str = "", needed: bool = True) -> bool:
        """Record a condition; return whether this changed it, so that the caller logs a change once."""
        new = Condition(name, ok, reason, needed)
        with self._lock:
            old = self._conditions.get(name)
            self._conditions[name] = new
        return old is None or old.ok != ok

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Register a number that is read when somebody looks."""
        with self._lock:
            self._gauges[name] = read

    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return a copy of all counters: (stage, name, reason) → count."""
        with self._lock:
            return dict(self._counts)

    def conditions(self) -> list[Condition]:
        """Return all conditions by name."""
        with self._lock:
            return sorted(self._conditions.values(), key=lambda condition: condition.name)

    def gauges(self) -> dict[str, float]:
        """Read all gauges."""
        with self._lock:
            readers = dict(self._gauges)
        return {name: read() for name, read in sorted(readers.items())}
