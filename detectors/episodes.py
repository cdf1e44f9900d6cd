"""Scores to levels with deadband and hold times: when an episode begins, rises, falls and ends.

Each level is a Schmitt trigger (entered at `on`, left below `off`) followed by a delay (`on_ns` to rise, `off_ns` to
clear), and a higher level is never entered without the lower ones, so a row's state is two small numbers:

    inside   the highest level whose trigger is set         level   the highest level that is raised

Rule 1: time is the samples' own; between samples nothing rises or clears, and a NaN says nothing.
Rule 2: only rows that are near a limit or busy are walked, chosen per row and never per sample (else the result
would depend on where the stream is cut).
ISA-18.2 calls the parts deadband, on-delay and off-delay.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.rounds import Rounds, cut

_FEW_ROWS = 24
"""Below this many rows a round costs more than walking their samples one by one."""
_RED = 4
_LEVELS = np.arange(1, 5, dtype=np.int8)[:, None]


class Changes(NamedTuple):
    """The samples at which a row's level changed, in the order of the call."""

    at: NDArray[np.intp]
    """Positions in the call."""
    row: Rows
    old: NDArray[np.int8]
    new: NDArray[np.int8]
    start_ns: Times
    """Time of the episode's first sample beyond a limit."""

    def __len__(self) -> int:
        return len(self.at)


_NO_CHANGES = Changes(
    np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.int8), np.empty(0, np.int8), np.empty(0, np.int64)
)


class _Walk:
    """The state of the busy rows of one call, gathered once, and the changes found in it."""

    def __init__(self, episodes: Episodes, rows: Rows) -> None:
        self.on, self.off = episodes.on[:, rows], episodes.off[:, rows]
        self.on_ns, self.off_ns = episodes.on_ns[rows], episodes.off_ns[rows]
        self.inside, self.level = episodes.inside[rows], episodes.level[rows]
        self.since_ns, self.start_ns = episodes.since_ns[:, rows], episodes.start_ns[rows]
        self.found: list[tuple[int, int, int, int, int]] = []

    def step(self, time_ns: Times, score: Floats, positions: NDArray[np.intp]) -> None:
        """Move the first rows on by one sample each."""
        size = len(score)
        inside, level = self.inside[:size], self.level[:size]
        up = (score >= self.on[:, :size]).sum(axis=0, dtype=np.int8)
        kept = (score >= self.off[:, :size]).sum(axis=0, dtype=np.int8)
        now_inside = np.maximum(up, np.minimum(inside, kept))
        since_ns = self.since_ns[:, :size]
        if (now_inside != inside).any():
            low, high = np.minimum(inside, now_inside), np.maximum(inside, now_inside)
            np.copyto(since_ns, time_ns, where=(low < _LEVELS) & (high >= _LEVELS))
            np.copyto(self.start_ns[:size], time_ns, where=(inside == 0) & (level == 0))
            inside[:] = now_inside
        if (inside == level).all():
            return
        age_ns = time_ns - since_ns
        was_raised = level >= _LEVELS
        is_raised = np.where(
            inside >= _LEVELS, was_raised | (age_ns >= self.on_ns[:size]), was_raised & (age_ns < self.off_ns[:size])
        )
        now_level = is_raised.sum(axis=0, dtype=np.int8)
        for place in np.flatnonzero(now_level != level).tolist():
            change = (int(positions[place]), place, int(level[place]), int(now_level[place]), int(self.start_ns[place]))
            self.found.append(change)
        level[:] = now_level

    def finish(self, place: int, times: list[int], scores: list[float], positions: list[int]) -> None:
        """Walk the rest of one row's samples; the same rules as `step`, one sample at a time."""
        on, off = self.on[:, place].tolist(), self.off[:, place].tolist()
        on_ns, off_ns = int(self.on_ns[place]), int(self.off_ns[place])
        inside, level, start_ns = int(self.inside[place]), int(self.level[place]), int(self.start_ns[place])
        since_ns = self.since_ns[:, place].tolist()
        for time_ns, score, position in zip(times, scores, positions, strict=True):
            if (inside < _RED and score >= on[inside]) or (inside and score < off[inside - 1]):
                up = sum(score >= limit for limit in on)
                now_inside = max(up, min(inside, sum(score >= limit for limit in off)))
                for flipped in range(min(inside, now_inside), max(inside, now_inside)):
                    since_ns[flipped] = time_ns
                if inside == 0 and level == 0:
                    start_ns = time_ns
                inside = now_inside
            if inside == level:
                continue
            now_level = 0
            for rank in range(1, 5):
                hold_ns = on_ns if rank <= inside else off_ns
                is_due = time_ns - since_ns[rank - 1] >= hold_ns
                now_level += (rank <= level or is_due) if rank <= inside else (rank <= level and not is_due)
            if now_level != level:
                self.found.append((position, place, level, now_level, start_ns))
                level = now_level
        self.inside[place], self.level[place], self.start_ns[place] = inside, level, start_ns
        self.since_ns[:, place] = since_ns


class Episodes:
    """A bank of level machines; `on` and `off` hold four scores a row, blue to red, inf where there is no such level.

    >>> on = np.array([[1.0, 2.0, 3.0, 4.0]])
    >>> bank = Episodes(on, on - 0.1, on_seconds=np.array([10.0]), off_seconds=np.array([30.0]))
    >>> times = np.array([0, 5, 10, 20, 30, 60]) * 1_000_000_000
    >>> changes = bank.update(np.zeros(6, np.intp), times, np.array([2.2, 1.95, 2.1, 0.2, 0.3, 0.1]))
    >>> changes.at.tolist(), changes.old.tolist(), changes.new.tolist(), changes.start_ns.tolist()
    ([2, 5], [0, 2], [2, 0], [0, 0])
    """

    version = 1

    def __init__(self, on: Floats, off: Floats, on_seconds: Floats, off_seconds: Floats) -> None:
        size = len(on)
        # Levels first: a round then works on four contiguous rows.
        self.on, self.off = np.ascontiguousarray(on.T), np.ascontiguousarray(off.T)
        self.on_ns = np.round(on_seconds * 1e9).astype(np.int64)
        self.off_ns = np.round(off_seconds * 1e9).astype(np.int64)
        self.inside = np.zeros(size, np.int8)
        self.level = np.zeros(size, np.int8)
        self.since_ns = np.zeros((4, size), np.int64)
        self.start_ns = np.zeros(size, np.int64)
        self._is_busy = np.zeros(size, np.bool_)
        self.is_idle = True
        """Whether no row is inside a level or raised: scores below all limits would change nothing."""

    def update(self, rows: Rows, time_ns: Times, score: Floats) -> Changes:
        """Move on by the given samples (per row in time order) and return the changes of level."""
        is_hot = score >= self.on[0].take(rows)
        wanted = self._is_busy.take(rows)
        wanted |= is_hot
        if not np.count_nonzero(wanted):
            return _NO_CHANGES
        is_touched = self._is_busy.copy()
        is_touched[rows[is_hot]] = True
        chosen = np.flatnonzero(is_touched.take(rows) & ~np.isnan(score))
        return self._walk(cut(rows.take(chosen)), chosen, time_ns.take(chosen), score.take(chosen))

    def _walk(self, rounds: Rounds, chosen: NDArray[np.intp], time_ns: Times, score: Floats) -> Changes:
        rows, order, bounds = rounds
        if rows.size == 0:
            return _NO_CHANGES
        walk = _Walk(self, rows)
        # Only a clock that went back can find a hold that began later than now; the hold then starts anew.
        first_ns = time_ns.take(order[: bounds[1]])
        np.minimum(walk.since_ns, first_ns, out=walk.since_ns)
        np.minimum(walk.start_ns, first_ns, out=walk.start_ns, where=walk.level == 0)
        number = 0
        while number + 1 < len(bounds) and bounds[number + 1] - bounds[number] >= _FEW_ROWS:
            part = order[bounds[number] : bounds[number + 1]]
            walk.step(time_ns.take(part), score.take(part), chosen.take(part))
            number += 1
        if number + 1 < len(bounds):
            for place in range(bounds[number + 1] - bounds[number]):
                part = rounds.tail(place, number)
                walk.finish(place, time_ns[part].tolist(), score[part].tolist(), chosen[part].tolist())
        self.inside[rows], self.level[rows] = walk.inside, walk.level
        self.since_ns[:, rows], self.start_ns[rows] = walk.since_ns, walk.start_ns
        self._is_busy[rows] = (walk.inside > 0) | (walk.level > 0)
        self.is_idle = not np.count_nonzero(self._is_busy)
        if not walk.found:
            return _NO_CHANGES
        at, place, old, new, start_ns = np.array(sorted(walk.found), np.int64).T
        return Changes(at, rows[place], old.astype(np.int8), new.astype(np.int8), start_ns)

    def adopt(self, row: int, level: int, start_ns: int, time_ns: int) -> None:
        """Let a row's episode stand as somebody else remembers it."""
        self.inside[row] = self.level[row] = level
        self.since_ns[:, row], self.start_ns[row] = time_ns, start_ns
        self._is_busy[row] = level > 0
        self.is_idle = not np.count_nonzero(self._is_busy)

    def state(self) -> State:
        """Return triggers, levels, when each trigger last flipped, and when each episode began."""
        return {
            "inside": self.inside.copy(),
            "level": self.level.copy(),
            "since_ns": self.since_ns.T.copy(),
            "start_ns": self.start_ns.copy(),
        }

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self.inside[rows] = state["inside"]
        self.level[rows] = state["level"]
        self.since_ns[:, rows] = state["since_ns"].T
        self.start_ns[rows] = state["start_ns"]
        self._is_busy[rows] = (self.inside[rows] > 0) | (self.level[rows] > 0)
        self.is_idle = not np.count_nonzero(self._is_busy)
