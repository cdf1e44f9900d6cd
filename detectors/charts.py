"""Control charts on a channel's own level: has it shifted, a little for long or a lot for a short time?

Two charts run over the residual z in sigmas (`level`), each weighted by time g, so that a channel's rate matters not:

    CUSUM  up = max(0, up + (z - k) g)          finds a lasting shift of 2 k sigma or more; k = shift / 2
    EWMA   e += g / (memory + g) (z - e)        finds smaller ones that last

Score = the larger of max(up, down) / (limit looks) and |e| / its limit: 1.0 = shifted. While it is 1.0 or more the
level does not learn, so that the fault does not become the baseline; after `freeze_seconds` of that it learns again.
Page, Continuous Inspection Schemes, Biometrika 41, 1954; Roberts, Control Chart Tests Based on Geometric Moving
Averages, Technometrics 1, 1959. With shift 1, a CUSUM limit of 8 gives one false alarm in 10,000 looks of white noise,
10 one in 70,000 (Siegmund, Sequential Analysis, 1985): choose the look as long as the noise stays alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy import count_nonzero
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.days import Days
from detectors.level import DAY, LEARNING_COLUMNS, Learning, learning_parameters
from detectors.pages import Pages
from detectors.season import LEAST_SECONDS, Season
from detectors.walking import Round, Table, columns, walk

_CLIP = 4.0
"""No single look counts for more sigmas: a spike is another detector's matter."""
_COLUMNS = (*LEARNING_COLUMNS, "up", "down", "ewma", "held")
_PAGE = ("course now", "seen now")
_EWMA, _COURSE, _SEEN = _COLUMNS.index("ewma"), len(_COLUMNS), len(_COLUMNS) + 1
_ZERO, _ALLOWANCE, _FAR, _ONE = 2, 3, 4, 5
"""Places among the constants, behind the clip."""
_SEASON_START = 0.25
"""A daily course is learned on a level of its own; what the level was before there was one is soon forgotten."""
_NEARLY = 0.999
"""Rows that stay below this share of their limits are quiet: their scores need not be worked out."""


class Chart(NamedTuple):
    """What the charts of all rows know, one entry a row."""

    level: Floats
    scale: Floats
    """One sigma, at least the least scale."""
    shift: Floats
    """The EWMA of the residual, in sigmas: how far the channel is from its level now."""
    up: Floats
    down: Floats
    """CUSUM in looks times sigmas."""


def _chart(
    up: Floats, down: Floats, ewma: Floats, memory: Floats, looks: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Move both charts on; return the larger CUSUM and the size of the EWMA."""
    weight, sigmas, constants = looks
    zero = constants[_ZERO]
    step = sigmas * weight
    up += step
    down -= step
    np.multiply(constants[_ALLOWANCE], weight, out=step)
    up -= step
    down -= step
    np.maximum(up, zero, out=up)
    np.maximum(down, zero, out=down)
    np.add(memory, weight, out=step)
    np.divide(weight, step, out=step)
    step *= sigmas - ewma
    ewma += step
    return np.maximum(up, down), np.abs(ewma)


class Charts:
    """Score shifts of each row's level (None: no opinion).

    `ewma_looks` is the memory of the EWMA chart; `cusum_limit` is in looks times sigmas, `ewma_limit` in the chart's
    own sigmas. With `bins` the level has a daily course of so many equal parts; a warm-up of three days learns it.
    With `days` each kind of day has its own; a warm-up of two weeks learns them.

    >>> flow = Charts([Learning(tau_seconds=86_400, warm_up_seconds=1_200, look_seconds=60, least_scale=1.0)])
    >>> minutes = np.arange(40) * 60 * 1_000_000_000
    >>> night = 20 + np.tile([0.4, -0.4, 1.2, -1.2], 10)  # m3/h
    >>> night[30:] += 2.5
    >>> score = flow.update(np.zeros(40, np.intp), minutes, night)
    >>> score[19:31].round(1).tolist()
    [nan, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0, 0.4]
    >>> score[31:36].round(1).tolist(), float(flow.chart().level[0].round(1))
    ([0.5, 0.7, 0.9, 1.2, 1.2], 20.3)
    """

    name = "charts"
    version = 1

    def __init__(
        self,
        learning: Sequence[Learning | None],
        *,
        shift: float = 1.0,
        cusum_limit: float = 8.0,
        ewma_looks: float = 9.0,
        ewma_limit: float = 4.5,
        freeze_seconds: float = 7 * DAY,
        bins: int = 0,
        days: Days | None = None,
    ) -> None:
        if min(shift, cusum_limit, ewma_looks, ewma_limit, freeze_seconds) <= 0:
            raise ValueError("shift, limits, memory and freeze time must be above 0")
        size = len(learning)
        looks = learning_parameters(learning)[2]
        # The variance of the chart over white noise, one sample a look: weight / (2 - weight).
        weight = 1.0 / (ewma_looks + 1.0)
        self._per_ewma = float(1.0 / (ewma_limit * np.sqrt(weight / (2.0 - weight))))
        of_charts = columns(
            size,
            1.0 / (cusum_limit * looks),
            2.0 * cusum_limit * looks,
            ewma_looks * looks,
            _NEARLY * cusum_limit * looks,
        )
        parameters = np.concatenate((learning_parameters(learning), of_charts))
        self._freeze_seconds = freeze_seconds
        self._season = Season(size, bins, days) if bins else None
        self._table = Table((*_COLUMNS, *_PAGE) if bins else _COLUMNS, parameters)
        self._pages = Pages(self._season, *self._table.floats[_COURSE:]) if self._season else None
        memory = self._season.memory_seconds if self._season else 0.0
        # Whole columns: numpy takes two to three times as long to meet an array with a number.
        far = _NEARLY / self._per_ewma
        self._constants = columns(size, -_CLIP, _CLIP, 0.0, shift / 2, far, 1.0, memory, LEAST_SECONDS)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Learning(tau_seconds=3_600, warm_up_seconds=300, look_seconds=60, least_scale=0.01)
        return cls([None if row % 4 == 0 else quick for row in range(rows)], freeze_seconds=3_600, bins=24)

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value, cells=self._turn(rows, time_ns))

    def shifts(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Take samples as `update` does; return by how many sigmas each row is shifted, 0 while it is not."""
        return walk(self._table, self._step_shift, rows, time_ns, value, cells=self._turn(rows, time_ns))

    def _turn(self, rows: Rows, time_ns: Times) -> Rows | None:
        return self._pages.turn(rows, time_ns) if self._pages else None

    def _step_shift(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        score = self._move(state, parameters, samples, is_brief=True)
        if score is None:
            return np.zeros(len(samples.value))
        shift: Floats = np.where(score >= 1.0, np.abs(state[_EWMA]), 0.0)
        np.copyto(shift, np.nan, where=np.isnan(score))
        return shift

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        score = self._move(state, parameters, samples, is_brief=False)
        return np.zeros(len(samples.value)) if score is None else score

    def _move(self, state: Floats, parameters: Floats, samples: Round, *, is_brief: bool) -> Floats | None:
        """Move on by one round; when the call is brief and all is warm and quiet, no scores are worked out."""
        value, size = samples.value, len(samples.value)
        if self._pages:
            if samples.cells is not None:
                self._pages.turn_round(samples.rows, samples.cells, state[_COURSE], state[_SEEN])
            value = value - state[_COURSE]
        mean, variance, learned, *of_charts = state
        _, warm_up, look_seconds, least, *limits = parameters
        constants = self._constants[:, :size]
        low, high = constants[:2]
        weight = np.minimum(samples.seconds, look_seconds)
        residual = value - mean
        scale = np.sqrt(variance)
        np.maximum(scale, least, out=scale)
        sigmas = residual / scale
        np.maximum(sigmas, low, out=sigmas)
        np.minimum(sigmas, high, out=sigmas)
        cold: NDArray[np.bool_] | None = None
        seen = sigmas
        is_warming = learned < warm_up
        if count_nonzero(is_warming):
            cold, is_brief = is_warming, False
            seen = np.where(cold, 0.0, sigmas)

        up, down, ewma, held = of_charts[:4]
        _, most, memory, near = limits
        peak, reach = _chart(up, down, ewma, memory, (weight, seen, constants))
        score: Floats | None = None
        is_held: Rows | None = None
        if is_brief and not count_nonzero(peak >= near) and not count_nonzero(reach >= constants[_FAR]):
            held.fill(0.0)
        else:
            np.minimum(up, most, out=up)
            np.minimum(down, most, out=down)
            score = np.minimum(peak, most, out=peak)
            score *= limits[0]
            reach *= self._per_ewma
            np.maximum(score, reach, out=score)
            is_held = self._hold(held, score >= 1.0, weight)
        self._teach(state, parameters, (weight, residual, scale, sigmas), cold=cold, is_held=is_held)
        if score is not None and cold is not None:
            np.copyto(score, np.nan, where=cold)
        return score

    def _teach(
        self,
        state: Floats,
        parameters: Floats,
        looks: tuple[Floats, Floats, Floats, Floats],
        *,
        cold: NDArray[np.bool_] | None,
        is_held: Rows | None,
    ) -> None:
        """Let level and daily course learn; what the samples looked like is used up."""
        weight, residual, scale, taught = looks
        mean, variance, learned = state[:3]
        taught *= scale
        share = np.minimum(learned, parameters[0])
        still: NDArray[np.bool_] | None = None
        if cold is not None:
            if self._pages:
                np.multiply(share, _SEASON_START, out=share, where=cold)
            np.copyto(taught, residual, where=cold)
            still = learned < np.minimum(parameters[1], DAY)
        share += weight
        np.divide(weight, share, out=share)
        if is_held is not None:
            share[is_held] = 0.0
            before = learned[is_held]
            learned += weight
            learned[is_held] = before
        else:
            learned += weight
        moved = share * taught
        mean += moved
        moved *= taught
        variance += moved
        one, days, least_seconds = self._constants[_ONE:, : len(mean)]
        np.subtract(one, share, out=share)
        variance *= share
        if not self._pages:
            return
        if still is not None:
            weight[still] = 0.0
        if is_held is not None:
            weight[is_held] = 0.0
        course, seen = state[_COURSE:]
        np.minimum(seen, days, out=share)
        share += weight
        np.maximum(share, least_seconds, out=share)
        np.divide(weight, share, out=share)
        share *= taught
        course += share
        seen += weight

    def _hold(self, held: Floats, shifted: NDArray[np.bool_], weight: Floats) -> Rows | None:
        """Count for how long rows have been shifted; return those that must not learn now."""
        if not count_nonzero(shifted):
            held.fill(0.0)
            return None
        held += weight
        held *= shifted
        # Few at a time: their places are quicker to spare than a whole mask.
        shifted &= held < self._freeze_seconds
        return shifted.nonzero()[0]

    def chart(self) -> Chart:
        """Return what the charts know now, for evidence."""
        column = self._table.column
        _, _, look_seconds, least, *_ = self._table.parameters
        scale = np.maximum(np.sqrt(column("variance")), least)
        up, down = column("up") / look_seconds, column("down") / look_seconds
        return Chart(column("mean").copy(), scale, column("ewma").copy(), up, down)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - a chart moves with samples only
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return level, charts, how long each row has been shifted, and time of the last sample."""
        state = dict(self._table.state())
        if self._season and self._pages:
            self._pages.close()
            for name in _PAGE:
                del state[name]
            state |= self._season.state()
        return state

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        if self._pages:
            state = {**state, **dict(zip(_PAGE, self._pages.restore(state, rows), strict=True))}
        self._table.restore(state, rows)
