"""Kinds of days: a Sunday's course is not a Monday's, a holiday is like a Sunday, a worked Saturday like a Friday.

Knows numbers of days since 1970-01-01 only; which of them are holidays is told by whoever has a calendar.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Times

KINDS = 3
"""Working days, Saturdays, Sundays: five days of a week have one course, and it is learned five times as fast."""
_WORKING, _SATURDAY, _SUNDAY = 0, 1, 2
_OF_WEEKDAY = np.array([_WORKING] * 5 + [_SATURDAY, _SUNDAY], np.intp)
_THURSDAY = 3
"""1970-01-01, counted from Monday."""


@dataclass(frozen=True, slots=True)
class Days:
    """The calendar of a place.

    >>> days = Days(holidays=(4,), workdays=(2,))
    >>> days.kinds(np.arange(8)).tolist()  # from a Thursday on; the Saturday is worked, the Monday is a holiday
    [0, 0, 0, 2, 2, 0, 0, 0]
    """

    utc_offset_seconds: int = 0
    """Where a day begins."""
    holidays: tuple[int, ...] = ()
    workdays: tuple[int, ...] = ()
    """Days at a weekend that are worked."""

    def kinds(self, day: Times) -> NDArray[np.intp]:
        """Return the kind of each day: 0 working, 1 Saturday, 2 Sunday or holiday."""
        kind: NDArray[np.intp] = _OF_WEEKDAY.take((day + _THURSDAY) % len(_OF_WEEKDAY))
        if self.workdays:
            kind[np.isin(day, self.workdays)] = _WORKING
        if self.holidays:
            kind[np.isin(day, self.holidays)] = _SUNDAY
        return kind
