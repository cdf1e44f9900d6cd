"""The daily course of each channel: how far it ordinarily is from its level at each hour, learned cell by cell.

A cell is a mean over the days it was seen on, forgetting with a time constant of fourteen of them. Days are those of
UTC, which names the hours differently but not the course; summer time shifts it for a week or two. With a calendar
(`days`) each kind of day has a course of its own: the hours of working days, Saturdays, Sundays and holidays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.days import KINDS, Days
from detectors.walking import SECOND

_DAY_NS = 86_400 * SECOND
_MEMORY_DAYS = 14
LEAST_SECONDS = 1e-9


class Season:
    """One course a row, of `bins` equal parts of the day; with `days` one for each kind of day.

    >>> season = Season(rows=2, bins=24)
    >>> season.cells(np.array([0, 1]), np.array([3_600, 90_000]) * SECOND).tolist()
    [1, 25]
    """

    def __init__(self, rows: int, bins: int, days: Days | None = None) -> None:
        self._days = days
        self._bins = bins
        self._bin_ns = _DAY_NS // bins
        self.memory_seconds = _MEMORY_DAYS * 86_400.0 / bins
        self.width = KINDS * bins if days else bins
        self._offset_ns = days.utc_offset_seconds * SECOND if days else 0
        self.course = np.zeros((rows, self.width))
        self._seen = np.zeros(self.course.shape)

    def cells(self, rows: Rows, time_ns: Times) -> NDArray[np.intp]:
        """Return the cells that samples belong to, as places in `course`."""
        if self._days:
            local = (time_ns + self._offset_ns) // self._bin_ns
            day = local // self._bins
            own: NDArray[np.intp] = rows * self.width + self._days.kinds(day) * self._bins + (local - day * self._bins)
            return own
        # The remainder by hand: numpy divides by a constant five times as fast as it takes remainders.
        number = time_ns // self._bin_ns
        cells: NDArray[np.intp] = rows - number // self._bins
        cells *= self._bins
        cells += number
        return cells

    def part(self, time_ns: int) -> tuple[int, int, int]:
        """Return which cell of its row a time belongs to, and when that part of the day begins and ends."""
        number = (time_ns + self._offset_ns) // self._bin_ns
        day, part = divmod(number, self._bins)
        start_ns = number * self._bin_ns - self._offset_ns
        if self._days:
            part += int(self._days.kinds(np.array([day]))[0]) * self._bins
        return part, start_ns, start_ns + self._bin_ns

    def take(self, cells: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return the course at cells, and for how many seconds each was seen."""
        return self.course.reshape(-1).take(cells), self._seen.reshape(-1).take(cells)

    def put(self, cells: NDArray[np.intp], course: Floats, seen: Floats) -> None:
        """Take over course and seconds seen at cells."""
        self.course.reshape(-1)[cells], self._seen.reshape(-1)[cells] = course, seen

    def known(self, cells: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return whether each cell has been seen at all."""
        is_known: NDArray[np.bool_] = self._seen.reshape(-1).take(cells) > 0.0
        return is_known

    def learn(self, cells: NDArray[np.intp], weight: Floats, off: Floats) -> None:
        """Move cells by how far samples of a round were off."""
        course, seen = self.course.reshape(-1), self._seen.reshape(-1)
        before = seen.take(cells)
        share = np.minimum(before, self.memory_seconds)
        share += weight
        np.maximum(share, LEAST_SECONDS, out=share)
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
