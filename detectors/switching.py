"""Pumps and valves that follow a level, learned from running: one that should be on, and one that should be off.

A switch follows a level between two marks: on when it falls to the lower, off when it rises to the upper. The marks are
learned as the lowest and highest level seen in each state, and come back slowly. Scored is how far outside of it the
level is while the switch says otherwise, in units of `margin`, once that has lasted `hold_slots`.

    members: switch, level, switch, level, ...       off: lowest .. highest level seen while off; on: the same

Rules of actuators against attacks: Giacomoni et al., Aghashahi et al., World Environmental and Water Resources
Congress 2017; Taormina et al., J. Water Resour. Plann. Manage. 144(8), 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.arx import MOST
from detectors.contract import Floats, Rows, Scores, State, Times, no_scores

_ON = 0.5


@dataclass(frozen=True, slots=True)
class Switching:
    """What counts as outside, and for how long it is looked at."""

    margin: float = 0.3
    """In the level's unit: so far outside of what was seen in a state is 1.0."""
    hold_slots: int = 2
    """Slots that it must last: a switch and its level are seldom read at the same instant."""
    warm_up_slots: int = 168
    """Slots in each state before its range says anything."""
    memory_slots: float = 8_760.0
    """A range shrinks to its middle with this time constant."""

    def __post_init__(self) -> None:
        """Refuse margins and times that are not above zero."""
        if min(self.margin, self.hold_slots, self.warm_up_slots, self.memory_slots) <= 0:
            raise ValueError(f"margin, hold, warm-up and memory must be above 0, got {self}")


class Switches:
    """Score the switch that is most against its level; members go by twos, switch and level.

    >>> slots = np.arange(900)
    >>> level = 2.5 + 1.5 * np.sin(slots / 6.0)
    >>> pump = (np.cos(slots / 6.0) > 0) * 1.0  # fills while the level rises
    >>> pump[800:] = 0.0
    >>> level[800:] = np.maximum(0.9 - 0.1 * np.arange(100), 0.0)
    >>> pumps = Switches(2, Switching())
    >>> score = pumps.update(slots * 3_600_000_000_000, np.stack([pump, level], axis=1))
    >>> bool(np.nanmax(score[:800]) < 0.2), bool(score[805] >= 1.0), pumps.should_be_on().tolist()
    (True, True, [True])
    """

    name = "switching"
    version = 1

    def __init__(self, members: int, switching: Switching) -> None:
        self._how = switching
        pairs = members // 2
        # By state (off, on), then pair.
        self._low, self._high = np.full((2, pairs), np.nan), np.full((2, pairs), np.nan)
        self._seen = np.zeros((2, pairs))
        self._below, self._above, self._held = np.zeros(pairs), np.zeros(pairs), np.zeros(pairs)

    @classmethod
    def example(cls, members: int) -> Self:
        """Return a detector that warms up soon, as contract tests use it; an odd member is nobody's level."""
        return cls(members, Switching(margin=1.0, warm_up_slots=3, memory_slots=50))

    def update(self, time_ns: Times, columns: Floats) -> Floats:  # noqa: ARG002 - slots count, not hours
        """Return one score per slot; NaN when no pair was there with both of its states known."""
        return np.array([self._step(values) for values in columns], np.float64)

    def _step(self, values: Floats) -> float:
        how, size = self._how, 2 * len(self._held)
        switch, level = values[:size:2], values[1:size:2]
        there = (np.abs(switch) <= MOST) & (np.abs(level) <= MOST)
        if not there.any():
            return math.nan
        state = (np.where(there, switch, 0.0) > _ON).astype(np.intp)
        pair = np.arange(len(self._held))
        level = np.where(there, level, 0.0)
        warm = there & (self._seen >= how.warm_up_slots).all(axis=0)
        below = np.where(warm, self._low[state, pair] - level, 0.0) / how.margin
        above = np.where(warm, level - self._high[state, pair], 0.0) / how.margin
        self._below = np.where(there, np.where(warm, below, 0.0), self._below)
        self._above = np.where(there, np.where(warm, above, 0.0), self._above)
        off = np.maximum(self._below, self._above)
        self._held = np.where(there, np.where(off >= 1.0, self._held + 1.0, 0.0), self._held)
        self._learn(state, pair, level, there & ~(off >= 1.0))
        if not warm.any():
            return math.nan
        score = np.where(self._held >= how.hold_slots, off, np.clip(off, 0.0, 0.999))
        return float(score[warm].max())

    def _learn(self, state: Rows, pair: Rows, level: Floats, learns: NDArray[np.bool_]) -> None:
        state, pair, level = state[learns], pair[learns], level[learns]
        low, high = self._low[state, pair], self._high[state, pair]
        back = (high - low) / (2.0 * self._how.memory_slots)
        # Once known a range widens slowly, lest it walk along with a level that runs away.
        known = self._seen[state, pair] >= self._how.warm_up_slots
        most = np.where(known, self._how.margin / self._how.warm_up_slots, np.inf)
        self._low[state, pair] = np.where(level < low, np.maximum(level, low - most), np.fmin(low + back, level))
        self._high[state, pair] = np.where(level > high, np.minimum(level, high + most), np.fmax(high - back, level))
        self._seen[state, pair] += 1.0

    def should_be_on(self) -> NDArray[np.bool_]:
        """Return which switches were off in the last slot with a level lower than they ever let it fall."""
        return np.asarray(self._below >= 1.0)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only slots say anything
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the ranges of each state, and how long each pair has been outside."""
        names = ("low", "high", "seen", "below", "above", "held")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())
