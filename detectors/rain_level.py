"""A level foretold from rain: what it will be in a while, and how sure that is.

The first member (a level in a sewer, a river gauge) `ahead` slots from now is a regression on its own last values and
on those of the others (rain gauges); each forecast is compared with what came, and a high quantile of the errors is
added to the next one. 1.0 = that upper edge reaches the limit. Rain heavier than any that taught says little of where
the level goes: no forecast leaves what was seen by more than a share of how wide that is.

    upper(t + ahead) = forecast + q        q += rate (error > q ? quantile : quantile - 1)

Rain to level by ARX: Young, Data-based mechanistic modelling, Math. Comput. Simul. 64, 2004; the running quantile:
Robbins, Monro, Ann. Math. Statist. 22(3), 1951.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.arx import MOST
from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.recursive import Recursive
from detectors.walking import NEVER

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True)
class Foreseeing:
    """What level is dangerous, how far ahead it is looked for, and how it is learned."""

    limit: float
    """In the level's unit."""
    span: float
    """One unit of score below the limit, in the level's unit: the score is 0 that far below."""
    slot_seconds: float = 300.0
    ahead: int = 6
    """Slots: thirty minutes of five-minute slots."""
    lags: int = 3
    """Slots of level and rain that count; take the time rain needs to arrive."""
    memory_slots: float = 8_640.0
    warm_up_slots: int = 288
    quantile: float = 0.9
    """Share of forecasts whose error stays under what is added."""
    beyond: float = 1.0
    """How far a forecast may leave the values seen so far, in widths of them: less keeps the first storms from being
    overrated, more foretells a rise that was never seen."""

    def __post_init__(self) -> None:
        """Refuse spans, slots and lags that are not above zero."""
        if min(self.span, self.slot_seconds, self.ahead, self.lags, self.memory_slots) <= 0:
            raise ValueError(f"span, slots, ahead, lags and memory must be above 0, got {self}")
        if not 0 < self.quantile < 1:
            raise ValueError(f"the quantile must lie between 0 and 1, got {self.quantile}")
        if not self.beyond >= 0:
            raise ValueError(f"beyond must not be below 0, got {self.beyond}")


class RainLevel:
    """Score the first member's level to come against its limit.

    >>> slots, hours = np.arange(1_500), np.arange(60) / 12.0
    >>> rain = np.random.default_rng(1).gamma(0.02, 20.0, 1_500)
    >>> level = 0.2 + np.convolve(rain, np.exp(-hours) * np.minimum(2.0 * hours, 1.0) / 20.0)[:1_500]
    >>> sewer = RainLevel(2, Foreseeing(limit=1.5, span=1.5, ahead=3))  # m, fifteen minutes ahead
    >>> edges = []
    >>> for slot in slots:
    ...     _ = sewer.update(np.array([slot * 300_000_000_000]), np.array([[level[slot], rain[slot]]]))
    ...     edges.append(sewer.expected())
    >>> forecast, upper = np.array(edges[800:-3]).T
    >>> errors, persisting = level[803:] - forecast, level[803:] - level[800:-3]
    >>> round((errors**2).mean() / (persisting**2).mean(), 1), round((level[803:] <= upper).mean(), 1)
    (np.float64(0.2), np.float64(0.9))
    """

    name = "rain_level"
    version = 2

    def __init__(self, members: int, foreseeing: Foreseeing) -> None:
        self._how = foreseeing
        self._model = Recursive(1 + members * foreseeing.lags, foreseeing.memory_slots)
        self._past = np.full((foreseeing.ahead + foreseeing.lags, members), np.nan)
        self._forecasts = np.full(foreseeing.ahead, np.nan)
        self._added, self._spread, self._seen = np.zeros(1), np.full(1, _LEAST_SPREAD), np.zeros(1)
        self._time_ns = np.full(1, NEVER, np.int64)
        self._seen_range = np.array([math.inf, -math.inf])

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that warms up soon, as contract tests use it."""
        return cls(members, Foreseeing(50.0, 50.0, slot_seconds=60, ahead=2, lags=1, warm_up_slots=5, memory_slots=30))

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN when nothing can be foretold."""
        slots = zip(time_ns.tolist(), columns, strict=True)
        return np.array([self._step(moment_ns, values) for moment_ns, values in slots], np.float64)

    def _step(self, moment_ns: int, values: Floats) -> float:
        how = self._how
        now = np.where(np.abs(values) <= MOST, values, np.nan)
        if np.isnan(now).all():
            return math.nan
        if moment_ns - int(self._time_ns[0]) > 1.5e9 * how.slot_seconds:
            self._past[:] = np.nan
            self._forecasts[:] = np.nan
        self._time_ns[0] = moment_ns
        self._past = np.vstack([now, self._past[:-1]])
        value = float(now[0])
        if math.isfinite(value):
            self._learn(value)
        forecast = self._forecast() if self._seen[0] >= how.warm_up_slots else math.nan
        self._forecasts = np.concatenate((self._forecasts[1:], [forecast]))
        if not math.isfinite(value) or not math.isfinite(forecast):
            return math.nan
        return max(0.0, 1.0 + (max(value, forecast + float(self._added[0])) - how.limit) / how.span)

    def _forecast(self) -> float:
        low, high = self._seen_range.tolist()
        room = self._how.beyond * (high - low)
        return float(min(max(self._model.expect(self._terms(0)), low - room), high + room))

    def _terms(self, ago: int) -> Floats:
        return np.concatenate(([1.0], self._past[ago : ago + self._how.lags].reshape(-1)))

    def _learn(self, value: float) -> None:
        how, error = self._how, value - float(self._forecasts[0])
        if math.isfinite(error):
            self._spread[0] += (min(abs(error), 10.0 * self._spread[0] + how.span) - self._spread[0]) / 100.0
            step = max(float(self._spread[0]), _LEAST_SPREAD) / 20.0
            self._added[0] += step * (how.quantile if error > self._added[0] else how.quantile - 1.0)
        self._model.learn(self._terms(how.ahead), value)
        self._seen[0] += 1.0
        self._seen_range[:] = min(self._seen_range[0], value), max(self._seen_range[1], value)

    def expected(self) -> tuple[float, float]:
        """Return the newest forecast and its upper edge, in the level's unit; NaN when there is none."""
        forecast = float(self._forecasts[-1])
        return forecast, forecast + float(self._added[0])

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the model, the past and the forecasts that wait for their value."""
        names = ("past", "forecasts", "added", "spread", "seen", "time_ns", "seen_range")
        return {name: getattr(self, f"_{name}").copy() for name in names} | dict(self._model.state())

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in ("past", "forecasts", "added", "spread", "seen", "time_ns", "seen_range"):
            setattr(self, f"_{name}", state[name].copy())
        self._model.restore(state)
