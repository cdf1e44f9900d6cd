"""A damaged segment set aside, and what can be read of it saved into a sound one. The writer's thread does it.

Rule 1: the damaged file is kept under another name; nothing is wiped.
Rule 2: a record keeps its position; what is lost is counted once, and said.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gateway.journal.copying import Copy, corrupt_segments
from gateway.journal.pages import intact_records
from gateway.journal.segment import Row, Totals, path_of
from gateway.journal.segments import Segments
from gateway.journal.versions import FOLLOWS, GAPS, RESUME

_log = logging.getLogger(__name__)

_ROWS = 200
_KEPT_FILES = 8
"""More damaged files than these tell nothing new, and would fill the disk."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of one damaged segment."""

    segment: str
    kept_as: str
    saved: int
    """Records that could be saved."""
    lost: int
    """Records that could not; where nobody knows how many there were, those between saved ones."""
    is_tail_unknown: bool
    """Whether there may have been records behind the last one that was saved."""
    totals: Totals


class Mending:
    """The segments that wait to be mended, and who waits for that; `ask` and `wait` from any thread."""

    def __init__(self, folder: Path, segments: Segments, tell: Callable[[Mended], None]) -> None:
        self._folder = folder
        self._segments = segments
        self._tell = tell
        self._changed = threading.Condition()
        self._asked: set[int] = set()

    @property
    def is_due(self) -> bool:
        """Whether something waits to be mended."""
        return bool(self._asked or self._segments.damaged)

    def ask(self, first: int) -> None:
        """Ask for a segment that a reader found damaged."""
        with self._changed:
            self._asked.add(first)

    def wait(self, first: int, seconds: float) -> bool:
        """Block until a segment that was asked for is dealt with; tell whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: first not in self._asked, seconds)

    def work(self) -> None:
        """Mend what is damaged; what the disk does not allow now is tried again at the next call."""
        with self._changed:
            asked = set(self._asked)
        for first in asked:
            self._segments.suspect(first)
        for first in sorted(self._segments.damaged):
            try:
                self._mend(first)
            except (OSError, sqlite3.DatabaseError) as error:
                _log.warning("a damaged segment cannot be set aside now: %s", error)
        with self._changed:
            self._asked -= {first for first in asked if first not in self._segments.damaged}
            self._changed.notify_all()

    def _mend(self, first: int) -> None:
        known = self._segments.totals_of(first)
        follows = self._segments.follows_of(first)
        end = self._end_of(first)
        notes = {FOLLOWS: follows}
        if end is None:
            notes[RESUME] = self._segments.next_position
        mended = mend(path_of(self._folder, first), known, end, notes)
        self._segments.replaced(first, mended.totals, notes)
        for old in corrupt_segments(self._folder)[:-_KEPT_FILES]:
            _log.error("%s is removed: newer damaged segments are kept", old.name)
            old.unlink()
        self._tell(mended)

    def _end_of(self, first: int) -> int | None:
        """Return the position behind the last one a segment may hold; None of the newest."""
        following = min((other for other in self._segments.firsts if other > first), default=None)
        return None if following is None else self._segments.follows_of(following)


def mend(path: Path, known: Totals | None, end: int | None, notes: Mapping[str, int]) -> Mended:
    """Save what can be read of a segment into one that takes its place, and keep the damaged file.

    `known` is what it held, if anyone remembers; `end` the position that follows it, None for the newest segment;
    `notes` is what the new one is to say of itself.
    """
    copy = Copy(path)
    try:
        for rows in _in_parts(intact_records(path)):
            copy.add(rows)
        totals = copy.finish({GAPS: 1, **notes})
    except BaseException:
        copy.abandon()
        raise
    kept = copy.replace_damaged()
    first = int(path.name.partition(".")[0])
    wanted = known.records if known is not None else (end if end is not None else totals.last + 1) - first
    lost = max(0, wanted - totals.records)
    return Mended(path.name, kept.name, totals.records, lost, known is None and end is None, totals)


def _in_parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, _ROWS)):
        yield part
