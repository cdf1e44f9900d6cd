"""What a channel has never shown before: a new extreme of its value, its means, its unrest, or its daily course.

Six features of each channel are followed, and the band that each has stayed in so far:

    value                              mean over short, over middle           spread over middle
    mean over short - mean over long   mean over middle of (value - daily course at this hour)

Score = the largest exceedance of a band, as a share of the band's width, / limit: 1.0 = new by a margin. A band closes
slowly (`memory_seconds`), so that an old outlier does not blind it for ever. Extremes of n alike values come about
once in n: their false alarms grow rarer by themselves, whatever the distribution (Glick, Breaking Records and Breaking
Boards, Amer. Math. Monthly 85, 1978). The range rule alone is known from the Numenta detectors (Ahmad et al.,
Unsupervised real-time anomaly detection for streaming data, Neurocomputing 262, 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.level import DAY
from detectors.season import Season
from detectors.walking import Round, Table, columns, walk

FEATURES = ("value", "short", "middle", "spread", "swing", "course")
"""What can be new, in the order of `newest`."""
_COURSE = FEATURES.index("course")
_BINS = 24
_MOST_SCORE = 1e6
_MEANS = ("short", "middle", "long", "variance", "off", "watched", "compared")
_NAMES = (*_MEANS, *(f"low_{name}" for name in FEATURES), *(f"high_{name}" for name in FEATURES), "which")
_LOW = len(_MEANS)


@dataclass(frozen=True, slots=True)
class Watching:
    """How one channel is watched; the means should span many reporting periods."""

    limit: float = 0.03
    """Share of the band's width by which something is new; smaller tells more, and more that is nothing."""
    short_seconds: float = 3_600.0
    middle_seconds: float = 3 * 3_600.0
    long_seconds: float = 12 * 3_600.0
    look_seconds: float = 300.0
    """One sample counts for at most this long: take the reporting period."""
    warm_up_seconds: float = DAY
    """No opinion before that much has been seen."""
    course_seconds: float = 2 * DAY
    """No opinion on the daily course before so much has been compared with it, which starts after a day."""
    memory_seconds: float = 400 * DAY
    """A band that nothing touches closes with this time constant."""
    least_width: float = 1e-9
    """The channel's resolution, in its unit."""

    def __post_init__(self) -> None:
        """Refuse what is not above zero."""
        means = (self.short_seconds, self.middle_seconds, self.long_seconds, self.look_seconds)
        if min(self.limit, self.memory_seconds, self.least_width, *means) <= 0:
            raise ValueError(f"limits and times must be above 0, got {self}")


class Extremes:
    """Score what is new for each row (None: no opinion).

    >>> level = Extremes([Watching(short_seconds=1_800, middle_seconds=3_600, warm_up_seconds=36_000)])  # m
    >>> times = np.arange(400) * 300 * 1_000_000_000
    >>> depth = 0.30 + 0.05 * np.sin(np.arange(400) / 7)
    >>> depth[350:] += 0.2
    >>> score = level.update(np.zeros(400, np.intp), times, depth)
    >>> score[[60, 250, 349, 350, 360]].round(1).tolist(), level.newest()
    ([nan, 0.0, 0.0, 45.7, 2.5], ['middle'])
    """

    name = "extremes"
    version = 1

    def __init__(self, watching: Sequence[Watching | None]) -> None:
        kinds = [one or Watching() for one in watching]
        parameters = columns(
            len(kinds),
            np.array([one.limit for one in kinds]),
            np.array([one.short_seconds for one in kinds]),
            np.array([one.middle_seconds for one in kinds]),
            np.array([one.long_seconds for one in kinds]),
            np.array([one.look_seconds for one in kinds]),
            np.array([one.warm_up_seconds if one else np.inf for one in watching]),
            np.array([one.course_seconds if one else np.inf for one in watching]),
            np.array([one.memory_seconds for one in kinds]),
            np.array([one.least_width for one in kinds]),
        )
        self._table = Table(_NAMES, parameters)
        self._season = Season(len(kinds), _BINS)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Watching(look_seconds=3_600, warm_up_seconds=600, course_seconds=3_600, least_width=0.01)
        return cls([None if row % 4 == 0 else quick for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value)

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        seen, compared = state[5], state[6]
        limit, *_, look, warm_up, course_seconds, memory, least = parameters
        is_first = seen == 0.0
        weight = np.where(is_first, look, np.minimum(samples.seconds, look))
        seen += weight
        features = self._features(state, parameters, samples, weight, is_first)
        is_open = np.repeat((seen > 0)[None], len(FEATURES), axis=0)
        is_open[_COURSE] = compared > 0
        starts = np.repeat(is_first[None], len(FEATURES), axis=0)
        starts[_COURSE] = is_open[_COURSE] & (compared <= weight)

        low, high = state[_LOW : _LOW + len(FEATURES)], state[_LOW + len(FEATURES) : -1]
        np.copyto(low, features, where=starts)
        np.copyto(high, features, where=starts)
        is_warm = np.repeat((seen > warm_up)[None], len(FEATURES), axis=0)
        is_warm[_COURSE] &= compared > course_seconds
        width = high - low
        beyond = np.maximum(np.maximum(features - high, low - features), 0.0) / np.maximum(width, least)
        beyond = np.where(is_warm, beyond, 0.0)
        closing = np.where(is_warm, width * np.minimum(weight / memory, 0.5), 0.0)
        low[:] = np.where(is_open, np.minimum(low + closing, features), low)
        high[:] = np.where(is_open, np.maximum(high - closing, features), high)

        which, most = beyond.argmax(axis=0), beyond.max(axis=0)
        score: Floats = np.minimum(most / limit, _MOST_SCORE)
        state[-1] = np.where(score >= 1.0, which, state[-1])
        np.copyto(score, np.nan, where=~is_warm[0])
        return score

    def _features(
        self, state: Floats, parameters: Floats, samples: Round, weight: Floats, is_first: NDArray[np.bool_]
    ) -> Floats:
        short, middle, long, variance, off, seen, compared = state[:7]
        _, short_seconds, middle_seconds, long_seconds, *_ = parameters
        value = samples.value
        before = value - middle
        for mean, seconds in ((short, short_seconds), (middle, middle_seconds), (long, long_seconds)):
            moved = mean + weight / np.minimum(seen, seconds) * (value - mean)
            np.copyto(mean, np.where(is_first, value, moved))
        share = np.where(is_first, 1.0, weight / np.minimum(seen, middle_seconds))
        variance[:] = np.where(is_first, 0.0, (1.0 - share) * (variance + share * before * before))

        season = self._season
        cells = season.cells(samples.rows, samples.time_ns)
        residual = value - season.course.take(cells)
        is_known = (seen > DAY) & season.known(cells)
        season.learn(cells, weight, residual)
        compared += np.where(is_known, weight, 0.0)
        np.copyto(off, residual, where=is_known & (compared <= weight))
        part = np.where(is_known, weight / np.minimum(np.maximum(compared, 1e-9), middle_seconds), 0.0)
        off += part * (residual - off)
        return np.stack([value, short, middle, np.sqrt(variance), short - long, off])

    def newest(self) -> list[str]:
        """Return which feature of each row was new when one last was."""
        return [FEATURES[int(which)] for which in self._table.column("which")]

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples are new
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return means, bands, each row's daily course, and time of the last sample."""
        return {**self._table.state(), **self._season.state()}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)
        self._season.restore(state, rows)
