"""Values against the rungs of a ladder: 1 blue, 2 yellow, 3 orange, 4 red, linear between rungs.

Rule 1: the score reaches a rung's number exactly when the value reaches the rung.
Rule 2: below the lowest rung the score is a fraction of that rung's number, never under 0; beyond the highest it
grows on but stays below the next level's number.
Stateless. The four levels are those of the Emergency Response Law of the PRC, art. 42-44 (blue to red).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.rounds import every_row

_DEADBANDS_TO_ZERO = 4.0
"""The score falls to zero at least this many deadbands before the lowest rung, so that clearing stays above 0."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One ladder: the limits of blue, yellow, orange, red in canonical units; None skips a level."""

    rungs: tuple[float | None, float | None, float | None, float | None]
    direction: Literal["above", "below"] = "above"
    deadband: float = 0.0
    """How far a value must come back behind a rung before its level may clear."""

    def __post_init__(self) -> None:
        """Refuse rungs that do not grow in the ladder's direction."""
        limits = self.limits
        sign = self.sign
        if not limits or any(sign * a > sign * b for a, b in pairwise(limits)):
            raise ValueError(f"rungs must go {self.direction} from blue to red, got {self.rungs}")

    @property
    def sign(self) -> float:
        """1 when high values are dangerous, -1 when low ones are."""
        return 1.0 if self.direction == "above" else -1.0

    @property
    def limits(self) -> tuple[float, ...]:
        """The limits that there are, from the lowest level to the highest."""
        return tuple(rung for rung in self.rungs if rung is not None)

    @property
    def levels(self) -> tuple[int, ...]:
        """The level numbers of those limits."""
        return tuple(level for level, rung in enumerate(self.rungs, 1) if rung is not None)


@dataclass(frozen=True, slots=True)
class _Tables:
    """The ladders of all rows as columns; a row without a ladder is NaN throughout."""

    first: Floats
    number: Floats
    slope: Floats
    sign: Floats
    limits: Floats = field(repr=False)
    numbers: Floats = field(repr=False)
    slopes: Floats = field(repr=False)
    tops: Floats = field(repr=False)


class Limits:
    """Score values against one ladder a row (None: no opinion).

    >>> gas = Limits([Steps((None, 20.0, 50.0, 100.0))])  # %LEL
    >>> gas.update(np.zeros(6, np.intp), np.arange(6), np.array([0.0, 10.0, 20.0, 35.0, 100.0, np.nan])).tolist()
    [0.0, 1.0, 2.0, 2.5, 4.0, nan]
    >>> pressure = Limits([Steps((0.16, 0.14, None, None), "below")])  # MPa
    >>> pressure.update(np.zeros(4, np.intp), np.arange(4), np.array([0.24, 0.16, 0.15, 0.14])).round(6).tolist()
    [0.5, 1.0, 1.5, 2.0]
    """

    name = "limits"
    version = 1

    def __init__(self, ladders: Sequence[Steps | None]) -> None:
        self._ladders = ladders
        self._tables = _tables(ladders)
        self._high, self._low = _lowest(ladders, 1.0), _lowest(ladders, -1.0)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with ordinary ladders, as contract tests and benchmarks use it."""
        kinds = (
            Steps((None, 20.0, 50.0, 100.0), deadband=2.0),
            Steps((0.16, 0.14, 0.12, None), "below", deadband=0.01),
            Steps((0.0, None, None, None)),
            None,
        )
        return cls([kinds[row % len(kinds)] for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:  # noqa: ARG002 - a limit knows no time
        """Return one score per sample."""
        tables = self._tables
        number = tables.number.take(rows)
        with np.errstate(over="ignore", invalid="ignore"):
            score: Floats = value - tables.first.take(rows)
            score *= tables.slope.take(rows)
            score += number
            is_beyond = score >= number
            if np.count_nonzero(is_beyond):
                beyond = is_beyond.nonzero()[0]
                score[beyond] = self._beyond(rows[beyond], value[beyond])
            is_finite = np.isfinite(value)
            if np.count_nonzero(is_finite) < len(value):
                score[~is_finite] = np.nan
        np.maximum(score, 0.0, out=score)
        return score

    def watch(self, rows: Rows, time_ns: Times, value: Floats) -> Floats | None:
        """Return one score per sample; None when no value is at its row's lowest rung."""
        is_every = rows is every_row(len(self._ladders))
        for limit, has_reached in ((self._high, np.greater_equal), (self._low, np.less_equal)):
            if limit is None:
                continue
            if np.count_nonzero(has_reached(value, limit if is_every else limit.take(rows))):
                return self.update(rows, time_ns, value)
        return None

    def _beyond(self, rows: Rows, value: Floats) -> Floats:
        """Score samples at or (by rounding) just before the lowest rung."""
        tables = self._tables
        signed = value * tables.sign[rows]
        rung = (signed[:, None] >= tables.limits[rows]).sum(axis=1) - 1
        just_before = rung < 0
        rung[just_before] = 0
        score: Floats = tables.numbers[rows, rung] + (signed - tables.limits[rows, rung]) * tables.slopes[rows, rung]
        np.minimum(score, tables.tops[rows, rung], out=score)
        score[just_before] = np.nextafter(tables.number[rows[just_before]], -np.inf)
        return score

    def thresholds(self) -> tuple[Floats, Floats]:
        """Return for each row and level the scores at which the level is entered and left (inf: no such level)."""
        size = len(self._ladders)
        on, off = np.full((size, 4), np.inf), np.full((size, 4), np.inf)
        for row, steps in enumerate(self._ladders):
            if steps is None:
                continue
            limits = np.array(steps.limits)
            back = self.update(
                np.full(len(limits), row), np.zeros(len(limits), np.int64), limits - steps.sign * steps.deadband
            )
            # A missing lower level is entered and left together with the next level there is.
            for level in range(steps.levels[-1]):
                place = next(place for place, there in enumerate(steps.levels) if there > level)
                on[row, level] = steps.levels[place]
                off[row, level] = min(back[place], on[row, level])
        return on, off

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - a limit knows no time
        """Change nothing: a value is beyond its limit or it is not."""
        return no_scores()

    def state(self) -> State:
        """Return nothing: the bank is stateless."""
        return {}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over nothing."""


def _lowest(ladders: Sequence[Steps | None], sign: float) -> Floats | None:
    """Return the lowest rung of each row whose ladder has that sign, out of reach for others; None without any."""
    rungs = [steps.limits[0] if steps and steps.sign == sign else sign * np.inf for steps in ladders]
    return np.array(rungs) if np.isfinite(rungs).any() else None


def _tables(ladders: Sequence[Steps | None]) -> _Tables:
    size = len(ladders)
    columns = np.full((4, size), np.nan)
    first, number, slope, sign = columns
    limits, numbers = np.full((size, 4), np.inf), np.full((size, 4), np.nan)
    slopes, tops = np.zeros((size, 4)), np.full((size, 4), np.nan)
    for row, steps in enumerate(ladders):
        if steps is None:
            continue
        signed = [steps.sign * limit for limit in steps.limits]
        levels = steps.levels
        scale = max(abs(signed[0]), _DEADBANDS_TO_ZERO * steps.deadband) or (signed[-1] - signed[0]) or 1.0
        first[row], number[row], sign[row] = steps.limits[0], levels[0], steps.sign
        slope[row] = steps.sign * levels[0] / scale
        grades = [
            (upper - lower) / (b - a) if b > a else 0.0
            for (a, b), (lower, upper) in zip(pairwise(signed), pairwise(levels), strict=True)
        ]
        count = len(signed)
        limits[row, :count], numbers[row, :count] = signed, levels
        slopes[row, :count] = [*grades, grades[-1] if grades else levels[0] / scale]
        tops[row, :count] = np.nextafter([*levels[1:], levels[-1] + 1.0], -np.inf)
    return _Tables(first, number, slope, sign, limits, numbers, slopes, tops)
