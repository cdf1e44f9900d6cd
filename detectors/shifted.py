"""How far a channel has shifted from its own level and daily course, against the rungs of a ladder in sigmas.

`charts` decides whether there is a shift at all; how far is its EWMA. A row that has not shifted is at 0.
It knows no weather, and no weekends without `days`: the hourly inflows of ten real zones left their daily course by
2 sigmas about three times in two months each, so let it say blue, and let something else agree before anybody drives
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from detectors.charts import Charts
from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.days import Days
from detectors.level import Learning
from detectors.limits import Limits, Steps

_HOURS = 24


class Shifted:
    """Score lasting shifts against one ladder a row, its rungs in the row's own sigmas (None: no opinion).

    >>> bank = Shifted([Steps((1.0, 3.0, None, None))], [Learning(86_400, 3_600, 60, least_scale=0.1)], hours=0)
    >>> minutes = np.arange(100) * 60 * 1_000_000_000
    >>> pressure = 300 + np.tile([1.0, -1.0], 50)  # kPa
    >>> pressure[70:] -= 4
    >>> bank.update(np.zeros(100, np.intp), minutes, pressure)[[59, 60, 72, 75, 90]].round(1).tolist()
    [nan, 0.0, 0.9, 1.3, 1.9]
    """

    name = "shifted"
    version = 1

    def __init__(
        self,
        ladders: Sequence[Steps | None],
        learning: Sequence[Learning | None],
        *,
        hours: int = _HOURS,
        days: Days | None = None,
    ) -> None:
        self._limits = Limits(ladders)
        # Whether a row that has not shifted is below its ladder.
        self._is_calm = all(steps is None or steps.sign * steps.limits[0] > 0.0 for steps in ladders)
        self._charts = Charts(learning, bins=hours, days=days)
        self._last = np.empty(0)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Learning(tau_seconds=3_600, warm_up_seconds=300, look_seconds=60, least_scale=0.01)
        is_watched = [row % 4 > 0 for row in range(rows)]
        steps = Steps((1.0, 2.0, 3.0, None), deadband=0.5)
        return cls([steps if one else None for one in is_watched], [quick if one else None for one in is_watched])

    def thresholds(self) -> tuple[Floats, Floats]:
        """Return the scores at which levels are entered and left, as `Limits` does."""
        return self._limits.thresholds()

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        self._last = self._charts.shifts(rows, time_ns, value)
        return self._limits.update(rows, time_ns, self._last)

    def watch(self, rows: Rows, time_ns: Times, value: Floats) -> Floats | None:
        """Return one score per sample; None when nothing has shifted."""
        self._last = self._charts.shifts(rows, time_ns, value)
        if self._is_calm and not np.count_nonzero(self._last > 0.0):
            return None
        return self._limits.update(rows, time_ns, self._last)

    def seen(self, at: int) -> float:
        """Return by how much the row of the sample at a place of the last call was shifted then."""
        return float(self._last[at])

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - a level shifts with samples only
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the state of the charts; limits have none."""
        return self._charts.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._charts.restore(state, rows)
