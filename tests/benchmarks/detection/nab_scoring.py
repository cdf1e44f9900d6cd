"""The Numenta benchmark's score of one detector, profile standard. Knows rows, windows and alarms, no detector.

Inside a window only the best alarm counts, the earlier the better; every alarm outside costs, less shortly after a
window than far from one. Lavin, Ahmad, Evaluating Real-time Anomaly Detection Algorithms, ICMLA 2015; nab/sweeper.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PROBATION_SHARE, PROBATION_ROWS = 0.15, 750
_FALSE, _MISSED = 0.11, 1.0
_FAR = 3.0


class Windows(NamedTuple):
    """Rows of one file and its labelled windows, both ends in."""

    rows: int
    spans: Sequence[tuple[int, int]]

    @property
    def probation(self) -> int:
        """How many of the first rows are not scored."""
        return min(int(PROBATION_SHARE * self.rows), PROBATION_ROWS)


class Outcome(NamedTuple):
    """What one file's alarms came to."""

    raw: float
    found: int
    windows: int
    false: int


def sigmoid(place: float) -> float:
    """Return the weight of an alarm: above 0 inside a window (-1 = its left edge), below 0 past it."""
    return -1.0 if place > _FAR else 2.0 / (1.0 + math.exp(5.0 * place)) - 1.0


def weights(windows: Windows) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return what an alarm at each row is worth, and the window that it lies in, -1 outside."""
    worth, inside = np.full(windows.rows, -_FALSE), np.full(windows.rows, -1, np.intp)
    for number, (start, end) in enumerate(windows.spans):
        width = end - start + 1
        place = -(end - np.arange(start, end + 1) + 1) / width
        worth[start : end + 1] = [sigmoid(one) / sigmoid(-1.0) for one in place]
        inside[start : end + 1] = number
        after = np.arange(end + 1, windows.rows)
        worth[end + 1 :] = [_FALSE * sigmoid(one) for one in (after - end) / max(width - 1, 1)]
    return worth, inside


def outcome(windows: Windows, alarms: NDArray[np.intp]) -> Outcome:
    """Return the raw score of the rows that alarmed."""
    worth, inside = weights(windows)
    alarms = alarms[alarms >= windows.probation]
    outside = alarms[inside[alarms] < 0]
    raw = float(worth[outside].sum())
    found = 0
    for number in range(len(windows.spans)):
        within = alarms[inside[alarms] == number]
        found += bool(within.size)
        raw += float(worth[within].max()) if within.size else -_MISSED
    return Outcome(raw, found, len(windows.spans), len(outside))


def normalised(outcomes: Iterable[Outcome]) -> float:
    """Return the score of all files: 0 = no alarm at all, 100 = every window at its left edge and nothing else."""
    listed = list(outcomes)
    windows = sum(one.windows for one in listed)
    if not windows:
        return math.nan
    null, perfect = -_MISSED * windows, 1.0 * windows
    return 100.0 * (sum(one.raw for one in listed) - null) / (perfect - null)
