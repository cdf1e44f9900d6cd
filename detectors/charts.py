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

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.level import DAY, LEARNING_COLUMNS, Held, Learning, learn, learning_parameters, look
from detectors.season import Season
from detectors.walking import Round, Table, columns, walk

_CLIP = 4.0
"""No single look counts for more sigmas: a spike is another detector's matter."""


_COLUMNS = (*LEARNING_COLUMNS, "up", "down", "ewma", "held")
_LEARNED, _UP, _EWMA = _COLUMNS.index("learned"), _COLUMNS.index("up"), _COLUMNS.index("ewma")
_SEASON_START = 0.25
"""A daily course is learned on a level of its own; what the level was before there was one is soon forgotten."""


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


class Charts:
    """Score shifts of each row's level (None: no opinion).

    `ewma_looks` is the memory of the EWMA chart; `cusum_limit` is in looks times sigmas, `ewma_limit` in the chart's
    own sigmas. With `bins` the level has a daily course of so many equal parts; a warm-up of three days learns it.

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
    ) -> None:
        if min(shift, cusum_limit, ewma_looks, ewma_limit, freeze_seconds) <= 0:
            raise ValueError("shift, limits, memory and freeze time must be above 0")
        size = len(learning)
        self._allowance = shift / 2
        self._freeze_seconds = freeze_seconds
        looks = learning_parameters(learning)[2]
        # The variance of the chart over white noise, one sample a look: weight / (2 - weight).
        weight = 1.0 / (ewma_looks + 1.0)
        per_ewma = 1.0 / (ewma_limit * np.sqrt(weight / (2.0 - weight)))
        of_charts = columns(size, 1.0 / (cusum_limit * looks), 2.0 * cusum_limit * looks, ewma_looks * looks)
        parameters = np.concatenate((learning_parameters(learning), of_charts))
        self._per_ewma = float(per_ewma)
        self._season = Season(size, bins) if bins else None
        self._table = Table(_COLUMNS, parameters)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Learning(tau_seconds=3_600, warm_up_seconds=300, look_seconds=60, least_scale=0.01)
        return cls([None if row % 4 == 0 else quick for row in range(rows)], freeze_seconds=3_600, bins=24)

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value, cells=self._cells(rows, time_ns))

    def shifts(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Take samples as `update` does; return by how many sigmas each row is shifted, 0 while it is not."""
        return walk(self._table, self._step_shift, rows, time_ns, value, cells=self._cells(rows, time_ns))

    def _cells(self, rows: Rows, time_ns: Times) -> Rows | None:
        return self._season.cells(rows, time_ns) if self._season else None

    def _step_shift(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        score = self._step(state, parameters, samples)
        if np.count_nonzero(score < 1.0) != len(score):
            shift = np.where(score >= 1.0, np.abs(state[_EWMA]), 0.0)
            np.copyto(shift, np.nan, where=np.isnan(score))
            return shift
        return np.zeros(len(score))

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        value, season, cells = samples.value, self._season, samples.cells
        if season and cells is not None:
            value = value - season.course.take(cells)
        view = look(state, parameters, samples.seconds, value)
        ewma, held = state[_EWMA:]
        per_cusum, most, memory = parameters[4:]
        weight, sigmas = view.weight, view.sigmas
        np.maximum(sigmas, -_CLIP, out=sigmas)
        np.minimum(sigmas, _CLIP, out=sigmas)
        seen = sigmas
        if view.cold is not None:
            seen = np.where(view.cold, 0.0, sigmas)
        both = state[_UP : _UP + 2]
        steps = np.empty_like(both)
        np.subtract(seen, self._allowance, out=steps[0])
        np.subtract(-self._allowance, seen, out=steps[1])
        steps *= weight
        both += steps
        np.maximum(both, 0.0, out=both)
        np.minimum(both, most, out=both)
        part = memory + weight
        np.divide(weight, part, out=part)
        part *= seen - ewma
        ewma += part
        score: Floats = np.maximum(both[0], both[1])
        score *= per_cusum
        np.abs(ewma, out=part)
        part *= self._per_ewma
        np.maximum(score, part, out=score)
        shifted = score >= 1.0
        is_held = None
        if np.count_nonzero(shifted):
            held += weight
            held *= shifted
            # Few at a time: their places are quicker to spare than a whole mask.
            shifted &= held < self._freeze_seconds
            is_held = shifted.nonzero()[0]
        else:
            held[:] = 0.0
        if season and cells is not None:
            still: Held | None = is_held
            if view.cold is not None:
                still = state[_LEARNED] < np.minimum(parameters[1], DAY)
                if is_held is not None:
                    still[is_held] = True
            taught = learn(state, parameters, view, sigmas, is_held, start=_SEASON_START)
            season.learn(cells, weight, taught, still)
        else:
            learn(state, parameters, view, sigmas, is_held)
        if view.cold is not None:
            np.copyto(score, np.nan, where=view.cold)
        return score

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
        return {**self._table.state(), **(self._season.state() if self._season else {})}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)
        if self._season:
            self._season.restore(state, rows)
