"""The store: copies every reading of the journal to a sink on two lanes, the present first.

Rule 1: the live lane goes on with the newest as soon as the sink answers; what it left behind during an outage is
written by the other lane, oldest first, at a limited rate, and only while nothing live is due.
Rule 2: each lane's place moves after the sink has taken everything up to it; points overwrite themselves, so a kill
only repeats. In each lane readings go in the order of the journal; `lanes.py` says what holds between the two.
Rule 3: a live lane that falls behind while the sink answers writes the important channels only, for a minute.
Rule 4: nothing waits in memory beyond one request and one slice a lane.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Protocol

import numpy as np

from gateway.clock import Clock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal import Entry
from gateway.model import SECOND, Batch
from gateway.store.lanes import Lanes
from gateway.store.pace import Pace
from gateway.store.place import Place
from gateway.store.requests import Requests
from gateway.store.writing import Writer

_log = logging.getLogger(__name__)

_GATHER_NS = SECOND
"""Live readings wait so long for others, unless a request is full before."""
_BEHIND_NS = 10 * SECOND
"""A live lane further behind than this goes on with the newest and leaves the rest to the other lane."""
_REST_ONLY_NS = 60 * SECOND
"""How long only the important channels are written live once all were too many."""
_PLACE_NS, _PLACE_IN_GAP_NS = 10 * SECOND, 2 * SECOND
"""The places are put on disk so often: each time wears flash, and a kill only repeats what came after."""
_LOOK_SECONDS = 1.0
_SLICE = 5_000


class JournalPort(Protocol):
    """What the store asks of the journal."""

    @property
    def newest(self) -> int:
        """The position of the newest durable record."""
        ...

    @property
    def needs_room(self) -> bool:
        """Whether places should be made durable now."""
        ...

    def read(self, after: int, *, max_readings: int) -> list[Entry]:
        """Return entries after a position."""
        ...

    def attach(self, reader: str, position: int) -> None:
        """Take a reader's own place as the truth."""
        ...

    def commit(self, reader: str, position: int) -> None:
        """Note a reader's durable place."""
        ...


class Store:
    """Both lanes of one sink; `step` is called by one thread (`gateway.store.runner`)."""

    def __init__(
        self,
        folder: Path,
        journal: JournalPort,
        writer: Writer,
        *,
        clock: Clock,
        health: Health,
        batch_points: int = 5_000,
        backfill_readings_per_second: float = 10_000.0,
        important: frozenset[int] = frozenset(),
        random: Random | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = writer.name
        self._journal = journal
        self._writer = writer
        self._clock = clock
        self._health = health
        self._important = np.array(sorted(important), np.int32)
        self._place = Place(folder / "place")
        self._lanes = self._place.lanes.copy()
        self._live, self._gap = Requests(batch_points), Requests(batch_points)
        self._pace = Pace(backfill_readings_per_second, random or Random())  # noqa: S311 - spreads load
        now_ns = clock.now().monotonic_ns
        self._gathering_ns = self._current_ns = self._place_moved_ns = now_ns
        self._rest_only_until_ns = now_ns
        self._is_rest_only = False
        self.is_away = False
        """Whether the last thing that was sent did not arrive."""
        # Positions go on behind everything that was ever written; the journal keeps what the gaps need.
        journal.attach(self.name, self._lanes.live)
        journal.attach(self.name, self._lanes.passed)
        self._lanes.leave(journal.newest)
        self._live.begin(self._lanes.live)
        self._begin_gap(now_ns)

    @property
    def read(self) -> int:
        """The position up to which the live lane has read."""
        return self._live.read

    @property
    def lanes(self) -> Lanes:
        """The places of both lanes, as they stand in memory."""
        return self._lanes

    def position(self) -> int:
        """Return the place on disk before which nothing is needed any more."""
        return self._place.lanes.passed

    def behind(self) -> int:
        """Return how many records are not written yet, in the gaps and live."""
        return self._lanes.behind + max(0, self._journal.newest - self._lanes.live)

    def step(self) -> float:
        """Do one piece of work; return how many seconds there is nothing to do unless the journal grows.

        Raises Unreachable (or OSError, of the place's disk) for "call again later"; nothing is passed over.
        """
        now_ns = self._clock.now().monotonic_ns
        self._read_live(now_ns)
        if now_ns - self._current_ns > _BEHIND_NS:
            self._leave_behind(now_ns)
        rest = _LOOK_SECONDS
        if self._live.rows:
            left_ns = self._gathering_ns + _GATHER_NS - now_ns
            if self._live.rows >= self._live.batch_points or left_ns <= 0:
                self._write_live()
                return 0.0
            rest = left_ns / SECOND
        else:
            self._went_live()
        if self._lanes.gaps:
            left = self._pace.seconds_left(now_ns)
            rest = min(rest, left if left > 0.0 else self._fill())
        self._keep_place(now_ns)
        return rest

    def finish(self) -> None:
        """Write what waits live, unless the sink was away, and put the places on disk."""
        try:
            while self._live.rows and not self.is_away:
                self._write_live()
        except Unreachable:
            _log.debug("what could not be written is still in the journal")
        self._move_place(self._clock.now().monotonic_ns)

    def _read_live(self, now_ns: int) -> None:
        """Read on while there is room; note whether the lane is up with the present."""
        if not self._live.rows:
            # Only here: what was read thinned is accounted for as thinned.
            self._went_live()
            self._is_rest_only = now_ns < self._rest_only_until_ns
        if self._live.rows < self._live.batch_points:
            entries = self._journal.read(self._live.read, max_readings=_SLICE)
            if entries:
                if not self._live.rows:
                    self._gathering_ns = now_ns
                cut = self._important_of if self._is_rest_only else None
                self._health.count(self.name, "received", self._live.add(*_taken(entries, cut)))
        is_waiting_long = bool(self._live.rows) and now_ns - self._gathering_ns > 2 * _GATHER_NS
        if self._live.read >= self._journal.newest and not is_waiting_long:
            self._current_ns = now_ns

    def _leave_behind(self, now_ns: int) -> None:
        """Go on with the newest; when no outage was to blame, with the important channels only."""
        newest = self._journal.newest
        if newest > self._lanes.live:
            had_gap = bool(self._lanes.gaps)
            if not had_gap:
                _log.info("%s is behind: the newest readings go first, the rest is written later", self.name)
            self._lanes.leave(newest)
            if not had_gap:
                self._begin_gap(now_ns)
            if not self.is_away and len(self._important):
                self._rest_only_until_ns = now_ns + _REST_ONLY_NS
        self._live.begin(self._lanes.live)
        self._current_ns = now_ns

    def _begin_gap(self, now_ns: int) -> None:
        self._gap.begin(self._lanes.passed)
        self._pace.begin(now_ns)

    def _write_live(self) -> None:
        request = self._live.next()
        self._write(request.batch)
        self._lanes.wrote_live(request.batch)
        self._live.sent(request)
        self._gathering_ns = self._clock.now().monotonic_ns
        self._went_live()

    def _write(self, batch: Batch) -> None:
        try:
            self._writer.write(batch)
        except Unreachable:
            self.is_away = True
            raise
        if self.is_away:
            self.is_away = False
            self._current_ns = self._clock.now().monotonic_ns
            self._pace.begin(self._current_ns)

    def _went_live(self) -> None:
        """Move the live place on; while only important channels are written, the others' readings are a gap."""
        if not self._is_rest_only:
            self._lanes.went_live(self._live.complete)
        elif self._live.complete > self._lanes.live:
            had_gap = bool(self._lanes.gaps)
            self._lanes.leave(self._live.complete, is_rest=True)
            if not had_gap:
                self._begin_gap(self._clock.now().monotonic_ns)

    def _fill(self) -> float:
        """Write one request of the first gap, or read on; return the seconds until the next may go."""
        gap = self._lanes.gaps[0]
        if not self._gap.rows:
            entries = self._journal.read(self._gap.read, max_readings=self._gap.batch_points)
            inside = [entry for entry in entries if entry.position <= gap.until]
            batches, until = _taken(inside, self._rest_of if gap.is_rest else None)
            if len(inside) < len(entries) or not inside:
                # Nothing more in the journal, or beyond the gap: it ends here.
                until = gap.until
            self._health.count(self.name, "received", self._gap.add(batches, until))
        rest, is_overtaken = 0.0, False
        if self._gap.rows:
            request = self._gap.next()
            self._write(request.batch)
            self._gap.sent(request)
            now_ns = self._clock.now().monotonic_ns
            self._pace.sent(len(request.batch), now_ns)
            rest, is_overtaken = self._pace.seconds_left(now_ns), self._lanes.overtakes(request.batch)
        if self._gap.complete > gap.after:
            self._lanes.filled(min(self._gap.complete, gap.until))
        if is_overtaken:
            self._lanes.begin_again(self._gap.complete)
        if is_overtaken or (self._gap.complete >= gap.until and self._lanes.gaps):
            self._gap.begin(self._lanes.passed)
        return rest

    def _important_of(self, batch: Batch) -> Batch:
        return batch.take(np.isin(batch.channel, self._important))

    def _rest_of(self, batch: Batch) -> Batch:
        return batch.take(~np.isin(batch.channel, self._important))

    def _keep_place(self, now_ns: int) -> None:
        every_ns = _PLACE_IN_GAP_NS if self._lanes.gaps or self._journal.needs_room else _PLACE_NS
        if now_ns - self._place_moved_ns >= every_ns:
            self._move_place(now_ns)

    def _move_place(self, now_ns: int) -> None:
        self._place_moved_ns = now_ns
        if self._place.lanes != self._lanes:
            self._place.move(self._lanes)
            self._journal.commit(self.name, self._place.lanes.passed)


def _taken(entries: Sequence[Entry], cut: Callable[[Batch], Batch] | None) -> tuple[list[tuple[int, Batch]], int]:
    """Return the batches of entries with their positions, cut to what is wanted, and the last position."""
    batches = [(entry.position, entry.record) for entry in entries if isinstance(entry.record, Batch)]
    if cut is not None:
        batches = [(position, cut(batch)) for position, batch in batches]
    return batches, entries[-1].position if entries else 0
