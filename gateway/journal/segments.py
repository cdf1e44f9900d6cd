"""The folder of segments: which there are, which one is written, and what they take on disk.

The writer's thread owns everything here but `firsts`, which is replaced as a whole and may be read anywhere.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from gateway.journal.copying import finish_interrupted
from gateway.journal.given_up import is_given_up
from gateway.journal.segment import (
    SUFFIX,
    THINNED_LOW,
    THINNED_NORMAL,
    Row,
    Segment,
    Totals,
    count,
    first_of,
    is_damage,
    is_sealed,
    make,
    own_notes_of,
    path_of,
    places_of,
    reading,
    seal,
    size_of,
)
from gateway.journal.versions import FOLLOWS, RESUME, migrate_segment

_log = logging.getLogger(__name__)

KEPT = 2
"""The newest segments stay even when every reader has passed: identity and receipts are rebuilt from them."""


class Segments:
    """All segments of one journal, the newest open for writing."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._sizes: dict[int, int] = {}
        self._totals: dict[int, Totals] = {}
        self._unsealed: set[int] = set()
        self.damaged: set[int] = set()
        """The segments whose file is wrong; they are to be mended."""
        self._thinned: dict[int, tuple[int, int]] = {}
        self._follows: dict[int, int] = {}
        self._resume: dict[int, int] = {}
        self._end = 1
        """The position behind the last record that is known."""
        self.places: dict[str, int] = {}
        """Readers' places and running counts as of the last commit."""
        finish_interrupted(folder)
        paths = segment_paths(folder)
        self.firsts: tuple[int, ...] = tuple(map(first_of, paths))
        for path in paths[:-1]:
            self._look_at(path)
        self._active: Segment | None = None
        self.next_position = 1
        """The position the next record gets."""
        if paths:
            self._open_newest(paths[-1])
        self.seal_rest()

    def _look_at(self, path: Path) -> None:
        first = first_of(path)
        self._sizes[first] = size_of(path)
        try:
            migrate_segment(path)
            with reading(path) as connection:
                self._totals[first] = count(connection)
                self._note(first, own_notes_of(connection))
                self.places = merged(self.places, places_of(connection))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self.damaged.add(first)
            _log.exception("segment %s is damaged", path.name)
        else:
            self._unsealed.add(first)

    def _note(self, first: int, notes: Mapping[str, int]) -> None:
        self._thinned[first] = (notes.get(THINNED_LOW, 0), notes.get(THINNED_NORMAL, 0))
        self._follows[first] = notes.get(FOLLOWS, first)
        self._resume[first] = notes.get(RESUME, 0)

    def _open_newest(self, path: Path) -> None:
        first = first_of(path)
        try:
            migrate_segment(path)
            if not is_sealed(path):
                # Opening it also finishes what a crash interrupted: an unfinished commit.
                self._active = Segment(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        self._look_at(path)
        totals = self._totals.get(first)
        if totals is None:
            if self._active is not None:
                self._active.close()
                self._active = None
            _log.error("writing goes on in a new segment")
            self._end = first
            # Every record takes more than one byte, so that no position of the damaged segment is given again.
            self.next_position = first + max(self._segment_bytes, self._sizes[first]) + 1
            return
        # A sealed segment keeps its name, also when it is empty.
        self._end = max(first, totals.last + 1)
        self.next_position = max(self._end, self._resume.get(first, 0), first + (self._active is None))
        if self._active is not None:
            self._unsealed.discard(first)

    def write(self, rows: Sequence[Row], places: Mapping[str, int]) -> None:
        """Commit rows and changed places as one whole, in a new segment when the newest is full."""
        is_full = bool(rows) and self._size_of_active() >= self._segment_bytes
        if self._active is None or (is_full and self._active.totals.records) or self._would_leave_gap(rows):
            self.roll(rows[0].position if rows else self.next_position)
        active = self._active
        if active is None:
            raise RuntimeError("a roll leaves an open segment")
        try:
            active.write(rows, places)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                self.suspect(active.first)
            raise
        self.places |= places
        self._totals[active.first] = active.totals
        if rows:
            self.next_position = self._end = rows[-1].position + 1

    def _would_leave_gap(self, rows: Sequence[Row]) -> bool:
        # A gap between two segments shows in their names; one within a segment would look like a loss.
        active = self._active
        return bool(rows) and active is not None and rows[0].position != max(active.first, active.totals.last + 1)

    def suspect(self, first: int) -> None:
        """Take a segment for damaged: nothing more is written to it, and it is to be mended."""
        active = self._active
        if active is not None and active.first == first:
            _log.error("segment %s is damaged; writing goes on in a new one", active.path.name)
            self._leave(active)
            self.next_position = max(self.next_position, first + 1)
        if first in self.firsts:
            self._unsealed.discard(first)
            self.damaged.add(first)

    def replaced(self, first: int, totals: Totals, notes: Mapping[str, int]) -> None:
        """Know a segment anew, after another file took its place."""
        self.damaged.discard(first)
        self._sizes[first] = size_of(path_of(self._folder, first))
        self._totals[first] = totals
        self._note(first, notes)
        if first == self.firsts[-1] and self._active is None:
            self._end = max(first, totals.last + 1)

    def follows_of(self, first: int) -> int:
        """Return the position behind the last one that was known when a segment was begun."""
        return self._follows.get(first, first)

    def totals_of(self, first: int) -> Totals | None:
        """Return what a segment holds, as far as it is known."""
        return self._totals.get(first)

    def roll(self, first: int) -> None:
        """Start a new segment at a position and seal the one before."""
        old = self._active
        if old is not None and old.first == first:
            return
        path = path_of(self._folder, first)
        if not path.exists():
            make(path)
        new = Segment(path)
        own = {FOLLOWS: self._end} if first != self._end else {}
        if self.places or own:
            new.write((), self.places | own)
        self._note(first, own)
        self._active = new
        self.firsts = (*self.firsts, first)
        if old is not None:
            self._leave(old)
        self.seal_rest()

    def _leave(self, segment: Segment) -> None:
        segment.close()
        if self._active is segment:
            self._active = None
        self._sizes[segment.first] = size_of(segment.path)
        self._unsealed.add(segment.first)

    def seal_rest(self) -> None:
        """Seal what is no longer written; one that is being read at this moment is tried again later."""
        for first in sorted(self._unsealed):
            path = path_of(self._folder, first)
            try:
                seal(path)
            except sqlite3.DatabaseError as error:
                if is_damage(error):
                    self.suspect(first)
                continue
            self._unsealed.discard(first)
            self._sizes[first] = size_of(path)

    def drop_passed(self, position: int) -> int:
        """Remove the oldest segments that end at or before a position; return how many."""
        dropped = 0
        while len(self.firsts) > KEPT and self.firsts[1] - 1 <= position:
            first, self.firsts = self.firsts[0], self.firsts[1:]
            path = path_of(self._folder, first)
            for tail in ("", "-wal", "-shm"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
            for known in (self._sizes, self._totals, self._thinned, self._follows, self._resume):
                known.pop(first, None)
            self._unsealed.discard(first)
            self.damaged.discard(first)
            dropped += 1
        return dropped

    def would_drop(self, position: int) -> bool:
        """Tell whether `drop_passed` would free something."""
        end = self.end_of_oldest()
        return end is not None and end <= position

    def end_of_oldest(self) -> int | None:
        """Return the last position of the oldest segment; None while it is among the newest, which stay."""
        firsts = self.firsts
        return firsts[1] - 1 if len(firsts) > KEPT else None

    def times_thinned(self, first: int) -> tuple[int, int]:
        """Return how often a segment was thinned: readings of low and of normal importance."""
        return self._thinned.get(first, (0, 0))

    def thinned_out(self, first: int, level: int, times: int) -> None:
        """Remember that nothing of a class is left to thin in a segment."""
        low, normal = self.times_thinned(first)
        self._thinned[first] = (times, normal) if level == 0 else (low, times)

    def finished(self) -> list[int]:
        """Return the segments that are sealed, sound and not among the newest that stay, oldest first."""
        return [first for first in self.firsts[:-KEPT] if first not in self._unsealed and first not in self.damaged]

    def size_of(self, first: int) -> int:
        """Return the bytes of one segment."""
        return self._size_of_active() if self._is_active(first) else self._sizes.get(first, 0)

    def held(self, position: int) -> int:
        """Return about how many bytes hold what comes after a position."""
        total = 0.0
        firsts = self.firsts
        for first, following in pairwise((*firsts, max(self.next_position, position))):
            share = (following - max(first, position + 1)) / max(1, following - first)
            total += self.size_of(first) * min(1.0, max(0.0, share))
        return round(total)

    def size(self) -> int:
        """Return the bytes of all segments on disk, write-ahead logs included."""
        sizes = self._sizes.copy()
        return sum(size for first, size in sizes.items() if not self._is_active(first)) + self._size_of_active()

    def totals(self) -> list[Totals]:
        """Return what each readable segment holds, oldest first."""
        return [totals for _, totals in sorted(self._totals.copy().items())]

    @property
    def has_unsealed(self) -> bool:
        """Whether a finished segment could not be sealed yet."""
        return bool(self._unsealed)

    def _is_active(self, first: int) -> bool:
        active = self._active
        return active is not None and active.first == first

    def _size_of_active(self) -> int:
        active = self._active
        return size_of(active.path) if active is not None else 0

    def close(self) -> None:
        """Let go of the files; the newest segment stays open for the next start."""
        if self._active is not None:
            self._active.close()
            self._active = None


def segment_paths(folder: Path) -> list[Path]:
    """Return the segments of a folder, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.name.removesuffix(SUFFIX).isdecimal())


def merged(places: Mapping[str, int], later: Mapping[str, int]) -> dict[str, int]:
    """Return what the journal notes after a later segment; counts of what was given up only grow."""
    counts = {name: max(value, places.get(name, 0)) for name, value in later.items() if is_given_up(name)}
    return {**places, **later, **counts}
