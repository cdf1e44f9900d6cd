"""The daily course of each channel: how far it ordinarily is from its level at each hour, learned cell by cell.

A cell is a mean over the days it was seen on, forgetting with a time constant of two weeks. Days are those of UTC,
which names the hours differently but not the course; summer time shifts it for a week or two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.level import Held
from detectors.walking import SECOND

_DAY_NS = 86_400 * SECOND
_MEMORY_DAYS = 14
_LEAST_SECONDS = 1e-9


class Season:
    """One course a row, of `bins` equal parts of the day.

    >>> season = Season(rows=2, bins=24)
    >>> season.cells(np.array([0, 1]), np.array([3_600, 90_000]) * SECOND).tolist()
    [1, 25]
    """

    def __init__(self, rows: int, bins: int) -> None:
        self._bins = bins
        self._bin_ns = _DAY_NS // bins
        self._memory_seconds = _MEMORY_DAYS * 86_400.0 / bins
        self.course = np.zeros((rows, bins))
        self._seen = np.zeros((rows, bins))

    def cells(self, rows: Rows, time_ns: Times) -> NDArray[np.intp]:
        """Return the cells that samples belong to, as places in `course`."""
        # The remainder by hand: numpy divides by a constant five times as fast as it takes remainders.
        number = time_ns // self._bin_ns
        cells: NDArray[np.intp] = rows - number // self._bins
        cells *= self._bins
        cells += number
        return cells

    def known(self, cells: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return whether each cell has been seen at all."""
        is_known: NDArray[np.bool_] = self._seen.reshape(-1).take(cells) > 0.0
        return is_known

    def learn(self, cells: NDArray[np.intp], weight: Floats, off: Floats, still: Held | None = None) -> None:
        """Move cells by how far samples of a round were off; those that are `still` (None: no one) stay."""
        course, seen = self.course.reshape(-1), self._seen.reshape(-1)
        if still is not None:
            weight = weight.copy()
            weight[still] = 0.0
        before = seen.take(cells)
        share = np.minimum(before, self._memory_seconds)
        share += weight
        np.maximum(share, _LEAST_SECONDS, out=share)
        np.divide(weight, share, out=share)
        share *= off
        course[cells] += share
        before += weight
        seen[cells] = before

    def state(self) -> State:
        """Return each row's course and how long each part of it was seen."""
        return {"course": self.course.copy(), "seen": self._seen.copy()}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' courses."""
        self.course[rows], self._seen[rows] = state["course"], state["seen"]
