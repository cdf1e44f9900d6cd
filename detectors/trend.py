"""Where a channel is heading: level, slope with its uncertainty, and the time until it reaches a limit.

A straight line through the recent past by least squares, older samples weighing less (memory); its origin moves with
every sample, so that a row is a dozen sums. The slope counts only when it is `sigmas` times its own uncertainty.

    score = 2 lead / (lead + seconds to the limit)      1.0 = the limit is `lead` away, 2.0 = there, 0.0 = not heading

Rule 1: samples closer together than a look say the same thing; only the time that they cover counts.
Rule 2: after a gap longer than the memory the line begins anew.
Press et al., Numerical Recipes, section 15.2 (line fits and their uncertainties). A line is all it knows: a rise that
speeds up reaches the limit sooner, a filling basin that spills later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import Round, Table, columns, walk


@dataclass(frozen=True, slots=True)
class Heading:
    """How one channel's trend is followed, and to what limit."""

    memory_seconds: float = 1_800.0
    """Longer: surer of slow trends, later with sudden ones."""
    warm_up_seconds: float = 600.0
    """No opinion before a line of that length has been seen without a gap."""
    look_seconds: float = 60.0
    """The reporting period, or the time in which noise stays alike."""
    least_scale: float = 1e-9
    """Samples scatter at least that much about the line: the channel's resolution, in its unit."""
    limit: float | None = None
    """What must not be reached; None: follow the trend, score nothing."""
    direction: Literal["above", "below"] = "above"
    lead_seconds: float = 3_600.0
    """How long before the limit the score is 1.0."""

    def __post_init__(self) -> None:
        """Refuse a memory or a warm-up too short to hold a line."""
        if self.look_seconds <= 0 or min(self.memory_seconds, self.warm_up_seconds) < 3 * self.look_seconds:
            raise ValueError(f"memory and warm-up must be at least three looks, got {self}")
        if min(self.least_scale, self.lead_seconds) <= 0:
            raise ValueError(f"least scale and lead must be above 0, got {self}")


NINE_IN_TEN = 1.645
"""Sigmas on either side."""


class Trend(NamedTuple):
    """The line of each row at its last sample; NaN while it warms up."""

    time_ns: Times
    level: Floats
    slope: Floats
    """Units a second."""
    slope_scale: Floats
    """One sigma of the slope."""
    level_scale: Floats
    """One sigma of the level, as far as the line is uncertain."""
    shared: Floats
    """Covariance of level and slope: a line that is too high at its end is too steep."""

    def sample(self, at: int) -> Trend:
        """Return the line at one place alone."""
        one = slice(at, at + 1)
        of_slope = self.slope[one], self.slope_scale[one]
        return Trend(self.time_ns[one], self.level[one], *of_slope, self.level_scale[one], self.shared[one])

    def seconds_between(self, limit: Floats | float, sigmas: float = NINE_IN_TEN) -> tuple[Floats, Floats]:
        """Return at least and at most how long it is until a limit, in nine of ten times if the row goes on so.

        At most is inf when the row may not head for the limit at all.
        """
        return _seconds_between(np.asarray(limit) - self.level, self, sigmas)

    def seconds_to(self, limit: Floats | float, sigmas: float = 3.0) -> Floats:
        """Return the seconds until a limit: 0 when it is reached, inf when the row does not surely head for it.

        A limit above the level is reached by rising, one below it by falling.
        """
        return _seconds_to(np.asarray(limit) - self.level, self.slope, self.slope_scale * sigmas)


def _seconds_to(distance: Floats, slope: Floats, noise: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds: Floats = distance / slope
        return np.where((np.abs(slope) > noise) & (seconds >= 0), seconds, np.where(np.isnan(slope), np.nan, np.inf))


def _seconds_between(distance: Floats, line: Trend, sigmas: float) -> tuple[Floats, Floats]:
    """Return where the line's own uncertainty crosses the limit: Fieller's interval of the ratio distance / slope."""
    sure = sigmas * sigmas
    with np.errstate(divide="ignore", invalid="ignore"):
        square = line.slope**2 - sure * line.slope_scale**2
        middle = distance * line.slope + sure * line.shared
        rest = distance**2 - sure * line.level_scale**2
        root = np.sqrt(np.maximum(middle**2 - square * rest, 0.0))
        first, last = (middle - root) / square, (middle + root) / square
        least = np.where(square > 0.0, np.maximum(first, 0.0), 0.0)
        most = np.where(square > 0.0, np.maximum(last, 0.0), np.inf)
    is_cold = np.isnan(line.slope)
    return np.where(is_cold, np.nan, least), np.where(is_cold, np.nan, most)


_COLUMNS = ("seen", "w", "wt", "wtt", "wy", "wty", "wyy", "q", "qt", "qtt", "last")


class Trends:
    """Score how soon each row reaches its limit.

    >>> basin = Trends([Heading(limit=0.27, lead_seconds=1_800)])  # m
    >>> minutes = np.arange(21) * 60 * 1_000_000_000
    >>> level = 0.05 + 0.004 * np.arange(21) + np.tile([0.001, -0.001, 0.0], 7)
    >>> basin.update(np.zeros(21, np.intp), minutes, level)[[8, 10, 20]].round(2).tolist()
    [nan, 0.8, 0.92]
    >>> trend = basin.trend()
    >>> trend.level.round(3).tolist(), (60 * trend.slope).round(4).tolist()
    ([0.13], [0.004])
    >>> (trend.seconds_to(0.27) / 60).round().tolist(), trend.seconds_to(0.10).tolist()
    ([35.0], [inf])
    >>> [(seconds / 60).round(1).tolist() for seconds in trend.seconds_between(0.27)]
    [[34.5], [35.7]]
    """

    name = "trend"
    version = 1

    def __init__(self, headings: Sequence[Heading | None], *, sigmas: float = 3.0) -> None:
        self._sigmas = sigmas
        ordinary = Heading()
        kinds = [one or ordinary for one in headings]
        limits = [one.limit if one and one.limit is not None else np.nan for one in headings]
        parameters = columns(
            len(kinds),
            np.array([one.memory_seconds for one in kinds]),
            np.array([one.warm_up_seconds if one else np.inf for one in headings]),
            np.array([one.look_seconds for one in kinds]),
            np.array([one.least_scale for one in kinds]),
            np.array(limits),
            np.array([1.0 if one.direction == "above" else -1.0 for one in kinds]),
            np.array([one.lead_seconds for one in kinds]),
        )
        self._table = Table(_COLUMNS, parameters)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary limits, as contract tests and benchmarks use it."""
        kinds = (
            Heading(limit=60.0, warm_up_seconds=180),
            Heading(limit=0.0, direction="below", warm_up_seconds=180, least_scale=0.01),
            Heading(warm_up_seconds=180),
            None,
        )
        return cls([kinds[row % len(kinds)] for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value)

    def expected(self, rows: Rows, time_ns: Times, value: Floats) -> tuple[Floats, Trend]:
        """Take samples as `update` does; return each value as it will be after the row's lead, if it goes on so.

        A value that does not surely head for danger, and one whose row warms up, is returned as it is. Beside it stands
        the line of each sample.
        """
        lines = np.full((len(Trend._fields) - 1, len(value)), np.nan)
        rise = walk(self._table, self._foretell, rows, time_ns, value, beside=lines)
        return rise, Trend(time_ns, *lines)

    def slopes(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Take samples as `update` does; return each row's slope in units a second, 0 while it is not sure of one."""
        return walk(self._table, self._slope, rows, time_ns, value)

    def _slope(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        _move(state, parameters, samples.seconds, samples.value)
        _, slope, noise, *_ = _line(state, parameters)
        sure: Floats = np.where(np.abs(slope) <= noise * self._sigmas, 0.0, slope)
        return sure

    def _foretell(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        _move(state, parameters, samples.seconds, samples.value)
        _, slope, noise, *_ = line = _line(state, parameters)
        if samples.beside is not None:
            samples.beside[:] = line
        _, sign, lead = parameters[4:]
        is_sure = slope * sign > noise * self._sigmas
        rise: Floats = np.where(is_sure, slope, 0.0) * lead
        rise += samples.value
        return rise

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        _move(state, parameters, samples.seconds, samples.value)
        level, slope, noise, *_ = _line(state, parameters)
        noise *= self._sigmas
        limit, sign, lead = parameters[4:]
        distance, speed = (limit - level) * sign, slope * sign
        left = _seconds_to(np.maximum(distance, 0.0), speed, noise)
        left = np.where(distance <= 0, 0.0, np.where(speed > 0, left, np.inf))
        score: Floats = 2.0 * lead / (lead + left)
        score[np.isnan(slope) | np.isnan(limit)] = np.nan
        return score

    def trend(self) -> Trend:
        """Return level and slope of every row as they are now."""
        return Trend(self._table.time_ns.copy(), *_line(self._table.floats, self._table.parameters))

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - a line is drawn through samples only
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the sums of each row's line, and time of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)


def _move(state: Floats, parameters: Floats, seconds: Floats, value: Floats) -> None:
    """Let the sums age, move their origin to the new samples, and add these."""
    seen, w, wt, wtt, wy, wty, wyy, q, qt, qtt, last = state
    memory, _, look, *_ = parameters
    is_near = seconds <= memory
    step = np.where(is_near, seconds, 0.0)
    # (1 + x / 8)^-8 is exp(-x) to 3 % at x = 0.7, and gives the same bits wherever a stream is cut.
    age = 1.0 + 0.125 * step / memory
    age *= age
    age *= age
    age *= age
    kept = is_near / age
    kept_twice = kept * kept
    rise = np.where(is_near, value - last, 0.0)
    wyy += rise * (rise * w - 2.0 * wy)
    wty += step * (rise * w - wy) - rise * wt
    wy -= rise * w
    wtt += step * (step * w - 2.0 * wt)
    wt -= step * w
    qtt += step * (step * q - 2.0 * qt)
    qt -= step * q
    state[1:7] *= kept
    state[7:10] *= kept_twice
    weight = np.minimum(seconds, look)
    seen *= is_near
    seen += weight
    weight /= look
    w += weight
    # Noise that stays alike for a look adds up within it; over looks it adds up as squares.
    q += weight
    last[:] = value


def _line(state: Floats, parameters: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return level and slope, one sigma of slope and of level, and their covariance; NaN where a row warms up."""
    seen, w, wt, wtt, wy, wty, wyy, q, qt, qtt, last = state
    _, warm_up, _, least, *_ = parameters
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = wt / w
        spread = wtt - middle * wt
        slope = (wty - middle * wy) / spread
        offset = (wy - slope * wt) / w
        looks = w * w / q
        scatter = np.maximum(wyy - offset * wy - slope * wty, 0.0) / w
        scatter *= looks / np.maximum(looks - 2.0, 0.5)
        sigma = np.maximum(np.sqrt(scatter), least)
        noise = sigma * np.sqrt(np.maximum(qtt - 2.0 * middle * qt + middle * middle * q, 0.0)) / spread
        # The line at its origin, which is the last sample: its mean, and as much of its slope as lies between.
        own = sigma * sigma * q / (w * w)
        shared = sigma * sigma * (qt - middle * q) / (w * spread)
        variance = own - 2.0 * middle * shared + (middle * noise) ** 2
        shared -= middle * noise * noise
        height = np.sqrt(np.maximum(variance, 0.0))
    cold = seen < warm_up
    for column in (offset, slope, noise, height, shared):
        column[cold] = np.nan
    return last + offset, slope, noise, height, shared
