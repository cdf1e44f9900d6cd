"""What a member should be from its own past and from others: the residual of an ARX model, its shift added up.

The first member is told from its last values and from the others' now and before (a level from inflow and rain). The
residual in its own sigmas, clipped, goes into a two-sided CUSUM. While the score is 1.0 or more nothing is learned, for
`freeze_slots` at most.

    y(t) = c + a1 y(t-1) + ... + b0 u(t) + b1 u(t-1) + ... + e       sum = max(0, sum + (+-e / sigma - k))

Ljung, System Identification, chapter 4; Page, Biometrika 41, 1954.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.contract import Floats, Scores, State, Times, no_scores
from detectors.recursive import Recursive
from detectors.walking import NEVER

MOST = 1e12
"""No measurement is larger: its moments are still numbers."""
_CLIP = 4.0
_LEAST_SHARE = 1e-5
"""A ridge of a millionth keeps the regression solvable, and its expectation off by that share: no shift of anything."""


@dataclass(frozen=True, slots=True)
class Arx:
    """One model: how far it looks back, how it learns, what it takes for a shift."""

    slot_seconds: float = 3_600.0
    """A slot that comes later than one and a half of it has no past."""
    lags: int = 2
    """Slots before that count. More: slower rhythms are followed, and more must be learned."""
    memory_slots: float = 720.0
    """Longer: surer coefficients; shorter: they follow the season."""
    warm_up_slots: int = 48
    shift: float = 1.0
    """Smallest shift of the residual that matters, in sigmas."""
    limit: float = 8.0
    """Larger: fewer false alarms, later true ones; slots times sigmas."""
    freeze_slots: int = 168
    least_sigma: float = 1e-6
    """The target's resolution."""

    def __post_init__(self) -> None:
        """Refuse times, lags and limits that are not above zero."""
        if min(self.slot_seconds, self.lags, self.memory_slots, self.shift, self.limit, self.least_sigma) <= 0:
            raise ValueError(f"slots, lags, memory, shift, limit and least sigma must be above 0, got {self}")


class ArxResidual:
    """Score how far the first member has shifted from what its past and the others tell.

    >>> slots = np.arange(400)
    >>> rain = np.random.default_rng(1).gamma(0.3, 2.0, 400)
    >>> level = np.convolve(rain, [0.0, 0.5, 0.3, 0.2])[:400] + 2.0
    >>> level[350:] += 0.5
    >>> tank = ArxResidual(2, Arx(lags=3, least_sigma=0.05))
    >>> score = tank.update(slots * 3_600_000_000_000, np.stack([level, rain], axis=1))
    >>> bool(np.nanmax(score[:350]) < 1.0), bool(score[360] >= 1.0)
    (True, True)
    """

    name = "arx"
    version = 1

    def __init__(self, members: int, arx: Arx) -> None:
        self._arx = arx
        self._model = Recursive(1 + members * arx.lags + members - 1, arx.memory_slots)
        self._past = np.full((arx.lags, members), np.nan)
        self._sums = np.zeros(2)
        self._variance, self._seen, self._held = np.zeros(1), np.zeros(1), np.zeros(1)
        self._time_ns = np.full(1, NEVER, np.int64)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that warms up soon, as contract tests use it."""
        return cls(members, Arx(slot_seconds=60, lags=1, warm_up_slots=6, memory_slots=30, freeze_slots=5))

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot; NaN when the first member is absent or not known yet."""
        slots = zip(time_ns.tolist(), columns, strict=True)
        return np.array([self._step(moment_ns, values) for moment_ns, values in slots], np.float64)

    def _step(self, moment_ns: int, values: Floats) -> float:
        now = np.where(np.abs(values) <= MOST, values, np.nan)
        if np.isnan(now).all():
            return math.nan
        if moment_ns - int(self._time_ns[0]) > 1.5e9 * self._arx.slot_seconds:
            self._past[:] = np.nan
        terms = np.concatenate(([1.0], self._past.reshape(-1), now[1:]))
        value = float(now[0])
        score = math.nan
        if math.isfinite(value):
            score = self._judge(terms, value)
        self._past = np.vstack([now, self._past[:-1]])
        self._time_ns[0] = moment_ns
        return score

    def _judge(self, terms: Floats, value: float) -> float:
        arx, expected = self._arx, self._model.expect(terms)
        score = math.nan
        sigma = max(math.sqrt(float(self._variance[0])), arx.least_sigma, _LEAST_SHARE * abs(value))
        off = (value - expected) / sigma if math.isfinite(expected) else 0.0
        off = min(max(off, -_CLIP), _CLIP)
        if self._seen[0] >= arx.warm_up_slots and math.isfinite(expected):
            drive = np.array([off, -off]) - arx.shift / 2.0
            self._sums = np.clip(self._sums + drive, 0.0, 2.0 * arx.limit)
            score = float(self._sums.max()) / arx.limit
        is_off = score >= 1.0
        self._held[0] = self._held[0] + 1.0 if is_off else 0.0
        if not is_off or self._held[0] > arx.freeze_slots:
            self._learn(terms, value, expected, off * sigma)
        return score

    def _learn(self, terms: Floats, value: float, expected: float, clipped: float) -> None:
        self._model.learn(terms, value)
        # The first half of the warm-up is for the coefficients: their errors say nothing of the noise.
        counted = self._seen[0] - self._arx.warm_up_slots / 2.0
        if math.isfinite(expected) and counted >= 0:
            share = 1.0 / min(counted + 1.0, self._arx.memory_slots)
            off = clipped if self._seen[0] >= self._arx.warm_up_slots else value - expected
            self._variance[0] += share * (off**2 - self._variance[0])
        self._seen[0] += 1.0

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the model, the past and the sums."""
        names = ("past", "sums", "variance", "seen", "held", "time_ns")
        return {name: getattr(self, f"_{name}").copy() for name in names} | dict(self._model.state())

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in ("past", "sums", "variance", "seen", "held", "time_ns"):
            setattr(self, f"_{name}", state[name].copy())
        self._model.restore(state)
