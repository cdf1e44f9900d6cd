"""A channel that stops speaking, judged by the passing of journal time alone.

Rule 1: `update` takes times of receipt, not of the source: a channel that delivers its backlog is not silent.
Rule 2: only a finite value is heard; a channel that sends nothing but missing values is silent.
Rule 3: when journal time pauses or jumps, nobody was listening: a channel not yet silent gets a whole period anew,
one already silent stays as silent as it was.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.rounds import every_row

SECOND = 1_000_000_000
_NEVER = -(1 << 62)


class Silent:
    """Score the time since each row was last heard / its period; NaN seconds mean no opinion.

    `pause_seconds` is the longest ordinary time between two calls of `advance` (the journal ticks every 10 s).

    >>> bank = Silent(np.array([60.0]), pause_seconds=40)
    >>> [bank.advance(second * SECOND).score.tolist() for second in (0, 30, 60, 90)]
    [[], [], [1.0], [1.5]]
    >>> bank.update(np.array([0]), np.array([91 * SECOND]), np.array([3.5])).tolist()
    [0.0]
    >>> bank.advance(120 * SECOND).score.tolist()
    []
    """

    name = "silent"
    version = 1

    def __init__(self, period_seconds: Floats, pause_seconds: float = 15.0) -> None:
        has_period = np.isfinite(period_seconds)
        self._period_ns = np.where(
            has_period, np.round(np.where(has_period, period_seconds, 0) * SECOND), -_NEVER
        ).astype(np.int64)
        self._has_period = has_period
        self._has_all = bool(has_period.all())
        self._every = every_row(len(period_seconds))
        self._pause_ns = round(pause_seconds * SECOND)
        self._heard_ns = np.full(len(period_seconds), _NEVER, np.int64)
        self._moment_ns = np.full(len(period_seconds), _NEVER, np.int64)
        # The last tick, and the moment before which no row can be silent: most ticks look at these two only.
        self._last_ns = self._earliest_ns = _NEVER

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary periods, as contract tests and benchmarks use it."""
        return cls(np.where(np.arange(rows) % 4 == 0, np.nan, 180.0))

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Hear the rows; return 0 for each finite sample."""
        self._hear(rows, time_ns, value)
        return np.where(np.isfinite(value) & self._has_period.take(rows), 0.0, np.nan)

    def watch(self, rows: Rows, time_ns: Times, value: Floats) -> None:
        """Hear the rows; return no scores: who is heard is not silent."""
        self._hear(rows, time_ns, value)

    def _hear(self, rows: Rows, time_ns: Times, value: Floats) -> None:
        # What is heard makes silence come later, never earlier, unless the clock goes back.
        if len(time_ns) and time_ns.min() < self._last_ns:
            self._earliest_ns = _NEVER
        if rows is self._every and self._has_all and np.count_nonzero(np.isfinite(value)) == len(value):
            self._heard_ns[:] = time_ns
            return
        heard = np.isfinite(value) & self._has_period.take(rows)
        if np.count_nonzero(heard) == len(heard):
            self._heard_ns[rows] = time_ns
        else:
            self._heard_ns[rows[heard]] = time_ns[heard]

    def advance(self, now_ns: int) -> Scores:
        """Return the rows that have been silent for their period or longer."""
        if 0 <= now_ns - self._last_ns <= self._pause_ns and now_ns < self._earliest_ns:
            self._moment_ns[:] = self._last_ns = now_ns
            return no_scores()
        pause_ns = now_ns - self._moment_ns
        was_deaf = (pause_ns > self._pause_ns) | (pause_ns < 0)
        if was_deaf.any():
            self._listen_anew(was_deaf, now_ns)
        self._moment_ns[:] = self._last_ns = now_ns
        silence_ns = now_ns - self._heard_ns
        if len(silence_ns):
            self._earliest_ns = now_ns + int((self._period_ns - silence_ns).min())
        silent = np.flatnonzero(silence_ns >= self._period_ns)
        if silent.size == 0:
            return no_scores()
        score = silence_ns.take(silent) / self._period_ns.take(silent)
        return Scores(silent, np.full(silent.size, now_ns, np.int64), score)

    def _listen_anew(self, was_deaf: np.typing.NDArray[np.bool_], now_ns: int) -> None:
        silence_ns = self._moment_ns - self._heard_ns
        is_silent = (silence_ns >= self._period_ns) & (self._heard_ns != _NEVER)
        self._heard_ns = np.where(was_deaf, now_ns - np.where(is_silent, silence_ns, 0), self._heard_ns)

    def state(self) -> State:
        """Return when each row was last heard, and the moment of the last `advance`."""
        return {"heard_ns": self._heard_ns.copy(), "moment_ns": self._moment_ns.copy()}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._last_ns = self._earliest_ns = _NEVER
        self._heard_ns[rows] = state["heard_ns"]
        self._moment_ns[rows] = state["moment_ns"]
