"""Segments whose file is wrong: set aside, kept, and what can be read of them saved."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gateway.health import Health
from gateway.journal import Entry, Journal, read_stats
from gateway.journal.copying import Copy, corrupt_segments
from gateway.journal.mending import mend
from gateway.journal.pages import intact_records
from gateway.journal.segment import PAGE_BYTES
from gateway.journal.segments import segment_paths
from gateway.journal.verifying import verify
from gateway.model import Quarantine
from tests.gateway.journal.conftest import MakeBatch, OpenJournal

RowsOf = Callable[[Sequence[Entry]], list[tuple[int, int, float, int]]]
SMALL = {"segment_bytes": 50_000, "cap_bytes": 100_000_000}


def entries(journal: Journal) -> list[Entry]:
    found: list[Entry] = []
    while more := journal.read(found[-1].position if found else 0):
        found += more
    return found


def positions(journal: Journal) -> list[int]:
    return [entry.position for entry in entries(journal)]


def fill(journal: Journal, make_batch: MakeBatch, records: int, *, rows: int = 300) -> None:
    futures = [
        journal.append([make_batch(*((n % 7, at * 1_000 + n, n / 3) for n in range(rows)))]) for at in range(records)
    ]
    futures[-1].result(20)


def wreck(path: Path, start: int, length: int) -> None:
    content = bytearray(path.read_bytes())
    content[start : start + length] = random.Random(3).randbytes(len(content[start : start + length]))
    path.write_bytes(content)


@pytest.fixture
def stopped(open_journal: OpenJournal, make_batch: MakeBatch, folder: Path) -> int:
    """Leave a journal of several segments behind; return its newest position."""
    journal = open_journal(**SMALL)
    fill(journal, make_batch, 60)
    newest = journal.newest
    journal.close()
    assert len(segment_paths(folder)) > 4
    return newest


def test_every_record_can_be_read_page_by_page_also_one_that_is_longer_than_a_page(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path
) -> None:
    journal = open_journal()
    journal.append([make_batch((1, 1, 1.0)), Quarantine("s", "json", "", b"x", 5)]).result(60)
    fill(journal, make_batch, 5, rows=4_000)
    journal.close()

    found = sorted(intact_records(segment_paths(folder)[0]))

    assert [row.position for row in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.readings for row in found] == [1, 0, *[4_000] * 5]


def test_what_only_the_write_ahead_log_holds_is_read_too_but_nothing_that_was_not_committed(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path
) -> None:
    journal = open_journal()
    fill(journal, make_batch, 10)
    copy = Path(shutil.copytree(folder, folder.parent / "copy"))
    log = next(copy.glob("*.segment-wal"))
    whole = log.read_bytes()

    log.write_bytes(whole + whole[32 : 32 + 24 + PAGE_BYTES])
    found = {row.position for row in intact_records(segment_paths(copy)[0])}
    log.write_bytes(whole[: -PAGE_BYTES // 2])
    torn = {row.position for row in intact_records(segment_paths(copy)[0])}

    assert found == set(range(1, 11))
    assert torn < found


@pytest.mark.parametrize("which", [0, 2, -1], ids=["oldest", "middle", "newest"])
def test_a_wrecked_header_costs_nothing_and_the_file_is_kept(
    open_journal: OpenJournal, folder: Path, stopped: int, health: Health, which: int
) -> None:
    path = segment_paths(folder)[which]
    wreck(path, 0, 100)
    wrecked = path.read_bytes()

    journal = open_journal(**SMALL)

    assert positions(journal) == list(range(1, stopped + 1))
    assert [kept.read_bytes() for kept in corrupt_segments(folder)] == [wrecked]
    condition = {each.name: each for each in health.conditions()}["journal_intact"]
    assert (condition.ok, condition.needed) == (False, False)
    assert "were set aside" in condition.reason
    assert health.counts().get(("journal", "failed", "damaged"), 0) == 0
    assert verify(folder).findings == ()
    assert journal.stats().corrupt == (f"{path.name}.corrupt",)


def test_positions_go_on_behind_whatever_a_wrecked_newest_segment_may_have_held(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path, stopped: int
) -> None:
    path = segment_paths(folder)[-1]
    path.write_bytes(path.read_bytes()[: -2 * PAGE_BYTES])

    journal = open_journal(**SMALL)
    journal.append([make_batch((1, 10**9, 1.0))]).result(60)

    assert journal.newest > stopped


def test_pages_wrecked_while_the_gateway_runs_are_met_by_a_reader_and_cost_what_lay_in_them(
    open_journal: OpenJournal, folder: Path, stopped: int, health: Health, make_batch: MakeBatch
) -> None:
    journal = open_journal(**SMALL)
    path = segment_paths(folder)[1]
    wreck(path, 4 * PAGE_BYTES, 3 * PAGE_BYTES)

    found = positions(journal)

    lost = stopped - len(found)
    assert 0 < lost <= 4
    assert health.counts()["journal", "failed", "damaged"] == lost == journal.stats().damaged
    assert [kept.name for kept in corrupt_segments(folder)] == [f"{path.name}.corrupt"]
    assert verify(folder).findings == ()
    journal.append([make_batch((1, 10**9, 1.0))], urgent=True).result(60)


def test_a_cut_off_segment_is_noticed_although_its_beginning_reads_well(
    open_journal: OpenJournal, folder: Path, stopped: int
) -> None:
    path = segment_paths(folder)[1]
    path.write_bytes(path.read_bytes()[: -3 * PAGE_BYTES])

    journal = open_journal(**SMALL)
    found = positions(journal)

    assert len(found) < stopped
    assert journal.stats().damaged == stopped - len(found)


def test_a_record_that_vanished_from_its_page_is_noticed(open_journal: OpenJournal, folder: Path, stopped: int) -> None:
    path = segment_paths(folder)[1]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("delete from record where position = (select min(position) + 1 from record)")

    journal = open_journal(**SMALL)

    assert len(positions(journal)) == stopped - 1
    assert journal.stats().damaged == 1


def test_an_empty_file_in_the_middle_loses_its_own_records_only(
    open_journal: OpenJournal, folder: Path, stopped: int
) -> None:
    first, path, following = (int(each.stem) for each in segment_paths(folder)[:3])
    segment_paths(folder)[1].write_bytes(b"")

    journal = open_journal(**SMALL)

    assert positions(journal) == [*range(first, path), *range(following, stopped + 1)]
    assert journal.stats().damaged == following - path


@pytest.mark.parametrize("step", ["before", "between", "log left"])
def test_a_crash_while_a_segment_is_set_aside_loses_nothing(
    open_journal: OpenJournal, folder: Path, stopped: int, step: str
) -> None:
    path = segment_paths(folder)[1]
    saved = path.with_name(f"{path.name}.saved")
    copy = Copy(path)
    copy.add(list(intact_records(path)))
    copy.finish({"gaps": 1})
    copy.new.replace(saved)
    if step != "before":
        path.replace(path.with_name(f"{path.name}.corrupt"))
    if step == "log left":
        path.with_name(f"{path.name}-wal").write_bytes(b"log of the damaged file")

    journal = open_journal(**SMALL)

    assert positions(journal) == list(range(1, stopped + 1))
    assert not saved.exists()
    assert not path.with_name(f"{path.name}-wal").exists()


def test_a_segment_that_is_damaged_again_gets_another_name(folder: Path, stopped: int) -> None:
    path = segment_paths(folder)[0]
    for _ in range(3):
        wreck(path, 0, 100)
        mend(path, None, stopped, {})

    assert [kept.name.removeprefix(path.name) for kept in corrupt_segments(folder)] == [
        ".corrupt", ".corrupt.2", ".corrupt.3",
    ]  # fmt: skip


def test_no_more_damaged_files_are_kept_than_the_disk_bears(
    open_journal: OpenJournal, folder: Path, stopped: int
) -> None:
    assert stopped
    for number in range(10):
        (folder / f"{number:019d}.segment.corrupt").write_bytes(b"old")
    wreck(segment_paths(folder)[0], 0, 100)

    open_journal(**SMALL)

    assert len(corrupt_segments(folder)) == 8


def test_damage_met_on_a_full_disk_waits_and_is_tried_again(
    open_journal: OpenJournal, folder: Path, stopped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wreck(segment_paths(folder)[1], 0, 100)
    with monkeypatch.context() as patch:
        patch.setattr(Copy, "finish", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        journal = open_journal(**SMALL)
        assert not corrupt_segments(folder)
        assert not list(folder.glob("*.new"))

    assert positions(journal) == list(range(1, stopped + 1))


def test_offline_figures_of_a_damaged_journal_name_it(folder: Path, stopped: int) -> None:
    wreck(segment_paths(folder)[1], 0, 100)

    stats = read_stats(folder)

    assert stats.damaged == 1
    assert stats.newest_position == stopped


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_whatever_bits_flip_nothing_wrong_comes_out_and_what_is_lost_is_counted(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path, rows_of: RowsOf, seed: int
) -> None:
    journal = open_journal(**SMALL)
    fill(journal, make_batch, 40)
    journal.close()
    sent = rows_of(entries(open_journal(folder)))
    seeded = random.Random(seed)
    path = seeded.choice(segment_paths(folder)[:-1])
    copy = Path(shutil.copytree(folder, folder.parent / "copy", ignore=shutil.ignore_patterns("lock", "*-shm")))
    content = bytearray((copy / path.name).read_bytes())
    for _ in range(seeded.randint(1, 40)):
        content[seeded.randrange(len(content))] ^= 1 << seeded.randrange(8)
    (copy / path.name).write_bytes(content)

    damaged = open_journal(copy, **SMALL)
    found = entries(damaged)

    assert set(rows_of(found)) <= set(sent)
    assert 40 - len(found) == damaged.stats().damaged


@pytest.mark.parametrize("wreck_it", [b"", None], ids=["empty", "cut"])
def test_positions_of_a_wrecked_newest_segment_are_not_given_again_however_often_it_is_opened(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path, stopped: int, wreck_it: bytes | None
) -> None:
    path = segment_paths(folder)[-1]
    path.write_bytes(path.read_bytes()[:PAGE_BYTES] if wreck_it is None else wreck_it)
    open_journal(**SMALL).close()
    wreck(path, 0, 100)
    open_journal(**SMALL).close()

    journal = open_journal(**SMALL)
    journal.append([make_batch((1, 10**9, 1.0))]).result(60)
    journal.close()

    again = open_journal(**SMALL)
    assert again.newest > stopped
    assert positions(again)[-1] == again.newest
    assert verify(folder).findings == ()


@pytest.mark.parametrize("name", [b"records", b"last"])
def test_wrecked_notes_of_a_segment_are_damage_like_any_other(
    open_journal: OpenJournal, folder: Path, stopped: int, name: bytes
) -> None:
    path = segment_paths(folder)[1]
    content = bytearray(path.read_bytes())
    content[content.rindex(name)] |= 0x80
    path.write_bytes(content)

    journal = open_journal(**SMALL)

    assert positions(journal) == list(range(1, stopped + 1))
    assert len(corrupt_segments(folder)) == 1
