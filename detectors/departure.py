"""How far a channel has departed from where it was, in its own ordinary departures: drift passes, a change does not.

A level in sigmas (`charts`) takes noise as independent; most processes wander. Here the yardstick is the wandering
itself: how far the short mean ordinarily is from the slow base.

    departure = mean over `short_seconds` - base           scale = mean |departure|, both over `tau_seconds`
    score = |departure| / (scale * limit)                  1.0 = departed

Base and scale learn from what is clipped at three scales, and at a share `slow` of their pace while the departure is
beyond `gate` scales: a fault is absorbed late, a new normal in the end. Huber, Robust Estimation of a Location
Parameter, Ann. Math. Statist. 35(1), 1964; Trigg, Monitoring a forecasting system, Oper. Res. Q. 15, 1964, for the
smoothed error over its mean absolute value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import Round, Table, columns, walk

_CLIP = 3.0
_MOST_SCORE = 1e6


@dataclass(frozen=True, slots=True)
class Departing:
    """How one channel is watched."""

    limit: float = 5.0
    """In scales: larger for channels that wander for reasons of their own."""
    short_seconds: float = 10.0
    """Longer: later, and smaller departures are seen."""
    tau_seconds: float = 1_000.0
    """Longer: slower drifts become departures."""
    warm_up_seconds: float = 400.0
    """No opinion before that much has been seen."""
    gate: float = 4.0
    """Beyond so many scales it learns slowly."""
    slow: float = 0.3
    """At which share of its pace; 0 would keep a base for ever that is gone."""
    look_seconds: float = 2.0
    """One sample counts for at most this long."""
    least_scale: float = 1e-9
    """The channel's resolution, in its unit."""

    def __post_init__(self) -> None:
        """Refuse what is not above zero."""
        above = (self.limit, self.short_seconds, self.tau_seconds, self.gate, self.look_seconds, self.least_scale)
        if min(above) <= 0 or self.warm_up_seconds < 0 or not 0 <= self.slow <= 1:
            raise ValueError(f"limits and times must be above 0 and the slow share in 0..1, got {self}")


class Departures:
    """Score departures of each row (None: no opinion).

    >>> flow = Departures([Departing(limit=4.0, warm_up_seconds=60, tau_seconds=100)])  # l/min
    >>> seconds = np.arange(120)
    >>> value = 32.0 + 0.1 * np.sin(seconds) + 0.002 * seconds - np.where(seconds >= 100, 1.0, 0.0)
    >>> score = flow.update(np.zeros(120, np.intp), seconds * 1_000_000_000, value)
    >>> score[[30, 70, 90, 99, 102, 105, 115]].round(1).tolist()
    [nan, 0.6, 0.7, 0.5, 1.0, 2.1, 3.6]
    """

    name = "departure"
    version = 1

    def __init__(self, departing: Sequence[Departing | None]) -> None:
        kinds = [one or Departing() for one in departing]
        parameters = columns(
            len(kinds),
            np.array([one.limit for one in kinds]),
            np.array([one.short_seconds for one in kinds]),
            np.array([one.tau_seconds for one in kinds]),
            np.array([one.warm_up_seconds if one else np.inf for one in departing]),
            np.array([one.gate for one in kinds]),
            np.array([one.slow for one in kinds]),
            np.array([one.look_seconds for one in kinds]),
            np.array([one.least_scale for one in kinds]),
        )
        self._table = Table(("short", "base", "scale", "learned", "scaled"), parameters)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Departing(short_seconds=120, tau_seconds=3_600, warm_up_seconds=300, look_seconds=60, least_scale=0.01)
        return cls([None if row % 4 == 0 else quick for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value)

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        short, base, scale, learned, scaled = state
        limit, short_seconds, tau, warm_up, gate, slow, look, least = parameters
        value = samples.value
        is_first = learned == 0.0
        weight = np.minimum(samples.seconds, look)
        learned += weight
        for mean in (short, base):
            np.copyto(mean, value, where=is_first)
        seen = np.maximum(learned, 1e-9)
        short += weight / np.minimum(seen, short_seconds) * (value - short)
        departure = short - base
        ordinary = np.maximum(scale, least)
        score = np.abs(departure) / ordinary
        is_cold = learned < warm_up
        pace = np.where(~is_cold & (score > gate), weight * slow, weight)
        most = np.where(is_cold, np.inf, _CLIP * ordinary)
        base += pace / np.minimum(seen, tau) * np.clip(value - base, -most, most)
        # While the short mean fills it hugs the base, and would teach a scale that is too small.
        np.copyto(pace, 0.0, where=learned <= short_seconds)
        scaled += pace
        share = pace / np.minimum(np.maximum(scaled, 1e-9), tau)
        scale += share * (np.minimum(np.abs(departure), most) - scale)
        told: Floats = np.minimum(score / limit, _MOST_SCORE)
        np.copyto(told, np.nan, where=is_cold)
        return told

    def departures(self) -> Floats:
        """Return how far each row is from its base now, in its unit, above 0 = higher."""
        difference: Floats = self._table.column("short") - self._table.column("base")
        return difference

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return means, scale, the time learned, and that of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)
