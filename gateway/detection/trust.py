"""How far a channel can be trusted: the share of good readings in this and the last hour of journal time.

The share is taken at the end of the journal entry that a finding rests on, so that no slicing of the journal
changes a finding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Rows, State
from detectors.rounds import every_row
from gateway.detection.run import Run
from gateway.model import SECOND

HOUR = 3_600 * SECOND


class Trust:
    """Readings and bad readings of each channel, for this hour and the one before."""

    def __init__(self, size: int) -> None:
        self._seen = np.zeros((size, 2), np.int32)
        self._bad = np.zeros((size, 2), np.int32)
        self._hour = np.zeros(size, np.int64)
        self._run: Run | None = None
        # The hour that all rows are at; none yet, or after a restore.
        self._newest_hour: int | None = None
        # Runs with one good reading of every channel, not yet counted in.
        self._whole = 0

    def begin(self, run: Run) -> None:
        """Make a run (all of one hour) the one that shares are asked for."""
        hour = int(run.moments_ns[0]) // HOUR
        if hour != self._newest_hour:
            self._settle()
            self._newest_hour = hour
            is_next = (self._hour + 1 == hour)[:, None]
            for counts in (self._seen, self._bad):
                counts[:, 1:] = np.where(
                    is_next, counts[:, :1], np.where(self._hour[:, None] == hour, counts[:, 1:], 0)
                )
                counts[self._hour != hour, 0] = 0
            self._hour[:] = hour
        self._run = run

    def commit(self) -> None:
        """Count the run in."""
        if self._run is None:
            return
        size = len(self._hour)
        channel, is_good = self._run.channel, self._run.is_good
        if self._run.is_whole and channel is every_row(size):
            self._whole += 1
        elif channel.size:
            known = channel if self._run.is_whole else channel[channel >= 0]
            self._seen[:, 0] += np.bincount(known, minlength=size).astype(np.int32)
            if not self._run.is_whole:
                bad = channel[~is_good & (channel >= 0)]
                self._bad[:, 0] += np.bincount(bad, minlength=size).astype(np.int32)
        self._run = None

    def _settle(self) -> None:
        """Count in what was put off."""
        self._seen[:, 0] += self._whole
        self._whole = 0

    def good_share(self, channel: int, entry: int | None = None) -> float:
        """Return the share of good readings up to the end of an entry of the begun run; 1.0 when there was none."""
        self._settle()
        seen, bad = int(self._seen[channel].sum()), int(self._bad[channel].sum())
        if self._run is not None and entry is not None:
            until = int(np.searchsorted(self._run.entry, entry, side="right"))
            mine: NDArray[np.bool_] = self._run.channel[:until] == channel
            seen += int(mine.sum())
            bad += int((mine & ~self._run.is_good[:until]).sum())
        return 1.0 - bad / seen if seen else 1.0

    def state(self) -> State:
        """Return the counts."""
        self._settle()
        return {"seen": self._seen.copy(), "bad": self._bad.copy(), "hour": self._hour.copy()}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given channels' counts."""
        self._settle()
        self._newest_hour = None
        self._seen[rows], self._bad[rows], self._hour[rows] = state["seen"], state["bad"], state["hour"]
