"""Running quantiles of each channel: where it ordinarily is, when "ordinarily" is lopsided.

A mean is no baseline for gas in a manhole or rain in a sewer: most of the time nothing, sometimes much. Quantiles are
followed by stochastic approximation: each sample moves the estimate up by p or down by 1 - p of a step, so that it
rests where a share p of the samples lies below it; time weighs the steps as in `level`.

Score = how far a value lies beyond the upper or lower quantile, in distances of that quantile from the median, / limit.
Robbins, Monro, A Stochastic Approximation Method, Ann. Math. Statist. 22, 1951; Tierney, A Space-Efficient Recursive
Procedure for Estimating a Quantile, SIAM J. Sci. Stat. Comput. 4, 1983.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.level import Learning, learning_parameters
from detectors.walking import Round, Table, walk

_FLATNESS = 1.6
"""Steps of 1 / (1.6 p (1 - p)) sigma come close to the best ones (1 / density) for bell-shaped noise."""
_SIGMAS = 1.2533
"""Standard deviations to one mean absolute deviation of such noise."""
_CLIP = 5.0
"""No sample teaches more than so many mean deviations."""


class Band(NamedTuple):
    """The quantiles of all rows now, one entry a row."""

    low: Floats
    middle: Floats
    high: Floats


class Quantiles:
    """Score how far values lie beyond their row's band between two quantiles (None: no opinion).

    A larger `limit` calls fewer values unusual.

    >>> gas = Quantiles([Learning(86_400, 3_600, 60, least_scale=0.1)])  # %LEL
    >>> minutes = np.arange(500) * 60 * 1_000_000_000
    >>> values = np.tile([0.2, 0.4, 0.3, 0.3, 1.1], 100)
    >>> score = gas.update(np.zeros(500, np.intp), minutes, values)
    >>> [float(column[0].round(1)) for column in gas.band()]
    [0.2, 0.3, 1.1]
    >>> gas.update(np.zeros(2, np.intp), minutes[-1:].repeat(2) + 1, np.array([1.0, 6.0])).round(1).tolist()
    [0.0, 3.1]
    """

    name = "quantiles"
    version = 1

    def __init__(
        self, learning: Sequence[Learning | None], *, low: float = 0.05, high: float = 0.95, limit: float = 2.0
    ) -> None:
        if not 0.0 < low < 0.5 < high < 1.0 or limit <= 0:  # noqa: PLR2004 - the median
            raise ValueError(
                f"quantiles must lie on either side of 0.5 and the limit above 0, got {low}, {high}, {limit}"
            )
        self._shares = low, 0.5, high
        self._limit = limit
        names = ("low", "middle", "high", "deviation", "learned")
        self._table = Table(names, learning_parameters(learning))

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Learning(tau_seconds=3_600, warm_up_seconds=300, look_seconds=60, least_scale=0.01)
        return cls([None if row % 4 == 0 else quick for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value)

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        seconds, value = samples.seconds, samples.value
        low, middle, high, deviation, learned = state
        tau, warm_up, look, least = parameters
        above = (value - high) / np.maximum(high - middle, least)
        below = (low - value) / np.maximum(middle - low, least)
        score: Floats = np.maximum(np.maximum(above, below), 0.0) / self._limit
        score[learned < warm_up] = np.nan

        is_first = learned == 0.0
        for quantile in (low, middle, high):
            np.copyto(quantile, value, where=is_first)
        weight = np.minimum(seconds, look)
        share = weight / (np.minimum(learned, tau) + weight)
        off = np.abs(value - middle)
        np.minimum(off, np.where(learned < warm_up, np.inf, _CLIP * np.maximum(deviation, least)), out=off)
        deviation += share * (off - deviation)
        learned += weight
        reach = share * _SIGMAS * np.maximum(deviation, least)
        for quantile, part in zip((low, middle, high), self._shares, strict=True):
            is_below = value < quantile
            step = reach / (_FLATNESS * part * (1.0 - part))
            moved = quantile + step * (part - is_below)
            # Never past the sample that calls for the move: a coarse step must not swing.
            last = np.where(is_below, np.maximum(moved, value), np.minimum(moved, value))
            np.copyto(quantile, last)
        return score

    def band(self) -> Band:
        """Return the quantiles as they are now."""
        return Band(*(self._table.column(name).copy() for name in ("low", "middle", "high")))

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples teach
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the quantiles, the mean deviation, the time learned, and that of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)
