"""Segments on disk: rolling, sealing, letting go, and what is left of damaged ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gateway.health import Health
from gateway.journal import Entry, Journal, read_stats
from gateway.journal.segment import is_wal, size_of
from gateway.journal.segments import segment_paths
from tests.gateway.journal.conftest import MakeBatch, OpenJournal

RowsOf = Callable[[Sequence[Entry]], list[tuple[int, int, float, int]]]
SMALL = {"segment_bytes": 50_000, "cap_bytes": 100_000_000}


@pytest.fixture
def fill(make_batch: MakeBatch) -> Callable[..., None]:
    """Append batches of 500 rows, about 6 kB each, until there are so many segments."""

    def filled(journal: Journal, folder: Path, segments: int) -> None:
        at = journal.newest
        while len(segment_paths(folder)) < segments:
            at += 1
            batch = make_batch(*((channel, at, float(at)) for channel in range(500)))
            journal.append([batch]).result(60)

    return filled


def all_positions(journal: Journal) -> list[int]:
    after = 0
    found: list[int] = []
    while entries := journal.read(after):
        after = entries[-1].position
        found += [entry.position for entry in entries]
    return found


def test_a_full_segment_is_sealed_and_the_next_one_begun(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL)

    fill(journal, folder, 3)

    assert [is_wal(path) for path in segment_paths(folder)] == [False, False, True]
    assert not list(folder.glob(f"{segment_paths(folder)[0].name}-*"))


def test_records_are_read_across_segments_in_order(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, folder, 4)
    newest = journal.newest
    journal.close()

    again = open_journal(**SMALL)

    assert all_positions(again) == list(range(1, newest + 1))


def test_segments_go_when_every_holding_reader_has_passed_but_for_the_newest_two(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL, readers=("history", "detection"))
    fill(journal, folder, 5)

    journal.commit("history", journal.newest)
    assert len(segment_paths(folder)) == 5

    journal.commit("detection", journal.newest)
    journal.append([], urgent=True).result(60)
    journal.close()
    assert len(segment_paths(folder)) == 2


def test_what_one_reader_has_not_passed_stays(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, folder, 5)
    second = int(segment_paths(folder)[1].stem)

    journal.commit("history", second + 1)
    journal.close()

    assert int(segment_paths(folder)[0].stem) == second


def test_nothing_goes_after_a_restart_until_the_readers_have_said_where_they_are(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, folder, 3)
    journal.commit("history", journal.newest)
    journal.close()
    again = open_journal(**SMALL)
    fill(again, folder, 6)

    assert len(segment_paths(folder)) == 6


def test_a_segment_left_unsealed_by_a_kill_is_sealed_at_the_next_start(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, folder, 2)
    newest = journal.newest
    journal.close()
    oldest = segment_paths(folder)[0]
    with closing(sqlite3.connect(oldest, isolation_level=None)) as connection:
        connection.execute("delete from place")
        connection.execute("pragma journal_mode=wal").fetchone()

    again = open_journal(**SMALL)

    assert not is_wal(oldest)
    assert all_positions(again) == list(range(1, newest + 1))


def test_a_flipped_bit_costs_its_record_only(
    open_journal: OpenJournal, folder: Path, make_batch: MakeBatch, health: Health, rows_of: RowsOf
) -> None:
    journal = open_journal()
    journal.append([make_batch((1, at, 123456.789 + at)) for at in range(10)]).result(60)
    journal.close()
    path = segment_paths(folder)[0]
    content = bytearray(path.read_bytes())
    value = content.index(make_batch((1, 4, 123456.789 + 4)).value.tobytes())
    content[value] ^= 1
    path.write_bytes(content)

    again = open_journal()

    assert [row[1] for row in rows_of(again.read(0))] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert health.counts()["journal", "failed", "damaged"] == 1
    assert [condition.name for condition in health.conditions() if not condition.ok] == ["journal_intact"]
    assert again.stats().damaged == 1


def test_a_damaged_record_is_counted_once_however_often_it_is_met(
    open_journal: OpenJournal, folder: Path, make_batch: MakeBatch, health: Health
) -> None:
    journal = open_journal()
    journal.append([make_batch((1, 5, 5.0)), make_batch((1, 6, 6.0))]).result(60)
    journal.close()
    with closing(sqlite3.connect(segment_paths(folder)[0], isolation_level=None)) as connection:
        connection.execute("update record set crc = crc + 1 where position = 2")
    again = open_journal()

    for _ in range(3):
        again.read(0)

    assert health.counts()["journal", "failed", "damaged"] == 1


def test_wrecked_pages_cost_what_lies_in_them_and_nothing_behind(
    open_journal: OpenJournal, folder: Path, make_batch: MakeBatch, health: Health
) -> None:
    journal = open_journal()
    journal.append([make_batch((1, at, float(at))) for at in range(3_000)]).result(60)
    journal.close()
    path = segment_paths(folder)[0]
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 2 * 4096] = b"\xff" * (2 * 4096)
    path.write_bytes(content)

    again = open_journal()
    positions = all_positions(again)

    assert positions[0] == 1
    assert positions[-1] == 3_000
    assert 2_800 < len(positions) < 3_000
    assert health.counts()["journal", "failed", "damaged"] == 3_000 - len(positions)


@pytest.mark.parametrize("wreck", [b"", b"no database at all" * 300], ids=["empty", "garbage"])
def test_a_wrecked_newest_segment_stops_nothing_and_no_position_is_given_again(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None], make_batch: MakeBatch, wreck: bytes
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, folder, 2)
    journal.close()
    newest = segment_paths(folder)[-1]
    newest.write_bytes(wreck)

    again = open_journal(**SMALL)
    again.append([make_batch((1, 10**9, 1.0))]).result(60)

    positions = all_positions(again)
    assert positions[:-1] == list(range(1, int(newest.stem)))
    assert positions[-1] >= int(newest.stem)


@pytest.mark.slow
def test_a_segment_wrecked_while_it_is_written_is_left_for_a_new_one(
    open_journal: OpenJournal, folder: Path, make_batch: MakeBatch
) -> None:
    journal = open_journal()
    journal.append([make_batch((1, 1, 1.0))]).result(60)
    active = journal._segments._active
    assert active is not None
    active._connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    active._connection.execute("pragma cache_size=0")
    path = segment_paths(folder)[0]
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)

    journal.append([make_batch((1, 2, 2.0))]).result(30)

    assert len(segment_paths(folder)) == 2


def test_stats_are_the_same_while_a_gateway_runs_and_from_its_folder(
    open_journal: OpenJournal, folder: Path, fill: Callable[..., None]
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, folder, 3)
    running = journal.stats()

    offline = read_stats(folder)

    assert (offline.records, offline.readings) == (running.records, running.readings)
    assert (offline.segments, offline.newest_position) == (3, journal.newest)
    assert offline.bytes == sum(size_of(path) for path in segment_paths(folder))
