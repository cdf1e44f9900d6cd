"""A channel's ordinary level and scale, learned robustly: what is unusual for this channel, in its own sigmas.

Mean and variance are exponentially weighted in time; residuals are clipped before they teach (Huber), so that spikes
move nothing. Score = |residual| / scale / limit: 1.0 = an outlier.

    weight of a sample = g / (min(learned, tau) + g)     g = seconds since the last one, at most one look

Until `tau` has been learned this is the plain mean of what was seen; then it forgets with time constant tau.
Finch, Incremental calculation of weighted mean and variance, 2009; Huber, Robust Estimation of a Location Parameter,
Ann. Math. Statist. 35(1), 1964.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import Round, Table, columns, walk

DAY = 86_400.0
Held: TypeAlias = NDArray[np.bool_] | NDArray[np.intp]
"""Places of a round: one truth each, or those that are meant."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How one channel's level is learned."""

    tau_seconds: float = 7 * DAY
    """Longer: slow drifts stay visible; shorter: the level follows them."""
    warm_up_seconds: float = DAY
    """No opinion before that much has been seen."""
    look_seconds: float = 60.0
    """One sample counts for at most this long. Take the reporting period, or the time in which noise stays alike."""
    least_scale: float = 1e-9
    """No scale is smaller: the channel's resolution, in its unit."""

    def __post_init__(self) -> None:
        """Refuse times and scales that are not above zero."""
        if min(self.tau_seconds, self.look_seconds, self.least_scale) <= 0 or self.warm_up_seconds < 0:
            raise ValueError(f"times and the least scale must be above 0, got {self}")


LEARNING_COLUMNS = ("mean", "variance", "learned")


def learning_parameters(learning: Sequence[Learning | None]) -> Floats:
    """Return tau, warm-up, look and least scale as columns; a row without learning never warms up."""
    ordinary = Learning()
    kinds = [one or ordinary for one in learning]
    warm_up = [one.warm_up_seconds if one else np.inf for one in learning]
    return columns(
        len(kinds),
        np.array([one.tau_seconds for one in kinds]),
        np.array(warm_up),
        np.array([one.look_seconds for one in kinds]),
        np.array([one.least_scale for one in kinds]),
    )


class View(NamedTuple):
    """How samples look from their rows' levels."""

    weight: Floats
    """Seconds that each sample counts."""
    residual: Floats
    scale: Floats
    sigmas: Floats
    cold: NDArray[np.bool_] | None
    """Rows still warming up; None when there are none."""


def look(state: Floats, parameters: Floats, seconds: Floats, value: Floats) -> View:
    """See samples from their levels; nothing changes."""
    mean, variance, learned = state[:3]
    _, warm_up, most, least = parameters[:4]
    weight = np.minimum(seconds, most, out=seconds)
    residual = value - mean
    scale = np.sqrt(variance)
    np.maximum(scale, least, out=scale)
    cold = learned < warm_up
    return View(weight, residual, scale, residual / scale, cold if np.count_nonzero(cold) else None)


def learn(
    state: Floats,
    parameters: Floats,
    view: View,
    sigmas: Floats,
    held: Held | None,
    *,
    start: float = 1.0,
) -> Floats:
    """Learn from samples whose residual, in sigmas, has been clipped; return what they taught, in units.

    `held` rows learn nothing; while a row warms up, only the newest `start` of what it saw counts.
    """
    mean, variance, learned = state[:3]
    share = np.minimum(learned, parameters[0])
    if view.cold is not None and start < 1.0:
        np.multiply(share, start, out=share, where=view.cold)
    share += view.weight
    np.divide(view.weight, share, out=share)
    clipped = sigmas * view.scale
    if view.cold is not None:
        np.copyto(clipped, view.residual, where=view.cold)
    if held is not None:
        share[held] = 0.0
        before = learned[held]
        learned += view.weight
        learned[held] = before
    else:
        learned += view.weight
    moved = share * clipped
    mean += moved
    moved *= clipped
    variance += moved
    np.subtract(1.0, share, out=share)
    variance *= share
    return clipped


class Level:
    """Score how unusual each value is for its row, given how each row's level is learned (None: no opinion).

    >>> pressure = Level([Learning(tau_seconds=3_600, warm_up_seconds=300, look_seconds=60, least_scale=0.5)])
    >>> minutes = np.arange(9) * 60 * 1_000_000_000
    >>> values = np.array([300.0, 302, 298, 301, 299, 300, 303, 280, 301])  # kPa
    >>> pressure.update(np.zeros(9, np.intp), minutes, values).round(2).tolist()
    [nan, nan, nan, nan, nan, 0.0, 0.58, 3.21, 0.13]
    >>> float(pressure.level()[0].round(1))
    300.0
    """

    name = "level"
    version = 1

    def __init__(self, learning: Sequence[Learning | None], *, limit: float = 4.0, clip: float = 3.0) -> None:
        self._limit, self._clip = limit, clip
        self._table = Table(LEARNING_COLUMNS, learning_parameters(learning))

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Learning(tau_seconds=3_600, warm_up_seconds=300, look_seconds=180, least_scale=0.01)
        return cls([None if row % 4 == 0 else quick for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value)

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        view = look(state, parameters, samples.seconds, samples.value)
        score = np.abs(view.sigmas)
        score *= 1.0 / self._limit
        sigmas = np.maximum(view.sigmas, -self._clip)
        np.minimum(sigmas, self._clip, out=sigmas)
        learn(state, parameters, view, sigmas, None)
        if view.cold is not None:
            np.copyto(score, np.nan, where=view.cold)
        return score

    def level(self) -> Floats:
        """Return each row's level as it is now."""
        return self._table.column("mean").copy()

    def scale(self) -> Floats:
        """Return each row's standard deviation as it is now, at least the least scale."""
        scale: Floats = np.maximum(np.sqrt(self._table.column("variance")), self._table.parameters[3])
        return scale

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples teach
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return mean, variance, time learned, and time of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)
