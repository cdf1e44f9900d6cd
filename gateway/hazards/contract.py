"""What a hazard's model is: one asset watched over several channels, or over what was found around it.

A `GroupModel` judges the closed slots of its members' grid; a `RiskModel` weighs findings and the passing of time. Both
say a value of a derived quantity (gateway/units.py), which the site file's ladder turns into levels.

Rule 1: the same slots, findings and moments give the same judgements; no clock, no randomness.
Rule 2: NaN is "no opinion"; an absent member teaches nothing.
Rule 3: every judgement names what it is made of, so that it can be checked by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol, runtime_checkable

from detectors.contract import Floats, State
from gateway.early_warning import Finding


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says at one moment."""

    time_ns: int
    value: float
    """In the unit of the derived quantity; NaN when there is no opinion."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """What the value is made of, by name."""
    agreeing: tuple[str, ...] = ()
    """Channels that say the same."""
    disagreeing: tuple[str, ...] = ()
    """Channels that say the opposite."""
    minutes_at: tuple[tuple[float, float], ...] = ()
    """Points (minutes from now, value) of the expected course; empty when nothing is foretold."""

    def minutes_until(self, limit: float) -> float | None:
        """Return when the expected course reaches a limit, 0 when it has, None when it does not.

        >>> Judgement(0, 0.3, minutes_at=((0.0, 0.1), (30.0, 0.4))).minutes_until(0.15)
        5.0
        """
        for (before, low), (after, high) in pairwise(self.minutes_at):
            if low >= limit:
                return before
            if high >= limit:
                return round(before + (after - before) * (limit - low) / (high - low), 1)
        return None


class Model(Protocol):
    """What both kinds have in common."""

    @property
    def name(self) -> str:
        """The rule's name, as evidence gives it."""
        ...

    @property
    def version(self) -> int:
        """Grows when the meaning of its state or of its value changes."""
        ...

    @property
    def asset(self) -> str:
        """The asset that it watches."""
        ...

    @property
    def channels(self) -> Sequence[str]:
        """Its members' ids; the first is the one to plot."""
        ...

    @property
    def plot_seconds(self) -> float:
        """How much of the past an officer needs to see."""
        ...

    def state(self) -> State:
        """Return the state as plain arrays of any shape; the caller may keep them."""
        ...

    def restore(self, state: State) -> None:
        """Take over a state of the same members."""
        ...


@runtime_checkable
class GroupModel(Model, Protocol):
    """A model over aligned columns."""

    @property
    def slot_seconds(self) -> float:
        """Width of a slot."""
        ...

    @property
    def max_age_seconds(self) -> float:
        """How long a missing member is waited for after the end of a slot."""
        ...

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Take one closed slot, a value a member, later than every slot before."""
        ...


@runtime_checkable
class RiskModel(Model, Protocol):
    """A model over findings."""

    def hear(self, finding: Finding) -> None:
        """Take in a finding's state if it matters here; the same state twice changes nothing."""
        ...

    def weigh(self, now_ns: int) -> Judgement:
        """Judge what has been heard as it stands at this journal time."""
        ...
