"""Changes faster than anything real could be: a sensor that jumps about, a wrong byte order now and then.

Score = changes from one sample to the next above the limit per minute, each forgotten with `memory_seconds`, /
`count`: one jump may be a burst pipe, three within the hour (a little forgotten: 2.5) are a fault. IOOS, QARTOD test 7
(rate of change). A change within less than `least_seconds` is held against what may change in that time: a channel that
suddenly speaks a hundred times as often must not have its noise called speed.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import Round, Table, columns, walk

_MINUTE = 60.0


class Rates:
    """Score each row's recent changes that were too fast; a NaN limit (per minute) means no opinion.

    >>> bank = Rates(np.array([6.0]), count=2.0)
    >>> times = np.arange(5) * 10_000_000_000
    >>> bank.update(np.zeros(5, np.intp), times, np.array([1.0, 2.0, 9.0, 9.5, 2.0])).round(2).tolist()
    [0.0, 0.0, 0.5, 0.5, 1.0]
    """

    name = "rates"
    version = 1

    def __init__(
        self,
        limit_per_minute: Floats,
        memory_seconds: float = 3_600.0,
        count: float = 2.5,
        *,
        least_seconds: Floats | float = 0.0,
    ) -> None:
        """`least_seconds`: the channel's own period; longer is blinder to fast jumps, shorter takes noise for them."""
        size = len(limit_per_minute)
        parameters = columns(size, limit_per_minute, memory_seconds, count, least_seconds)
        self._table = Table(("value", "seen", "fast"), parameters)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary limits, as contract tests and benchmarks use it."""
        return cls(np.where(np.arange(rows) % 4 == 0, np.nan, 10.0), least_seconds=10.0)

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, _step, rows, time_ns, value)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples tell
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the last value, whether there was one, the fast changes, and the time of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)


def _step(state: Floats, parameters: Floats, samples: Round) -> Floats:
    value, seen, fast = state
    limit, memory, count, least = parameters
    change = np.abs(samples.value - value)
    fast *= memory / (memory + samples.seconds)
    fast += (change * _MINUTE > limit * np.maximum(samples.seconds, least)) & (seen > 0.0)
    value[:] = samples.value
    seen[:] = 1.0
    score: Floats = fast / count
    np.copyto(score, np.nan, where=np.isnan(limit))
    return score
