"""Totals that start again at 0: a roll-over goes on counting, a reset is said and its first value doubted.

    shown     65530  65534      3      9                    rollover 65536
    total     65530  65534  65539  65545

A fall by more than half of the range is a roll-over; any other is a reset: the meter was changed or cleared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.codecs.modbus_registers import Columns
from gateway.collectors.modbus_memory import UnitMemory
from gateway.model import Quality
from gateway.profiles import Point

_QUARTERS = 4
_NEAR_THE_END = 0.9


class Reset(NamedTuple):
    """A counter that fell without rolling over."""

    point: str
    before: float
    after: float


class Counters:
    """The counters of one unit."""

    def __init__(self, memory: UnitMemory) -> None:
        self._memory = memory
        self._shown: dict[str, float] = {}

    def follow(self, points: Sequence[Point], columns: Columns) -> tuple[Columns, list[Reset]]:
        """Return the columns with totals that go on over a roll-over, and the resets seen."""
        resets: list[Reset] = []
        if not any(point.counter for point in points):
            return columns, resets
        value, quality = columns.value.copy(), columns.quality.copy()
        for row, point in enumerate(points):
            if point.counter is None or not np.isfinite(value[row]) or quality[row] > Quality.UNKNOWN:
                continue
            shown = float(value[row])
            count = abs(point.scale * point.factor)
            full = point.counter.rollover * count
            laps, noted = self._memory.laps.get(point.name, (0, shown))
            before = self._shown.get(point.name, noted)
            if shown < before:
                is_cleared = shown <= point.counter.reset_below * count and before < _NEAR_THE_END * full
                if before - shown > full / 2 and not is_cleared:
                    laps += 1
                else:
                    resets.append(Reset(point.name, before + laps * full, shown))
                    quality[row], laps = Quality.SUSPECT, 0
            self._note(point.name, laps, shown, full)
            value[row] = shown + laps * full
        return Columns(value, quality, columns.flags), resets

    def _note(self, name: str, laps: int, shown: float, full: float) -> None:
        """Remember enough that a roll-over while we were stopped is seen: the lap, and its quarter."""
        self._shown[name] = shown
        known = self._memory.laps.get(name)
        if known is None or known[0] != laps or known[1] > shown or _quarter(known[1], full) != _quarter(shown, full):
            self._memory.laps[name] = (laps, shown)
            self._memory.is_changed = True


def _quarter(shown: float, full: float) -> int:
    return int(shown * _QUARTERS / full)
