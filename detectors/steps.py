"""A lasting step of a channel's level against loads that only pass or park: strain of a bridge, a settled support.

A lorry that drives over moves the level for a second, a parked one for two minutes, a lowered support for good. The
level is the median over `window_seconds` of means of a tenth of it, so that what passes leaves no trace; it stands
against a base, the median of the warm-up, which follows slowly (`tau_seconds`) while the level is near it.

    |level - base| / step            below 1.0: nothing
    1 + held / latch_seconds         since |level - base| reached the step: 1.0 = warned, 2.0 = latched

`held` is the time for which even the smallest departure in it was off: a rolling minimum, the lowest of the rolling
quantiles that part passing from permanent loads (Moyo, Brownjohn, Detection of anomalous structural behaviour using
wavelet analysis, Mech. Syst. Signal Process. 16, 2002, names the problem). It starts again when the level comes back
to within `back` of the step, or goes off to the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.walking import Round, Table, columns, walk

_CELLS = 10
_BASES = 15
_MOST_SCORE = 3.0


@dataclass(frozen=True, slots=True)
class Stepping:
    """What counts as a step of one channel."""

    step: float
    """In the channel's unit: smaller steps are the base's matter."""
    back: float = 0.6
    """Share of the step that the level must come back under for the step to be over."""
    window_seconds: float = 2.0
    """Longer: slower to warn. Passages shorter than a third of it leave no trace. Take twenty periods or more."""
    warm_up_seconds: float = 30.0
    """No opinion before that; its median is the first base."""
    latch_seconds: float = 190.0
    """A step that has lasted so long is there to stay: longer than any load is parked."""
    tau_seconds: float = 6 * 3_600.0
    """How slowly the base follows: temperature, creep."""
    freeze_seconds: float = 7 * 86_400.0
    """A step that has lasted so long is the new base."""

    def __post_init__(self) -> None:
        """Refuse steps and times that are not above zero."""
        times = (self.window_seconds, self.warm_up_seconds, self.latch_seconds, self.tau_seconds, self.freeze_seconds)
        if min(self.step, *times) <= 0 or not 0 < self.back <= 1:
            raise ValueError(f"step and times must be above 0, and back at most 1, got {self}")


_NAMES = (
    "base",
    "learned",
    "held",
    "side",
    "age",
    "sum",
    "count",
    "filled",
    *(f"cell_{place}" for place in range(_CELLS)),
    "look_age",
    "looks",
    *(f"look_{place}" for place in range(_BASES)),
)
_HELD = _NAMES.index("held")
_CELL, _LOOK = _NAMES.index("cell_0"), _NAMES.index("look_0")


class Steps:
    """Score lasting steps of each row's level (None: no opinion): 1.0 = warned, 2.0 = latched.

    >>> bridge = Steps([Stepping(step=5.0, latch_seconds=100.0)])  # um/m
    >>> seconds = np.arange(400)
    >>> strain = 3.0 + np.where((seconds >= 60) & (seconds < 120), 9.0, 0.0) + np.where(seconds >= 200, 8.0, 0.0)
    >>> score = bridge.update(np.zeros(400, np.intp), seconds * 1_000_000_000, strain)
    >>> score[[10, 40, 63, 110, 125, 203, 290, 310]].round(1).tolist()
    [nan, 0.0, 1.0, 1.5, 0.0, 1.0, 1.9, 2.1]
    """

    name = "steps"
    version = 1

    def __init__(self, stepping: Sequence[Stepping | None]) -> None:
        kinds = [one or Stepping(1.0) for one in stepping]
        warm_up = np.array([one.warm_up_seconds if one else np.inf for one in stepping])
        parameters = columns(
            len(kinds),
            np.array([one.step for one in kinds]),
            np.array([one.step * one.back for one in kinds]),
            np.array([one.window_seconds / _CELLS for one in kinds]),
            warm_up,
            np.array([one.latch_seconds for one in kinds]),
            np.array([one.tau_seconds for one in kinds]),
            np.array([one.freeze_seconds for one in kinds]),
        )
        self._table = Table(_NAMES, parameters)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank that warms up soon, as contract tests and benchmarks use it."""
        quick = Stepping(step=5.0, window_seconds=20, warm_up_seconds=300, latch_seconds=600, freeze_seconds=7_200)
        return cls([None if row % 4 == 0 else quick for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return walk(self._table, self._step, rows, time_ns, value)

    def sizes(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Take samples as `update` does; return how far each row is off its base, either way, in its unit.

        Until a step has latched it counts as one that just reaches the step, however large: it may yet pass.
        """
        return walk(self._table, self._size, rows, time_ns, value)

    def _size(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        off, is_cold = self._move(state, parameters, samples)
        held, step, latch = state[_HELD], parameters[0], parameters[4]
        size: Floats = np.abs(off)
        np.minimum(size, step, out=size, where=(held > 0) & (held < latch))
        np.copyto(size, np.nan, where=is_cold)
        return size

    def _step(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        off, is_cold = self._move(state, parameters, samples)
        held, step, latch = state[_HELD], parameters[0], parameters[4]
        below = np.minimum(np.abs(off) / step, 1.0 - 1e-9)
        score: Floats = np.where(held > 0, np.minimum(1.0 + held / latch, _MOST_SCORE), below)
        np.copyto(score, np.nan, where=is_cold)
        return score

    def _move(self, state: Floats, parameters: Floats, samples: Round) -> tuple[Floats, NDArray[np.bool_]]:
        """Move on by one round; return how far each row is off its base, and whether it still warms up."""
        base, learned, held, side, age, total, count, filled = state[:_CELL]
        step, back, cell_seconds, warm_up, _, tau, freeze = parameters
        cells, (look_age, looks), bases = state[_CELL : _CELL + _CELLS], state[_LOOK - 2 : _LOOK], state[_LOOK:]
        # After a pause longer than the window, what is in it says nothing any more.
        seconds = np.minimum(samples.seconds, cell_seconds * _CELLS)
        age += seconds
        is_full = (age >= cell_seconds) & (count > 0)
        if is_full.any():
            mean = total / np.maximum(count, 1.0)
            cells[:] = np.where(is_full, np.concatenate((cells[1:], mean[None])), cells)
            missed = np.floor(age / cell_seconds) - 1.0
            kept = np.clip(filled + 1.0 - missed, 1.0, _CELLS)
            filled[:] = np.where(is_full, kept, filled)
            for column in (age, total, count):
                np.copyto(column, 0.0, where=is_full)
        total += samples.value
        count += 1.0
        level = _level(cells, filled, total / count)

        learned += seconds
        look_age += seconds
        is_cold = learned < warm_up
        takes = (looks < _BASES) & ((looks == 0) | (look_age * (_BASES - 1) >= np.where(is_cold, warm_up, 0.0)))
        takes &= is_cold
        if takes.any():
            bases[:] = np.where(takes, np.concatenate((bases[1:], level[None])), bases)
            looks += takes
            np.copyto(look_age, 0.0, where=takes)
            np.copyto(base, _level(bases, looks, level), where=takes)

        off = level - base
        now_side = np.sign(off)
        is_off = (np.abs(off) >= step) | ((held > 0) & (np.abs(off) > back) & (now_side == side))
        is_off &= ~is_cold
        goes_on = is_off & (held > 0) & (now_side == side)
        held[:] = np.where(is_off, np.where(goes_on, held + seconds, 1e-9), 0.0)
        side[:] = now_side
        is_new_base = held >= freeze
        if is_new_base.any():
            np.copyto(base, level, where=is_new_base)
            np.copyto(held, 0.0, where=is_new_base)
        share = np.where(is_off | is_cold, 0.0, seconds / (tau + seconds))
        base += share * off
        return np.where(is_new_base, 0.0, off), is_cold

    def base(self) -> Floats:
        """Return what each row's level is compared with now."""
        return self._table.column("base").copy()

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - a step moves with samples only
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return bases, windows, how long each row has been off, and time of the last sample."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._table.restore(state, rows)


def _level(cells: Floats, filled: Floats, otherwise: Floats) -> Floats:
    """Return the median of the newest `filled` cells of each row (the last ones), `otherwise` where there is none."""
    size = len(cells)
    if (filled >= size).all():
        level: Floats = np.median(cells, axis=0)
        return level
    is_there = np.arange(size)[:, None] >= size - filled
    known = np.sort(np.where(is_there, cells, np.inf), axis=0)
    few = np.maximum(filled, 1.0)
    low, high = ((few - 1) // 2).astype(np.intp), (few // 2).astype(np.intp)
    places = np.arange(cells.shape[1])
    median: Floats = np.where(filled > 0, (known[low, places] + known[high, places]) / 2, otherwise)
    return median
