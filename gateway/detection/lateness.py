"""Which channels had rows that came too late for the detectors, between which times, and when that has ended.

    journal time ─► row of 02:10   row of 02:20   ···  a minute without late rows: due
                    └ newest fed: 02:51

A flag on the row would say the same, but a row that is delivered again would then differ from itself: the flags LATE
and BACKFILL are the devices' own word, and lateness is judged here, from the journal's time of receipt.
"""

from __future__ import annotations

import numpy as np

from detectors.contract import Rows, State, Times
from gateway.model import SECOND

QUIET_SECONDS = 60.0
"""Six ticks of the journal: a backfill that pauses for less is one backfill."""
_LONGEST_SECONDS = 3_600.0
"""A channel that never ceases to be late is looked back on once an hour."""
_NEVER, _EVER = -(1 << 62), 1 << 62


class Lateness:
    """One row a channel: first and last time of its late rows, when the first and the newest of them came."""

    def __init__(self, size: int) -> None:
        self.first_ns = np.full(size, _EVER, np.int64)
        self.last_ns = np.full(size, _NEVER, np.int64)
        self._since_ns = np.full(size, _EVER, np.int64)
        self.seen_ns = np.full(size, _NEVER, np.int64)

    def note(self, channel: Rows, time_ns: Times, received_ns: Times) -> None:
        """Take in late rows, each received at its moment."""
        np.minimum.at(self.first_ns, channel, time_ns)
        np.maximum.at(self.last_ns, channel, time_ns)
        np.minimum.at(self._since_ns, channel, received_ns)
        np.maximum.at(self.seen_ns, channel, received_ns)

    def due(self, now_ns: int) -> Rows:
        """Return the channels whose late rows have ended by a moment."""
        is_late = self.seen_ns > _NEVER
        quiet_ns, longest_ns = round(QUIET_SECONDS * SECOND), round(_LONGEST_SECONDS * SECOND)
        # A clock that was set back ends every wait.
        has_ended = (now_ns - self.seen_ns >= quiet_ns) | (now_ns < self.seen_ns)
        return np.flatnonzero(is_late & (has_ended | (now_ns - self._since_ns >= longest_ns)))

    def settle(self, channel: Rows, seen_ns: Times) -> None:
        """Forget channels that were looked back on, unless more came since what was seen then."""
        done = channel[self.seen_ns[channel] == seen_ns]
        self.first_ns[done], self.last_ns[done] = _EVER, _NEVER
        self._since_ns[done], self.seen_ns[done] = _EVER, _NEVER

    def state(self) -> State:
        """Return the four columns."""
        columns = self.first_ns, self.last_ns, self._since_ns, self.seen_ns
        return {name: column.copy() for name, column in zip(_NAMES, columns, strict=True)}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given channels' columns; a snapshot from before they were kept has none."""
        if state:
            self.first_ns[rows], self.last_ns[rows], self._since_ns[rows], self.seen_ns[rows] = (
                state[name] for name in _NAMES
            )


_NAMES = ("first_ns", "last_ns", "since_ns", "seen_ns")
