"""The daily course of each row, the part of the day at hand lying open in two columns of a bank's state.

Most calls lie within one part of the day: they are walked on columns, and look up no cell. Only a row that turns to
another part is put back and taken up. Which page lies open is no state: closing and opening changes no number.
"""

from __future__ import annotations

import numpy as np

from detectors.contract import Floats, Rows, State, Times
from detectors.season import Season

_FEW = 4
"""A call with fewer rows than one of so many turns its own rows only."""


class Pages:
    """Pages of a season, opened into the columns `course` and `seen` of a table.

    >>> course, seen = np.zeros(2), np.zeros(2)
    >>> pages = Pages(Season(rows=2, bins=24), course, seen)
    >>> hour = 3_600_000_000_000
    >>> rows = np.array([0, 1])
    >>> pages.turn(rows, np.array([hour, hour + 1])) is None  # both in the second hour
    True
    >>> course[:] = 1.5, 2.5
    >>> pages.turn(rows, np.array([hour, 2 * hour])).tolist()  # cells 1 and 24 + 2
    [1, 26]
    >>> pages.turn_round(rows, np.array([1, 26]), course, seen)
    >>> course.tolist()
    [1.5, 0.0]
    """

    def __init__(self, season: Season, course: Floats, seen: Floats) -> None:
        self._season = season
        self._course, self._seen = course, seen
        self._first = np.arange(len(course)) * season.width
        self._open = self._first.copy()
        # All rows lie open at one part, which holds these times; at none while they differ.
        self._from_ns = self._until_ns = 0

    def turn(self, rows: Rows, time_ns: Times) -> Rows | None:
        """Open what a call needs and return None; return each sample's cell when its rows must turn as they go."""
        if not len(rows):
            return None
        first_ns, last_ns = int(time_ns.min()), int(time_ns.max())
        if self._from_ns <= first_ns and last_ns < self._until_ns:
            return None
        part, from_ns, until_ns = self._season.part(first_ns)
        if last_ns >= until_ns or _FEW * len(rows) < len(self._open):
            self._from_ns = self._until_ns = 0
            return self._season.cells(rows, time_ns)
        self.close()
        self._open, self._from_ns, self._until_ns = self._first + part, from_ns, until_ns
        self._course[:], self._seen[:] = self._season.take(self._open)
        return None

    def turn_round(self, rows: Rows, cells: Rows, course: Floats, seen: Floats) -> None:
        """Turn rows to their cells, where they lie open at others; their columns have been gathered."""
        before = self._open.take(rows)
        turned = np.flatnonzero(before != cells)
        if turned.size:
            self._season.put(before[turned], course[turned], seen[turned])
            course[turned], seen[turned] = self._season.take(cells[turned])
            self._open[rows[turned]] = cells[turned]

    def close(self) -> None:
        """Put all rows back; they stay open."""
        self._season.put(self._open, self._course, self._seen)

    def restore(self, state: State, rows: Rows) -> tuple[Floats, Floats]:
        """Take over the given rows' courses; return what belongs into their open columns."""
        self._season.restore(state, rows)
        return self._season.take(self._open[rows])
