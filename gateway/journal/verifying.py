"""Every record of every segment read and checked, from the folder alone. Changes nothing, and knows no remedy."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.journal.copying import corrupt_segments
from gateway.journal.encoding import decode
from gateway.journal.rejects import FILE as REJECTS_FILE
from gateway.journal.segment import Row, first_of, is_damage, own_notes_of, reading, size_of
from gateway.journal.segments import segment_paths
from gateway.journal.versions import CHANNELS_FILE, FOLLOWS, GAPS, VERSION, version_of
from gateway.journal.walking import sound

_SELECT = "select position, kind, received_ns, readings, crc, body from record order by position"
_MOST_FINDINGS = 1_000
"""Of one segment; more of them say nothing more."""

Progress = Callable[[int, int], object]
"""Is told how many bytes of how many are done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written."""

    file: str
    position: int | None
    """The record it is about; None when it is the whole file."""
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of looking at a whole journal."""

    segments: int
    records: int
    readings: int
    lacking: int
    """Segments that say themselves that they lack records: thinned, saved from damage, or of version 1."""
    set_aside: tuple[str, ...]
    """Damaged segments that were set aside earlier and are kept."""
    findings: tuple[Finding, ...]


def verify(folder: Path, progress: Progress = lambda _done, _all: None) -> Verified:
    """Read a journal's folder; raise FileNotFoundError when there is none. A gateway may be writing it."""
    paths = segment_paths(folder)
    if not paths:
        raise FileNotFoundError(f"no journal in {folder}")
    findings: list[Finding] = []
    records = readings = lacking = done = 0
    end: int | None = None
    total = sum(map(size_of, paths))
    for path in paths:
        look = _Look(path)
        # Sealed and dropped by a running gateway meanwhile: nothing is wrong with that.
        if path.exists():
            findings += [*look.findings(), *look.missing_before(end)]
            end = look.end
            records, readings, lacking = records + look.records, readings + look.readings, lacking + look.has_gaps
            done += size_of(path)
        progress(min(done, total), total)
    for name in (CHANNELS_FILE, REJECTS_FILE):
        findings += _side_file(folder / name)
    set_aside = tuple(path.name for path in corrupt_segments(folder))
    return Verified(len(paths), records, readings, lacking, set_aside, tuple(findings))


class _Look:
    """One segment, looked at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records = self.readings = 0
        self.has_gaps = False
        self.end: int | None = None
        """The position behind the last record, None where that is not known."""
        self._follows = first_of(path)

    def missing_before(self, end: int | None) -> Iterator[Finding]:
        """Compare with where the segment before ended."""
        if end is not None and end < self._follows:
            yield self._finding(None, f"records {end} to {self._follows - 1}, before it, are missing")

    def findings(self) -> list[Finding]:
        version = version_of(self._path)
        if version is not None and version > VERSION:
            return [self._finding(None, f"is of version {version}; this program knows up to {VERSION}")]
        try:
            with reading(self._path) as connection:
                return self._all_of(connection, version)
        except FileNotFoundError:
            return []
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return [self._finding(None, f"the file is damaged ({error}); `lifeline journal repair` saves what it can")]

    def _all_of(self, connection: sqlite3.Connection, version: int | None) -> list[Finding]:
        notes = own_notes_of(connection)
        self.has_gaps = GAPS in notes or version == 1
        self._follows = notes.get(FOLLOWS, self._follows)
        found: list[Finding] = []
        expected = first_of(self._path)
        for columns in connection.execute(_SELECT):
            row = sound(columns)
            self.records += 1
            self.readings += max(0, row.readings)
            wrong = _wrong_with(row)
            if wrong:
                found.append(self._finding(row.position, wrong))
            if row.position != expected and not self.has_gaps:
                found.append(self._finding(row.position, f"records {expected} to {row.position - 1} are missing"))
            expected = row.position + 1
            self.end = None if self.has_gaps else expected
            if len(found) >= _MOST_FINDINGS:
                found.append(self._finding(None, "there is more; not looked at further"))
                return found
        return [*found, *self._against_seal(notes, expected)]

    def _against_seal(self, notes: dict[str, int], expected: int) -> Iterator[Finding]:
        """Compare with what the segment held when it was finished."""
        if "last" not in notes:
            return
        if notes["records"] != self.records:
            yield self._finding(None, f"holds {self.records} records, but was sealed with {notes['records']}")
        if notes["last"] and notes["last"] != expected - 1:
            yield self._finding(None, f"ends at {expected - 1}, but was sealed at {notes['last']}")

    def _finding(self, position: int | None, what: str) -> Finding:
        return Finding(self._path.name, position, what)


def _wrong_with(row: Row) -> str:
    if not row.is_intact:
        return "its checksum is wrong"
    try:
        record = decode(row.kind, row.body)
    except (ValueError, TypeError, struct.error) as error:
        return f"it cannot be understood ({error})"
    readings = len(record) if hasattr(record, "__len__") else 0
    return "" if readings == row.readings else f"it holds {readings} readings, not {row.readings}"


def _side_file(path: Path) -> Iterator[Finding]:
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            for (said,) in connection.execute("pragma integrity_check(5)"):
                if said != "ok":
                    yield Finding(path.name, None, str(said))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        yield Finding(path.name, None, f"the file is damaged ({error})")
