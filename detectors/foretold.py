"""Values as they will be in a while against the rungs of a ladder: the limit that will be reached, before it is.

A value that surely heads for danger (`trend`) is judged by where its line leads in `lead_seconds`, any other by itself
(`limits`): the score is never lower than that of the value now, and falls back to it when the rise ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.limits import Limits, Steps
from detectors.trend import Heading, Trend, Trends


class Foretold:
    """Score what values will be against one ladder a row (None: no opinion).

    `headings` say how far ahead each row is judged and from how much of the past; directions are the ladders'.

    >>> sewer = Foretold([Steps((None, 2.0, 2.5, None))], [Heading(lead_seconds=1_800)])  # m
    >>> minutes = np.arange(41) * 60 * 1_000_000_000
    >>> score = sewer.update(np.zeros(41, np.intp), minutes, 1.0 + 0.02 * np.arange(41))
    >>> score[[5, 20, 40]].round(2).tolist(), round(sewer.seconds_to(40, 2.0) / 60)
    ([1.1, 2.0, 2.8], 10)
    >>> level = 1.0 + 0.02 * np.arange(41, 82) + np.random.default_rng(1).normal(0.0, 0.01, 41)
    >>> _ = sewer.update(np.zeros(41, np.intp), minutes + 41 * 60_000_000_000, level)
    >>> [round(second / 60, 1) for second in (sewer.seconds_to(5, 2.5), *sewer.seconds_between(5, 2.5))]
    [28.7, 28.7, 29.0]
    """

    name = "foretold"
    version = 1

    def __init__(self, ladders: Sequence[Steps | None], headings: Sequence[Heading | None]) -> None:
        self._limits = Limits(ladders)
        self._trends = Trends(
            [
                replace(heading, direction=steps.direction) if heading and steps else None
                for steps, heading in zip(ladders, headings, strict=True)
            ]
        )
        self._sign = np.array([steps.sign if steps else np.nan for steps in ladders])
        self._lead_seconds = np.array([one.lead_seconds if one else np.nan for one in headings])
        none = np.empty(0)
        self._last = np.empty(0, np.intp), none, none
        self._line = Trend(np.empty(0, np.int64), none, none, none, none, none)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary ladders, as contract tests and benchmarks use it."""
        kinds = (
            (Steps((None, 20.0, 50.0, 100.0), deadband=2.0), Heading(warm_up_seconds=180, least_scale=0.01)),
            (Steps((0.16, 0.14, None, None), "below"), Heading(warm_up_seconds=180)),
            (None, None),
        )
        return cls(*([kinds[row % 3][part] for row in range(rows)] for part in (0, 1)))  # type: ignore[arg-type]

    def thresholds(self) -> tuple[Floats, Floats]:
        """Return the scores at which levels are entered and left, as `Limits` does."""
        return self._limits.thresholds()

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        expected, self._line = self._trends.expected(rows, time_ns, value)
        self._last = rows, value, expected
        return self._limits.update(rows, time_ns, expected)

    def seconds_to(self, at: int, limit: float) -> float | None:
        """Return when the sample at a place of the last call reaches a limit: 0 when it has, None when not foretold."""
        rows, value, expected = self._last
        row, rise, left = rows[at], float(expected[at] - value[at]), float(limit - value[at])
        if left * self._sign[row] <= 0:
            return 0.0
        return left / rise * float(self._lead_seconds[row]) if rise else None

    def seconds_between(self, at: int, limit: float) -> tuple[float, float] | None:
        """Return at least and at most how long that is in nine of ten times; None when it was reached or not foretold.

        As far as the line goes on: a rise is foretold when it is three times its own uncertainty, so both have an end.
        """
        middle = self.seconds_to(at, limit)
        if not middle:
            return None
        line = self._line.sample(at)
        least, most = (float(seconds[0]) for seconds in line.seconds_between(limit))
        return min(least, middle), max(most, middle)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples head anywhere
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the state of the trends; limits have none."""
        return self._trends.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._trends.restore(state, rows)
