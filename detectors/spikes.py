"""Values that stand out of their two neighbours: a loose contact, a disturbed line, a late answer.

A sample is a spike when it lies beyond both neighbours by more than the limit, so that a step or a ramp is none:

    |middle - median(before, middle, after)| > limit

Score = spikes, each forgotten with `memory_seconds`, / `count`: one spike is chance, three (a little
forgotten: 2.5) are a fault. A spike is
known when the next sample comes. IOOS, QARTOD test 6 (spike), with the median instead of the mean of the neighbours,
which half of every step would exceed.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import Round, Table, columns, walk

_ENOUGH = 2.0


class Spikes:
    """Score each row's recent spikes; a NaN limit means no opinion.

    >>> bank = Spikes(np.array([5.0]), count=2.0)
    >>> seconds = np.arange(7) * 1_000_000_000
    >>> bank.update(np.zeros(7, np.intp), seconds, np.array([1.0, 1, 9, 1, 1, 20, 20])).round(2).tolist()
    [0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5]
    """

    name = "spikes"
    version = 1

    def __init__(self, limit: Floats, memory_seconds: float = 3_600.0, count: float = 2.5) -> None:
        self._table = Table(("middle", "before", "seen", "spikes"), columns(len(limit), limit, memory_seconds, count))

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary limits, as contract tests and benchmarks use it."""
        return cls(np.where(np.arange(rows) % 4 == 0, np.nan, 10.0))

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, _step, rows, time_ns, value)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples tell
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the last two values, how many were seen, the spikes, and the time of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)


def _step(state: Floats, parameters: Floats, samples: Round) -> Floats:
    middle, before, seen, spikes = state
    limit, memory, count = parameters
    low, high = np.minimum(before, samples.value), np.maximum(before, samples.value)
    outside = np.maximum(middle - high, low - middle)
    spikes *= memory / (memory + samples.seconds)
    spikes += (outside > limit) & (seen >= _ENOUGH)
    before[:] = middle
    middle[:] = samples.value
    np.minimum(seen + 1.0, _ENOUGH, out=seen)
    score: Floats = spikes / count
    np.copyto(score, np.nan, where=np.isnan(limit))
    return score
