"""Journals of another version: an older one becomes this one, a newer one is left alone."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.journal import ChannelKey, Entry, Journal
from gateway.journal.segments import segment_paths
from gateway.journal.verifying import verify
from gateway.journal.versions import CHANNELS_FILE, VERSION, version_of
from tests.gateway.journal.conftest import MakeBatch, OpenJournal

RowsOf = Callable[[Sequence[Entry]], list[tuple[int, int, float, int]]]
VERSION_1 = Path(__file__).parent / "fixtures" / "version_1"
"""Ten batches of 40 rows and a reject in four segments, as version 1 wrote them; positions jump from 7 to 101."""

POSITIONS = [*range(1, 8), *range(101, 105)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the journal of version 1."""
    return Path(shutil.copytree(VERSION_1, tmp_path / "journal"))


def entries(journal: Journal) -> list[Entry]:
    found: list[Entry] = []
    while more := journal.read(found[-1].position if found else 0):
        found += more
    return found


def bump(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"pragma user_version={version:d}")


def test_what_version_1_wrote_is_read_and_its_files_say_their_version_from_then_on(
    folder: Path, open_journal: OpenJournal, rows_of: RowsOf
) -> None:
    assert {version_of(path) for path in segment_paths(folder)} == {1}

    journal = open_journal()
    found = entries(journal)

    assert [entry.position for entry in found] == POSITIONS
    rows = rows_of(found)
    assert len(rows) == 400
    assert rows[41] == (2, 1_700_000_000_002_000_001, 2.01, 1)
    assert {version_of(path) for path in segment_paths(folder)} == {VERSION}
    assert journal.number([ChannelKey("MH-1.gas-1.ch4", "%")])["MH-1.gas-1.ch4"].number == 1
    assert version_of(folder / CHANNELS_FILE) == VERSION


def test_a_migrated_journal_goes_on_where_it_stood(
    folder: Path, open_journal: OpenJournal, make_batch: MakeBatch
) -> None:
    journal = open_journal()

    journal.append([make_batch((1, 5, 5.0))]).result(60)
    journal.close()

    again = open_journal()
    assert [entry.position for entry in entries(again)] == [*POSITIONS, 105]
    assert verify(folder).findings == ()


def test_a_journal_of_version_1_that_was_killed_is_migrated_with_what_its_log_holds(
    folder: Path, open_journal: OpenJournal
) -> None:
    newest = segment_paths(folder)[-1]
    with closing(sqlite3.connect(newest, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal").fetchone()
        connection.execute("insert into place (name, value) values ('reader:late', 7)")
        killed = folder.parent / "killed"
        shutil.copytree(folder, killed, ignore=shutil.ignore_patterns("*-shm"))

    journal = open_journal(killed)

    assert [entry.position for entry in entries(journal)] == POSITIONS
    assert {place.name: place.position for place in journal.stats().readers}["late"] == 7


def test_a_gap_of_version_1_is_no_finding(folder: Path) -> None:
    verified = verify(folder)

    assert (verified.findings, verified.lacking, verified.records) == ((), 4, 11)


@pytest.mark.parametrize("name", ["0000000000000000004.segment", CHANNELS_FILE])
def test_a_newer_version_is_refused_and_nothing_is_touched(folder: Path, open_journal: OpenJournal, name: str) -> None:
    bump(folder / name, VERSION + 1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(ConfigError, match=f"of version {VERSION + 1}; this program knows journals up to"):
        open_journal()

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_segment_whose_version_alone_was_damaged_is_read(folder: Path, open_journal: OpenJournal) -> None:
    with open_journal() as journal:
        # A gateway numbers its channels before it appends.
        journal.number([ChannelKey("P-1.unit-1.pressure", "MPa", 1.0, "water_pressure")])
        held = [entry.position for entry in entries(journal)]
    bump(segment_paths(folder)[-1], VERSION + 1024)

    with open_journal() as again:
        assert [entry.position for entry in entries(again)] == held == POSITIONS
