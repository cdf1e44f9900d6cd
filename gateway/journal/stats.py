"""What a journal holds, read from its folder alone, also while a gateway writes it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.journal.cursors import readers_in
from gateway.journal.rejects import FILE as REJECTS_FILE
from gateway.journal.rejects import RejectCount, counts_of, newest_of
from gateway.journal.segment import Totals, count, places_of, reading, size_of
from gateway.journal.segments import segment_paths
from gateway.journal.writer import CAP, CONFLICTS
from gateway.model import Quarantine


@dataclass(frozen=True, slots=True)
class ReaderPlace:
    """How far one reader is."""

    name: str
    position: int
    behind: int
    """Records it has not durably passed."""


@dataclass(frozen=True, slots=True)
class JournalStats:
    """What a journal holds and who has read it."""

    bytes: int
    """On disk, write-ahead logs included."""
    cap_bytes: int
    segments: int
    records: int
    readings: int
    oldest_position: int
    newest_position: int
    oldest_received_ns: int
    newest_received_ns: int
    conflicts: int
    """Rows that came with a time their channel already held another value for."""
    damaged: int
    """Segments that cannot be read (offline), or records that could not (while running)."""
    readers: tuple[ReaderPlace, ...]
    quarantine: tuple[RejectCount, ...]

    @property
    def quarantine_bytes(self) -> int:
        """What the kept quarantine takes."""
        return sum(count.bytes for count in self.quarantine)


def read_stats(folder: Path) -> JournalStats:
    """Read a journal's folder; raise FileNotFoundError when there is none."""
    paths = segment_paths(folder)
    if not paths:
        raise FileNotFoundError(f"no journal in {folder}")
    totals: list[Totals] = []
    places: dict[str, int] = {}
    size = damaged = 0
    for path in paths:
        try:
            with reading(path) as connection:
                totals.append(count(connection))
                places |= places_of(connection)
            size += size_of(path)
        except FileNotFoundError:
            continue
        except sqlite3.DatabaseError:
            size += size_of(path)
            damaged += 1
    return stats_of(
        totals,
        readers=readers_in(places),
        conflicts=places.get(CONFLICTS, 0),
        cap_bytes=places.get(CAP, 0),
        size=size,
        damaged=damaged,
        segments=len(paths),
        first=int(paths[0].stem),
        quarantine=counts_of(folder / REJECTS_FILE),
    )


def read_quarantine(folder: Path, limit: int) -> list[Quarantine]:
    """Return the newest quarantined records of a journal's folder, newest first."""
    return newest_of(folder / REJECTS_FILE, limit)


def stats_of(
    totals: list[Totals],
    *,
    readers: dict[str, int],
    conflicts: int,
    cap_bytes: int,
    size: int,
    damaged: int,
    segments: int,
    first: int,
    quarantine: tuple[RejectCount, ...],
) -> JournalStats:
    """Put the totals of segments together."""
    filled = [total for total in totals if total.records]
    newest = max((total.last for total in filled), default=first - 1)
    places = tuple(
        ReaderPlace(name, position, max(0, newest - max(position, first - 1)))
        for name, position in sorted(readers.items())
    )
    return JournalStats(
        bytes=size,
        cap_bytes=cap_bytes,
        segments=segments,
        records=sum(total.records for total in filled),
        readings=sum(total.readings for total in filled),
        oldest_position=first,
        newest_position=newest,
        oldest_received_ns=min((total.oldest_ns for total in filled), default=0),
        newest_received_ns=max((total.newest_ns for total in filled), default=0),
        conflicts=conflicts,
        damaged=damaged,
        readers=places,
        quarantine=quarantine,
    )
