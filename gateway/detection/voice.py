"""What of a bank's changes is said, and whether it is live or late.

Rule 1: a change at a fresh sample is live.
Rule 2: a change at a late sample is late, unless it lowers what was said live: a warning that stands must end.
Rule 3: an episode that was only said late, and still stands at a fresh sample, is said again, live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.episodes import Changes

_NO_TERMS: Mapping[str, float] = {}


class Saying(NamedTuple):
    """One state of one row's episode that is worth a finding."""

    at: int
    """The sample, as a position in the call."""
    row: int
    level: int
    start_ns: int
    time_ns: int
    score: float
    is_late: bool
    lead_seconds: float | None = None
    """Until the limit of its level is expected to be reached; None when nothing is foretold."""
    lead_span_seconds: tuple[float, float] | None = None
    """At least and at most so long, in nine of ten times."""
    terms: Mapping[str, float] = _NO_TERMS
    """What was measured, where that is not the value itself."""
    words: str = ""
    """What more is to be said than the rule's basis."""


class Voice:
    """What each row's episode is, and which of its levels was last said live."""

    def __init__(self, size: int) -> None:
        self._level = np.zeros(size, np.int8)
        self._live = np.zeros(size, np.int8)
        self._start_ns = np.zeros(size, np.int64)
        self._said_ns = np.zeros(size, np.int64)
        self._has_pending = False

    @property
    def is_pending(self) -> bool:
        """Whether something said late may have to be said live."""
        return self._has_pending

    def speak(
        self,
        changes: Changes,
        rows: Rows,
        time_ns: Times,
        score: Floats,
        is_fresh: Callable[[NDArray[np.intp]], NDArray[np.bool_]],
    ) -> list[Saying]:
        """Return what to say after one call; `is_fresh` tells it of positions in the call."""
        if not len(changes) and not self._has_pending:
            return []
        said: list[Saying] = []
        changed = {at: number for number, at in enumerate(changes.at.tolist())}
        for at, fresh in self._moments(changes, rows, score, is_fresh):
            row = int(rows[at])
            number = changed.get(at)
            if number is not None:
                self._level[row], self._start_ns[row] = changes.new[number], changes.start_ns[number]
            level, live = int(self._level[row]), int(self._live[row])
            if number is None and (level == live or not fresh):
                continue
            is_live = fresh or level < live
            if is_live:
                self._live[row] = level
            # A finding's states follow each other in time, even when the clock of the journal went back.
            is_new = number is not None and changes.old[number] == 0
            self._said_ns[row] = time_ns[at] if is_new else max(self._said_ns[row], time_ns[at])
            state = int(self._start_ns[row]), int(self._said_ns[row]), float(score[at])
            said.append(Saying(at, row, level, *state, not is_live))
        self._has_pending = bool((self._level != self._live).any())
        return said

    def _moments(
        self,
        changes: Changes,
        rows: Rows,
        score: Floats,
        is_fresh: Callable[[NDArray[np.intp]], NDArray[np.bool_]],
    ) -> list[tuple[int, bool]]:
        """Return the samples to look at, in order: all changes and, where something is late, the fresh samples too."""
        at = changes.at
        fresh = is_fresh(at)
        if not self._has_pending and fresh.all():
            return [(position, True) for position in at.tolist()]
        is_marked = self._level != self._live
        is_marked[changes.row] = True
        others = np.flatnonzero(is_marked.take(rows) & ~np.isnan(score))
        others = others[is_fresh(others)]
        moments = dict(zip(at.tolist(), fresh.tolist(), strict=True)) | dict.fromkeys(others.tolist(), True)
        return sorted(moments.items())

    def adopt(self, row: int, level: int, start_ns: int, time_ns: int) -> None:
        """Take over one row's episode as the ledger has it."""
        self._level[row] = self._live[row] = level
        self._start_ns[row], self._said_ns[row] = start_ns, time_ns

    def state(self) -> State:
        """Return level, level said live, start, and time of the newest saying."""
        return {
            "level": self._level.copy(),
            "live": self._live.copy(),
            "start_ns": self._start_ns.copy(),
            "said_ns": self._said_ns.copy(),
        }

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._level[rows], self._live[rows] = state["level"], state["live"]
        self._start_ns[rows], self._said_ns[rows] = state["start_ns"], state["said_ns"]
        self._has_pending = bool((self._level != self._live).any())
