"""The truth of a running scenario, told as it comes: which window begins, which ends.

Rule 1: a window is told twice at most, at its begin and at its end.
Rule 2: what comes of weather and events may pause and go on; its end is told once it has been over for two hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from gateway.clock import to_iso
from gateway.model import SECOND
from simulators.models.contract import Window

Edge: TypeAlias = Literal["begins", "ends"]

_PAUSE_NS = 2 * 3600 * SECOND


class Told(NamedTuple):
    """One edge of one window."""

    edge: Edge
    window: Window

    @property
    def time_ns(self) -> int:
        """When it is."""
        return self.window.start_ns if self.edge == "begins" else self.window.end_ns


class Truth:
    """Which edges of which windows have been told."""

    def __init__(self) -> None:
        self._begun: dict[tuple[int, str, str, str], bool] = {}
        """Window → whether its end was known when it began."""
        self._ended: set[tuple[int, str, str, str]] = set()

    def told(self, windows: Iterable[Window], now_ns: int, *, is_over: bool = False) -> Iterator[Told]:
        """Yield what has begun or ended since it was asked last; with `is_over` nothing more will come."""
        edges: list[Told] = []
        for window in windows:
            key = (window.start_ns, window.kind, window.asset, window.hazard)
            if window.start_ns > now_ns or key in self._ended:
                continue
            if key not in self._begun:
                self._begun[key] = window.end_ns > now_ns
                edges.append(Told("begins", window))
            pause_ns = 0 if self._begun[key] or is_over else _PAUSE_NS
            if window.end_ns + pause_ns <= now_ns:
                self._ended.add(key)
                edges.append(Told("ends", window))
        yield from sorted(edges, key=lambda one: one.time_ns)


def sentence(told: Told) -> str:
    """Return an edge for people.

    >>> leak = Window(0, 60 * 10**9, "gas_leak", "G-1", "gas_leak", {"amount": 0.5})
    >>> sentence(Told("begins", leak))
    '1970-01-01T00:00:00.000Z begins: gas_leak on G-1 (amount 0.5) → gas_leak'
    """
    window = told.window
    detail = ", ".join(f"{name} {_short(value)}" for name, value in window.detail.items())
    hazard = f" → {window.hazard}" if window.hazard else " → no hazard"
    shown = f" ({detail})" if detail else ""
    return f"{to_iso(told.time_ns)} {told.edge}: {window.kind} on {window.asset}{shown}{hazard}"


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
