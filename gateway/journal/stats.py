"""What a journal holds, read from its folder alone, also while a gateway writes it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.journal.copying import corrupt_segments
from gateway.journal.cursors import readers_in
from gateway.journal.given_up import GivenUpCount, given_up_in
from gateway.journal.rejects import FILE as REJECTS_FILE
from gateway.journal.rejects import RejectCount, counts_of, newest_of
from gateway.journal.room import endurance
from gateway.journal.segment import Totals, count, places_of, reading, size_of
from gateway.journal.segments import merged, segment_paths
from gateway.journal.writer import AT_CAP, CAP, CONFLICTS, POLICIES, SECONDS_TO_FULL
from gateway.model import Quarantine
from gateway.settings import AtCap


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
    at_cap: AtCap = "thin"
    """What happens when the cap is reached."""
    seconds_to_full: float | None = None
    """When that is, if what readers hold back goes on growing as it does; None when it does not come to that.
    Offline: as of the gateway's last tick."""
    given_up: tuple[GivenUpCount, ...] = ()
    """Readings that went unread, or were thinned, to stay under the cap."""
    corrupt: tuple[str, ...] = ()
    """Damaged segments that were set aside and are kept."""

    @property
    def endurance(self) -> str:
        """When the journal is full and what then happens, in words."""
        return endurance(self.seconds_to_full, self.at_cap)

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
                places = merged(places, places_of(connection))
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
        at_cap=POLICIES[places.get(AT_CAP, 2) - 1],
        seconds_to_full=places.get(SECONDS_TO_FULL) or None,
        given_up=given_up_in(places),
        corrupt=tuple(path.name for path in corrupt_segments(folder)),
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
    at_cap: AtCap,
    seconds_to_full: float | None,
    given_up: tuple[GivenUpCount, ...],
    corrupt: tuple[str, ...],
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
        at_cap=at_cap,
        seconds_to_full=seconds_to_full,
        given_up=given_up,
        corrupt=corrupt,
    )
