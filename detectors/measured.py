"""Any measure of a channel against the rungs of a ladder: a rate, a step, a moved line, in units that people use.

A bank that scores one thing against one threshold is turned to a ladder by taking what it measures instead:

    bank -> measure (a number a sample, NaN = no opinion) -> `limits` -> 1 blue, 2 yellow, 3 orange, 4 red
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from detectors.contract import Detector, Floats, Rows, Scores, State, Times, no_scores
from detectors.limits import Limits, Steps

Take: TypeAlias = Callable[[Rows, Times, Floats], Floats]
"""Takes samples as `update` does; returns what is measured of each."""


class Measured:
    """Score what a bank measures against one ladder a row (None: no opinion).

    `factor` turns what `take` returns into the unit of the rungs, a number or one for each row.

    >>> from detectors.level import Learning, Level
    >>> level = Level([Learning(86_400, 3_600, 60, least_scale=0.1)], limit=1.0)
    >>> outliers = Measured(level, level.update, [Steps((4.0, 8.0, None, None))])
    >>> times = np.arange(100) * 60 * 1_000_000_000
    >>> value = 300 + np.tile([1.0, -1.0], 50)  # kPa
    >>> value[90] = 305.0
    >>> score = outliers.update(np.zeros(100, np.intp), times, value)
    >>> score[[50, 80, 90]].round(1).tolist(), round(outliers.seen(90), 1)
    ([nan, 0.3, 1.3], 5.0)
    """

    def __init__(
        self, bank: Detector, take: Take, ladders: Sequence[Steps | None], factor: Floats | float = 1.0
    ) -> None:
        self.bank = bank
        self.name, self.version = bank.name, bank.version
        self._take = take
        self._limits = Limits(ladders)
        self._factor = np.broadcast_to(np.asarray(factor, np.float64), (len(ladders),))
        self._last = np.empty(0)

    def thresholds(self) -> tuple[Floats, Floats]:
        """Return the scores at which levels are entered and left, as `Limits` does."""
        return self._limits.thresholds()

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        self._last = self._take(rows, time_ns, value)
        self._last = self._last * self._factor.take(rows)
        return self._limits.update(rows, time_ns, self._last)

    def seen(self, at: int) -> float:
        """Return what was measured of the sample at a place of the last call, in the unit of the rungs."""
        return float(self._last[at])

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - what is measured moves with samples only
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the state of the bank; limits have none."""
        return self.bank.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self.bank.restore(state, rows)
