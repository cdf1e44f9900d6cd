"""Evenly sampled stretches of waveforms: a window is full when so many samples came without a gap.

Rule 1: a step longer than one and a half periods, or shorter than half of one, starts the window anew: a spectrum has
no holes, and at another sampling rate every line would seem to have moved.
Rule 2: windows overlap by half (Welch), and each is handed over as it was filled: cuts change nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detectors.contract import Floats, Rows, State, Times
from detectors.rounds import sort_rows
from detectors.walking import MOST, NEVER

SECOND = 1_000_000_000
_SHORTEST_STEP, _LONGEST_STEP = 0.5, 1.5


class Windows:
    """The window of each row and the score of its newest full one; a length of 0 watches nothing.

    >>> windows = Windows([4], np.array([100.0]))
    >>> times = np.arange(7) * SECOND // 100
    >>> sums = windows.update(np.zeros(7, np.intp), times, np.arange(7.0), lambda row, window: float(window.sum()))
    >>> sums.tolist()
    [nan, nan, nan, 6.0, 6.0, 14.0, 14.0]
    """

    def __init__(self, lengths: list[int], rate_hz: Floats) -> None:
        self.lengths = lengths
        size = len(lengths)
        self._most_ns = np.round(_LONGEST_STEP * SECOND / rate_hz).astype(np.int64)
        self._least_ns = np.maximum(np.round(_SHORTEST_STEP * SECOND / rate_hz).astype(np.int64), 1)
        self._buffer = np.zeros((size, max([*lengths, 1])))
        self._filled = np.zeros(size, np.int64)
        self._last_ns = np.full(size, NEVER, np.int64)
        self._score = np.full(size, np.nan)

    def update(self, rows: Rows, time_ns: Times, value: Floats, judge: Callable[[int, Floats], float]) -> Floats:
        """Return one score a sample: what `judge` said of the row's newest full window."""
        score = np.full(len(rows), np.nan)
        good = np.flatnonzero(np.abs(value) <= MOST)
        order = good[sort_rows(rows.take(good))]
        own = rows.take(order)
        bounds = np.concatenate([[0], np.flatnonzero(np.diff(own)) + 1, [len(own)]]) if len(own) else np.zeros(1, int)
        for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            places = order[start:end]
            score[places] = self._row(int(own[start]), time_ns.take(places), value.take(places), judge)
        return score

    def _row(self, row: int, time_ns: Times, value: Floats, judge: Callable[[int, Floats], float]) -> Floats:
        length = self.lengths[row]
        score = np.full(len(value), np.nan)
        if not length:
            return score
        step_ns = np.diff(time_ns, prepend=self._last_ns[row])
        breaks = np.flatnonzero((step_ns < self._least_ns[row]) | (step_ns > self._most_ns[row]))
        self._last_ns[row] = time_ns[-1]
        at, current = 0, float(self._score[row])
        for stop in [*breaks.tolist(), len(value)]:
            while at < stop:
                filled = int(self._filled[row])
                taken = min(length - filled, stop - at)
                self._buffer[row, filled : filled + taken] = value[at : at + taken]
                self._filled[row] = filled + taken
                score[at : at + taken] = current
                at += taken
                if filled + taken == length:
                    current = judge(row, self._buffer[row, :length].copy())
                    score[at - 1] = current
                    half = length // 2
                    self._buffer[row, :half] = self._buffer[row, length - half : length]
                    self._filled[row] = half
            if stop < len(value):
                self._filled[row], current = 0, float("nan")
        self._score[row] = current
        return score

    def state(self) -> State:
        """Return the windows as they are filled, the time of each row's last sample, and the newest scores."""
        return {
            "buffer": self._buffer.copy(),
            "filled": self._filled.copy(),
            "last_ns": self._last_ns.copy(),
            "score": self._score.copy(),
        }

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._buffer[rows], self._filled[rows] = state["buffer"], state["filled"]
        self._last_ns[rows], self._score[rows] = state["last_ns"], state["score"]
