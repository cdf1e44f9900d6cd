"""From a run of the journal to samples in order: bad quality out, late rows out, waiting rows held back.

Rule 1: a channel's time only goes forward; a row not newer than the newest one fed goes to history and sinks only,
and is noted, so that the past can be looked back on (hindsight.py).
Rule 2: a channel with `reorder_seconds` has its rows wait that long from their receipt, in journal time, and then go
in the order of their times, each taking along what is older and came later. What waits is part of the snapshot; a row
that is too late already does not wait, so that a backfill of a million rows is held by nobody.
Rule 3: nothing is measured before it happens. Rows ahead of their receipt by more than a channel stays fresh are
judged at their receipt: a device whose clock jumps ahead and back would be deaf until time has caught up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.rounds import every_row, sort_rows
from gateway.detection.lateness import Lateness
from gateway.detection.run import Run, Samples
from gateway.health import Health
from gateway.model import SECOND

NEVER = -(1 << 62)
"""The newest time of a channel that has not been fed yet."""
_LEAST_AHEAD_NS = 60 * SECOND
"""Clocks that nobody sets are ahead by that much soon."""


class Waiting:
    """The rows that wait for older ones."""

    def __init__(self, reorder_ns: Times) -> None:
        self._reorder_ns = reorder_ns
        self._has_reorder = bool(reorder_ns.any())
        self._rows = _columns()

    def __len__(self) -> int:
        return len(self._rows[0])

    def pass_through(
        self, run: Run, rows: tuple[Rows, Times, Floats, Rows], newest_ns: Times
    ) -> tuple[Rows, Times, Floats, Rows]:
        """Hold back the rows of channels that reorder; add those whose waiting has ended, entry by entry.

        `newest_ns` is the newest time that each channel was fed before.
        """
        if not self._has_reorder:
            return rows
        channel, time_ns, value, entry = rows
        waits = self._reorder_ns.take(channel) > 0
        if not waits.any() and not len(self):
            return rows
        bounds = np.searchsorted(entry, np.arange(len(run.moments_ns) + 1)).tolist()
        pieces: list[tuple[Rows, Times, Floats, Rows]] = []
        newest_ns = newest_ns.copy()
        for number, moment_ns in enumerate(run.moments_ns.tolist()):
            released = self._release(moment_ns)
            pieces.append((*released, np.full(len(released[0]), number, np.intp)))
            np.maximum.at(newest_ns, released[0], released[1])
            part = slice(bounds[number], bounds[number + 1])
            stays = waits[part] & (time_ns[part] > newest_ns.take(channel[part]))
            goes = ~stays
            pieces.append((channel[part][goes], time_ns[part][goes], value[part][goes], entry[part][goes]))
            self._hold(channel[part][stays], time_ns[part][stays], value[part][stays], moment_ns)
        columns = [np.concatenate(column) for column in zip(*pieces, strict=True)]
        return columns[0], columns[1], columns[2], columns[3]

    def _hold(self, channel: Rows, time_ns: Times, value: Floats, received_ns: int) -> None:
        received = np.full(len(channel), received_ns, np.int64)
        held = zip(self._rows, (channel, time_ns, value, received), strict=True)
        channel, time_ns, value, received = (np.concatenate(columns) for columns in held)
        self._rows = channel, time_ns, value, received

    def _release(self, moment_ns: int) -> tuple[Rows, Times, Floats]:
        channel, time_ns, value, received_ns = self._rows
        waited_ns = moment_ns - received_ns
        # A journal whose clock went back must not hold rows until it has caught up.
        is_due = (waited_ns >= self._reorder_ns.take(channel)) | (waited_ns < 0)
        if is_due.any() and not is_due.all():
            # What is older than a row that goes came later and would be late behind it: it goes along.
            newest_ns = np.full(len(self._reorder_ns), NEVER, np.int64)
            np.maximum.at(newest_ns, channel[is_due], time_ns[is_due])
            is_due |= time_ns <= newest_ns.take(channel)
        order = np.lexsort((time_ns[is_due], channel[is_due]))
        self._rows = channel[~is_due], time_ns[~is_due], value[~is_due], received_ns[~is_due]
        return channel[is_due][order], time_ns[is_due][order], value[is_due][order]

    def state(self) -> State:
        """Return the waiting rows; here the first axis is the waiting row, not the channel."""
        return dict(zip(("channel", "time_ns", "value", "received_ns"), self._rows, strict=True))

    def restore(self, state: State) -> None:
        """Take over waiting rows, their channels already translated."""
        self._rows = state["channel"], state["time_ns"], state["value"], state["received_ns"]


class Intake:
    """The way of a run to the detectors."""

    def __init__(self, reorder_ns: Times, health: Health, fresh_ns: Times | None = None) -> None:
        self._fresh_ns = np.zeros(len(reorder_ns), np.int64) if fresh_ns is None else fresh_ns
        self.newest_ns = np.full(len(reorder_ns), NEVER, np.int64)
        self.waiting = Waiting(reorder_ns)
        self._every = every_row(len(reorder_ns))
        self.lateness = Lateness(len(reorder_ns))
        self._health = health
        self._ahead_ns = np.maximum(self._fresh_ns, _LEAST_AHEAD_NS)
        self._least_ahead_ns = int(self._ahead_ns.min()) if len(self._ahead_ns) else _LEAST_AHEAD_NS

    def feed(self, run: Run) -> Samples:
        """Return what detectors may see of a run, in their order."""
        rows = run.channel, run.time_ns, run.value, run.entry
        if not run.is_whole:
            self._count(run)
            good = np.flatnonzero(run.is_good)
            rows = rows[0].take(good), rows[1].take(good), rows[2].take(good), rows[3].take(good)
        channel, time_ns, value, entry = rows
        if len(time_ns) and int(time_ns.max()) > int(run.moments_ns.min()) + self._least_ahead_ns:
            time_ns = self._not_ahead(channel, time_ns, entry, run.moments_ns)
        return self._forward(
            run.moments_ns, *self.waiting.pass_through(run, (channel, time_ns, value, entry), self.newest_ns)
        )

    def _not_ahead(self, channel: Rows, time_ns: Times, entry: NDArray[np.intp], moments_ns: Times) -> Times:
        """Move rows of one channel that came together so that the newest lies at their receipt, if it lay far ahead."""
        moment_ns = moments_ns.take(entry)
        ahead = np.flatnonzero(time_ns - moment_ns > self._ahead_ns.take(channel))
        if not ahead.size:
            return time_ns
        self._health.count("detection", "failed", len(ahead), "ahead")
        size = len(self._fresh_ns)
        newest_ns = np.full(size * len(moments_ns), NEVER, np.int64)
        together = entry * size + channel
        np.maximum.at(newest_ns, together[ahead], time_ns[ahead])
        judged_ns: Times = time_ns - np.maximum(newest_ns.take(together) - moment_ns, 0)
        return judged_ns

    def _count(self, run: Run) -> None:
        unknown = int((run.channel < 0).sum())
        unfit = int((~run.is_good).sum()) - unknown
        for reason, amount in (("unknown channel", unknown), ("quality", unfit)):
            if amount:
                self._health.count("detection", "dropped", amount, reason)

    def _forward(
        self, moments_ns: Times, channel: Rows, time_ns: Times, value: Floats, entry: NDArray[np.intp]
    ) -> Samples:
        """Sort by channel and leave out what is not newer than its channel's newest."""
        if channel is self._every and np.count_nonzero(time_ns > self.newest_ns) == len(time_ns):
            self.newest_ns[:] = time_ns
            return Samples(channel, time_ns, value, entry, channel)
        place = np.arange(len(channel))
        if np.count_nonzero(channel[1:] < channel[:-1]):
            place = sort_rows(channel)
            channel, time_ns, value, entry = (
                channel.take(place),
                time_ns.take(place),
                value.take(place),
                entry.take(place),
            )
            if len(channel) == len(self._every) and not np.count_nonzero(channel != self._every):
                channel = self._every
        before_ns = self.newest_ns.take(channel)
        if len(channel) > 1:
            is_same = channel[1:] == channel[:-1]
            np.copyto(before_ns[1:], time_ns[:-1], where=is_same)
        is_newer = time_ns > before_ns
        if np.count_nonzero(is_newer) < len(is_newer):
            self._correct(before_ns, channel, time_ns, channel[~is_newer])
            is_newer = time_ns > before_ns
            self._health.count("detection", "dropped", int((~is_newer).sum()), "late")
            # What is out of order by less than a channel stays fresh is disorder, or was delivered again; no gap.
            late = np.flatnonzero(time_ns < before_ns - self._fresh_ns.take(channel))
            self.lateness.note(channel.take(late), time_ns.take(late), moments_ns.take(entry.take(late)))
            kept = np.flatnonzero(is_newer)
            channel, time_ns, value = channel.take(kept), time_ns.take(kept), value.take(kept)
            entry, place = entry.take(kept), place.take(kept)
        # Of equal indices the last assignment stays, and that is the newest row.
        self.newest_ns[channel] = time_ns
        return Samples(channel, time_ns, value, entry, place)

    def _correct(self, before_ns: Times, channel: Rows, time_ns: Times, offenders: Rows) -> None:
        """Make `before_ns` the newest time before each row, walking the channels with offenders only."""
        for one in np.unique(offenders).tolist():
            part = slice(*np.searchsorted(channel, [one, one + 1]).tolist())
            before_ns[part] = np.maximum.accumulate(np.append(self.newest_ns[one], time_ns[part]))[:-1]


def _columns() -> tuple[Rows, Times, Floats, Times]:
    return np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
