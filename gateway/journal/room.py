"""Room under the cap: what may go, what is given up when nothing may, and when that will be.

The writer's thread does it.

Rule 1: what every reader has passed goes first and costs nothing.
Rule 2: then the policy: `thin` writes the oldest segments anew with fewer readings of low, then of normal importance;
        `drop_oldest` gives the oldest up; `hold` gives up nothing that a holding reader wants.
Rule 3: what only yielding readers want goes before anybody has to wait.
Rule 4: what is given up although a reader had not passed it is counted in readings, by reason and importance.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from gateway.clock import Clock
from gateway.health import Health
from gateway.journal.cursors import Cursors
from gateway.journal.forecast import Forecast, in_words
from gateway.journal.given_up import OLDEST, THINNED, GivenUp, unread
from gateway.journal.importance import IMPORTANCES, Importances
from gateway.journal.rejects import Rejects
from gateway.journal.segment import is_damage, path_of
from gateway.journal.segments import Segments
from gateway.journal.tail import Tail
from gateway.journal.thinning import CLASSES, MOST_TIMES, Thinning, count_unpassed
from gateway.model import Int64s
from gateway.settings import AtCap, JournalSettings

_log = logging.getLogger(__name__)

_PRESSED = 0.5
"""From this part of the cap on, readers are asked to make their places durable."""
_SLICE_SECONDS = 0.05
_WHOLE_SECONDS = 3600.0

AFTERWARDS: dict[AtCap, str] = {
    "hold": "acknowledgements are held back",
    "thin": "channels of importance low are thinned first",
    "drop_oldest": "the oldest readings are given up",
}
"""What happens at the cap, by the policy that the site file names."""


class Room:
    """Keeps the journal under its cap."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: JournalSettings,
        segment_bytes: int,
        segments: Segments,
        cursors: Cursors,
        rejects: Rejects,
        tail: Tail,
        importances: Importances,
        clock: Clock,
        health: Health,
    ) -> None:
        self._folder = folder
        self._cap_bytes = settings.cap_bytes
        self._at_cap = settings.at_cap
        # A segment that is written anew needs room for both; at three quarters of the cap at the earliest.
        self._thin_at = settings.cap_bytes - segment_bytes
        self._segments = segments
        self._cursors = cursors
        self._rejects = rejects
        self._tail = tail
        self._importances = importances
        self._clock = clock
        self._health = health
        self._thinning: Thinning | None = None
        self._thinned_first = self._thinned_level = 0
        self._is_exhausted_until = 0
        self._forecast = Forecast()
        self.given_up = GivenUp(segments.places, health)
        """What was given up so far."""
        self.needs_room = False
        """Whether readers should make their places durable, so that segments can go."""
        self.seconds_to_full: float | None = None
        """In how many seconds the policy sets in if things go on like this; None when they do not come to that."""

    def makes(self, size: int) -> bool:
        """Tell whether so many bytes fit under the cap, after letting go of what may go."""
        self.drop_passed()
        self.needs_room = self._segments.size() + size > _PRESSED * self._cap_bytes
        while self._size() + size > self._cap_bytes and self._gives_way():
            pass
        if self._size() + size <= self._cap_bytes or self._cursors.passed() >= self._tail.newest:
            return True
        name, position = self._cursors.slowest()
        reason = (
            f"the journal is at its cap of {self._cap_bytes} bytes and holds acknowledgements back: reader {name!r} is"
            f" {self._tail.newest - position} records behind"
        )
        if self._health.set_condition("journal", ok=False, reason=reason):
            _log.error("%s", reason)
        return False

    def keep(self) -> None:
        """Do what is due between two commits, for some hundredths of a second."""
        self.drop_passed()
        if self._at_cap == "thin" and self.is_busy:
            self._thin(_SLICE_SECONDS)
        size = self._segments.size()
        self.needs_room = size > _PRESSED * self._cap_bytes
        now_ns = self._clock.now().monotonic_ns
        if self._forecast.is_due(now_ns):
            self._look_ahead(now_ns, size)

    @property
    def is_busy(self) -> bool:
        """Whether a segment is, or should now be, written anew."""
        if self._thinning is not None:
            return True
        is_tight = self._at_cap == "thin" and self._segments.size() > self._thin_at
        return is_tight and self._clock.now().monotonic_ns >= self._is_exhausted_until

    def close(self) -> None:
        """Leave a segment that is being written anew as it was."""
        if self._thinning is not None:
            self._thinning.abandon()
            self._thinning = None

    def drop_passed(self) -> None:
        """Let go of what every reader has passed."""
        position = self._cursors.passed()
        if self._segments.would_drop(position):
            self._rejects.sync()
            self._let_go(position)

    def _size(self) -> int:
        return self._segments.size() + (self._thinning.bytes_copied if self._thinning is not None else 0)

    def _gives_way(self) -> bool:
        """Give something up as the policy says; tell whether there was anything."""
        if self._at_cap == "thin" and self._thin(_WHOLE_SECONDS):
            return True
        if self._drops_unread():
            return True
        return self._at_cap == "drop_oldest" and self._drops_oldest()

    def _drops_unread(self) -> bool:
        """Drop the oldest segment that only yielding readers still want."""
        end = self._segments.end_of_oldest()
        if end is None or end > self._cursors.passed_at_cap():
            return False
        for name in self._cursors.behind(end):
            readings = self.given_up.add(unread(name), self._unpassed(self._cursors.place_of(name)))
            reason = f"the journal was at its cap and let go of records that reader {name!r} had not read"
            if readings and self._health.set_condition(f"journal_unread_{name}", ok=False, reason=reason, needed=False):
                _log.error("%s", reason)
        self._drop_to(end)
        return True

    def _drops_oldest(self) -> bool:
        """Drop the oldest segment whatever the readers want."""
        end = self._segments.end_of_oldest()
        if end is None:
            return False
        if self.given_up.add(OLDEST, self._unpassed(self._cursors.passed())):
            self._say_given_up()
        self._drop_to(end)
        return True

    def _unpassed(self, position: int) -> Int64s:
        return count_unpassed(path_of(self._folder, self._segments.firsts[0]), self._importances, position)

    def _drop_to(self, end: int) -> None:
        self._rejects.sync()
        self._save_counts()
        self._let_go(end)

    def _let_go(self, position: int) -> None:
        if self._thinning is not None and self._thinned_first <= position:
            self.close()
        self._segments.drop_passed(position)

    def _save_counts(self) -> None:
        try:
            self._segments.write((), self.given_up.places())
        except (sqlite3.DatabaseError, OSError):
            _log.warning("counts of what was given up stay in memory for now; the next tick writes them")

    def _thin(self, seconds: float) -> bool:
        """Work at thinning; tell whether there was anything to do."""
        try:
            if self._thinning is None:
                self._thinning = self._next_thinning()
            if self._thinning is None:
                self._rest()
                return False
            if self._thinning.advance(seconds):
                self._finish(self._thinning)
        except (OSError, sqlite3.DatabaseError) as error:
            self._thinning = None
            if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
                self._segments.suspect(self._thinned_first)
            else:
                _log.warning("a segment cannot be thinned now: %s", error)
            self._rest()
            return False
        return True

    def _rest(self) -> None:
        self._is_exhausted_until = self._clock.now().monotonic_ns + 1_000_000_000

    def _next_thinning(self) -> Thinning | None:
        """Begin with the least important class and the oldest segment that was thinned least."""
        finished = self._segments.finished()
        passed = self._cursors.passed()
        for level in range(len(CLASSES)):
            for times in range(MOST_TIMES):
                for first in finished:
                    if self._segments.times_thinned(first)[level] == times:
                        self._thinned_first, self._thinned_level = first, level
                        path = path_of(self._folder, first)
                        return Thinning(path, self._importances, level=level, times=times, passed=passed)
        return None

    def _finish(self, thinning: Thinning) -> None:
        self._thinning = None
        first, level = self._thinned_first, self._thinned_level
        found = thinning.finish(self.given_up.places_after(THINNED, thinning.given_up))
        if found is not None:
            self._segments.replaced(first, *found)
        if found is None or not thinning.given_up.any():
            # Nothing of this class is left here: the next turn is another class's.
            self._segments.thinned_out(first, level, MOST_TIMES)
        if found is not None and self.given_up.add(THINNED, thinning.given_up):
            self._say_given_up(IMPORTANCES[level])

    def _say_given_up(self, importance: str = "") -> None:
        total = sum(count.readings for count in self.given_up.counts())
        name, position = self._cursors.slowest()
        what = f"thins channels of importance {importance}" if importance else "gives up its oldest readings"
        reason = (
            f"the journal is near its cap and {what}; {total} readings were given up so far."
            f" Reader {name!r} is {self._tail.newest - position} records behind"
        )
        if self._health.set_condition("journal_given_up", ok=False, reason=reason, needed=False):
            _log.error("%s", reason)

    def _look_ahead(self, now_ns: int, size: int) -> None:
        self._forecast.note(now_ns, self._segments.held(self._cursors.seen()))
        limit = self._thin_at if self._at_cap == "thin" else self._cap_bytes
        self.seconds_to_full = self._forecast.seconds_to_full(limit)
        if size < _PRESSED * self._cap_bytes:
            self._health.set_condition("journal_given_up", ok=True, needed=False)


def endurance(seconds_to_full: float | None, at_cap: AtCap) -> str:
    """Say when the journal is full and what then happens, in words."""
    if seconds_to_full is None:
        return f"not filling; when full {AFTERWARDS[at_cap]}"
    return f"full in {in_words(seconds_to_full)}, then {AFTERWARDS[at_cap]}"
