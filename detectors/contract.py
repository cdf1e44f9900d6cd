"""What every detector is: a bank with one row of state per channel, samples in, scores out; and what a group's is.

Rule 1: the samples of one call are in time order per row; a row may occur many times.
Rule 2: cutting a stream into calls anywhere changes no score by more than 1e-9 (the Cut law).
Rule 3: a NaN value is "bad quality": it gets score NaN and changes no state that later scores depend on.
Rule 4: times are int nanoseconds of the source; `now` is journal time, never a wall clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.intp]
Times: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
State: TypeAlias = Mapping[str, NDArray[Any]]
"""Plain arrays by name, the first axis being the row."""


class Scores(NamedTuple):
    """Scores that changed by the passing of time alone, with the moment each refers to."""

    row: Rows
    time_ns: Times
    score: Floats


_NO_SCORES = Scores(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0, np.float64))


def no_scores() -> Scores:
    """Return an empty result, the same each time: most ticks ask for nothing else."""
    return _NO_SCORES


class Detector(Protocol):
    """A bank. `version` changes when the meaning of its state or of its scores changes."""

    name: str
    version: int

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample: 1.0 = at the alarm threshold, NaN = no opinion."""
        ...

    def advance(self, now_ns: int) -> Scores:
        """Let time pass without samples; return what changed."""
        ...

    def state(self) -> State:
        """Return the state as plain arrays; the caller may keep them."""
        ...

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state (arrays hold these rows only, in this order)."""
        ...


@runtime_checkable
class Watching(Protocol):
    """A detector that can tell cheaply that nothing is near an alarm; any may, none must."""

    def watch(self, rows: Rows, time_ns: Times, value: Floats) -> Floats | None:
        """Take samples as `update` does; return None when no score would enter a level.

        The lowest level is entered at a score of 1.0, or where `thresholds()` of a ladder's detector says.
        """
        ...


class Registered(Protocol):
    """A detector's class, as the registry holds it."""

    def example(self, rows: int) -> Detector:
        """Return a bank with ordinary parameters, for the contract suite and the benchmarks."""
        ...


class GroupDetector(Protocol):
    """One group's detector over the slots of an aligner; absent members are NaN, and slots may be missing.

    Rules 2 to 4 hold for it too: calls may be cut between slots, and an absent member teaches nothing of itself.
    """

    name: str
    version: int

    def update(self, time_ns: Times, columns: Floats) -> Floats:
        """Return one score per slot (slots by members in): 1.0 = at the alarm threshold, NaN = no opinion."""
        ...

    def advance(self, now_ns: int) -> Scores:
        """Let time pass without slots; return what changed, the group being row 0."""
        ...

    def state(self) -> State:
        """Return the state as plain arrays of any shape; the caller may keep them."""
        ...

    def restore(self, state: State) -> None:
        """Take over a state."""
        ...


class RegisteredGroup(Protocol):
    """A group detector's class, as the registry holds it."""

    def example(self, members: int) -> GroupDetector:
        """Return a detector with ordinary parameters, for the contract suite and the benchmarks."""
        ...
