"""A channel that speaks, but says nothing that can be judged: for how long already.

A sample is 1 (cannot be judged for the reason at hand) or 0 (can be judged); one of another reason is NaN and says
nothing. Score = seconds since the first 1 after the last 0 / hold. It keeps a sensor that is over its range, or that
reports itself broken, apart from one that is silent. QARTOD's gross range test (IOOS, Manual for Real-Time Quality
Control of In-situ Temperature and Salinity Data, test 4) fails the single readings; this tells of the channel.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import MOST, Round, Table, columns, walk

_FIT = -1.0


class Unfit:
    """Score how long each row has been unfit; NaN seconds mean no opinion.

    >>> bank = Unfit(np.array([60.0]))
    >>> times = np.array([0, 30, 60, 70]) * 1_000_000_000
    >>> bank.update(np.zeros(4, np.intp), times, np.array([1.0, 1.0, 1.0, 0.0])).round(3).tolist()
    [0.0, 0.5, 1.0, 0.0]
    """

    name = "unfit"
    version = 1

    def __init__(self, hold_seconds: Floats) -> None:
        self._table = Table(("held",), columns(len(hold_seconds), hold_seconds))
        self._table.floats[:] = _FIT
        self.is_idle = True
        """Whether every row is fit, so that samples of 0 would change nothing."""

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary times, as contract tests and benchmarks use it."""
        return cls(np.where(np.arange(rows) % 4 == 0, np.nan, 180.0))

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        is_marked = self._table.floats[0] > _FIT
        is_marked[rows[(value > 0.0) & (value <= MOST)]] = True
        marked = np.flatnonzero(is_marked.take(rows))
        score: Floats = np.where(np.abs(value) <= MOST, 0.0, np.nan)
        score += 0.0 * self._table.parameters[0].take(rows)
        score[marked] = walk(self._table, _step, rows.take(marked), time_ns.take(marked), value.take(marked))
        self.is_idle = not np.count_nonzero(self._table.floats[0] > _FIT)
        return score

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples tell
        """Change nothing: silence is another detector's matter."""
        return no_scores()

    def state(self) -> State:
        """Return for how long each row has been unfit, -1 while it is not, and the time of its last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)
        self.is_idle = not np.count_nonzero(self._table.floats[0] > _FIT)


def _step(state: Floats, parameters: Floats, samples: Round) -> Floats:
    held = state[0]
    gone = np.where(held > _FIT, held + samples.seconds, 0.0)
    held[:] = np.where(samples.value > 0.0, gone, _FIT)
    score: Floats = np.maximum(held, 0.0) / parameters[0]
    return score
