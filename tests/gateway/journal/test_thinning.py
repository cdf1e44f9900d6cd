"""Segments with fewer readings of the least important channels: which stay, which count, and that nothing else goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gateway.health import Health
from gateway.journal import Entry, Journal, read_stats
from gateway.journal.importance import Importances
from gateway.journal.segment import path_of, reading
from gateway.journal.segments import segment_paths
from gateway.journal.thinning import ONE_OF, Thinning, count_unpassed
from gateway.journal.verifying import verify
from tests.gateway.journal.conftest import MakeBatch, OpenJournal

RowsOf = Callable[[Sequence[Entry]], list[tuple[int, int, float, int]]]
LOW, NORMAL, HIGH = 1, 2, 3
WEIGHTS = {LOW: "low", NORMAL: "normal", HIGH: "high"}


def everything(journal: Journal) -> list[Entry]:
    found: list[Entry] = []
    while more := journal.read(found[-1].position if found else 0):
        found += more
    return found


def importances() -> Importances:
    known = Importances()
    known.take_over({LOW: "low", NORMAL: "normal", HIGH: "high"})
    return known


@pytest.fixture
def sealed(open_journal: OpenJournal, make_batch: MakeBatch, folder: Path) -> Path:
    """Return the first of two segments: batches of 30 rows, ten of each channel."""
    journal = open_journal(segment_bytes=50_000)
    at = 0
    while len(segment_paths(folder)) < 2:
        at += 1
        rows = [(channel, at * 100 + n, float(at * 100 + n)) for n in range(10) for channel in (LOW, NORMAL, HIGH)]
        journal.append([make_batch(*rows)]).result(60)
    journal.close()
    return segment_paths(folder)[0]


def thin(path: Path, *, level: int = 0, passed: int = 0) -> Thinning:
    thinning = Thinning(path, importances(), level=level, times=0, passed=passed)
    while not thinning.advance(0.0):
        pass
    assert thinning.finish({}) is not None
    return thinning


def test_of_each_channel_of_the_class_every_fourth_reading_stays_and_of_the_others_all(
    sealed: Path, open_journal: OpenJournal, rows_of: RowsOf
) -> None:
    end = int(segment_paths(sealed.parent)[1].stem)

    thinning = thin(sealed)

    rows = [row for row in rows_of(everything(open_journal())) if row[1] < end * 100]
    count = Counter(row[0] for row in rows)
    assert count[NORMAL] == count[HIGH] == 10 * (end - 1)
    low = [row[1] for row in rows if row[0] == LOW]
    assert low == [at * 100 + n for at in range(1, end) for n in range(10) if ((at - 1) * 10 + n) % ONE_OF == 0]
    assert thinning.given_up.tolist() == [10 * (end - 1) - len(low), 0, 0]


def test_positions_stay_and_a_thinned_journal_is_sound(sealed: Path, open_journal: OpenJournal) -> None:
    newest = open_journal().newest

    thin(sealed)
    journal = open_journal(sealed.parent.parent / "other")

    assert journal.newest == 0
    verified = verify(sealed.parent)
    assert (verified.findings, verified.lacking) == ((), 1)
    assert read_stats(sealed.parent).newest_position == newest


def test_what_every_reader_has_passed_goes_and_is_not_counted(sealed: Path) -> None:
    end = int(segment_paths(sealed.parent)[1].stem)

    thinning = thin(sealed, passed=end - 3)

    with reading(sealed) as connection:
        positions = [position for (position,) in connection.execute("select position from record")]
    assert positions == [end - 2, end - 1]
    assert thinning.given_up.tolist() == [15, 0, 0]


def test_a_reader_in_the_middle_of_a_segment_goes_on_in_the_old_file(sealed: Path) -> None:
    with reading(sealed) as connection:
        rows = connection.execute("select readings from record order by position")
        first = rows.fetchone()

        thin(sealed)

        assert {first, *rows.fetchall()} == {(30,)}


def test_thinning_that_is_left_changes_nothing(sealed: Path) -> None:
    before = sealed.read_bytes()
    thinning = Thinning(sealed, importances(), level=0, times=0, passed=0)
    thinning.advance(0.0)

    thinning.abandon()

    assert sealed.read_bytes() == before
    assert not list(sealed.parent.glob("*.new"))


def test_what_a_crash_leaves_of_thinning_is_gone_after_the_next_start(
    sealed: Path, open_journal: OpenJournal, rows_of: RowsOf
) -> None:
    whole = len(rows_of(everything(open_journal(sealed.parent))))
    Thinning(sealed, importances(), level=0, times=0, passed=0).advance(0.0)
    assert list(sealed.parent.glob("*.new"))
    copy = sealed.parent.parent / "copy"
    copy.mkdir()
    for path in sealed.parent.iterdir():
        if path.name != "lock" and not path.name.endswith("-shm"):
            (copy / path.name).write_bytes(path.read_bytes())

    again = open_journal(copy)

    assert not list(copy.glob("*.new"))
    assert len(rows_of(everything(again))) == whole


def test_readings_behind_a_place_are_counted_by_importance(sealed: Path) -> None:
    end = int(segment_paths(sealed.parent)[1].stem)

    assert count_unpassed(sealed, importances(), end - 3).tolist() == [20, 20, 20]
    assert count_unpassed(path_of(sealed.parent, 10**9), importances(), 0).tolist() == [0, 0, 0]


def test_a_channel_that_nobody_weighed_is_normal(make_batch: MakeBatch) -> None:
    batch = make_batch((LOW, 1, 1.0), (99, 1, 1.0), (HIGH, 1, 1.0))

    assert importances().count(batch.channel).tolist() == [1, 1, 1]
    assert Importances().count(batch.channel).tolist() == [0, 3, 0]


def fill(journal: Journal, make_batch: MakeBatch, batches: int, *, start: int = 0) -> None:
    for at in range(start, start + batches):
        rows = [(channel, at * 1_000 + n, float(n)) for n in range(500) for channel in (LOW, NORMAL, HIGH)]
        journal.append([make_batch(*rows)], urgent=True).result(20)


LITTLE_ROOM = {"cap_bytes": 1_600_000, "segment_bytes": 100_000}


@pytest.mark.slow
def test_at_the_cap_low_goes_before_normal_and_every_reading_given_up_is_counted(
    open_journal: OpenJournal, make_batch: MakeBatch, health: Health, rows_of: RowsOf
) -> None:
    journal = open_journal(**LITTLE_ROOM)
    journal.weigh({LOW: "low", NORMAL: "normal", HIGH: "high"})

    fill(journal, make_batch, 60)

    assert journal.stats().bytes <= LITTLE_ROOM["cap_bytes"]
    journal.close()
    again = open_journal(**LITTLE_ROOM)
    kept = Counter(row[0] for row in rows_of(everything(again)))
    given_up = {count.importance: count.readings for count in again.stats().given_up}
    assert kept[HIGH] == 30_000
    assert kept[LOW] + given_up["low"] == 30_000
    assert kept[NORMAL] + given_up.get("normal", 0) == 30_000
    assert kept[LOW] < kept[NORMAL]
    assert health.counts()["journal", "dropped", "thinned:low"] == given_up["low"]
    said = {each.name: each for each in health.conditions()}["journal_given_up"]
    assert "thins channels of importance" in said.reason
    assert not said.needed


@pytest.mark.slow
def test_what_was_given_up_is_known_after_a_restart_and_from_the_folder(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path
) -> None:
    journal = open_journal(cap_bytes=400_000, segment_bytes=30_000)
    fill(journal, make_batch, 15)
    journal.close()
    before = journal.stats().given_up

    assert before
    assert read_stats(folder).given_up == before
    assert open_journal(cap_bytes=400_000, segment_bytes=30_000).stats().given_up == before


@pytest.mark.slow
def test_high_is_never_thinned_and_then_appends_wait(open_journal: OpenJournal, make_batch: MakeBatch) -> None:
    journal = open_journal(cap_bytes=200_000, segment_bytes=30_000)
    journal.weigh({HIGH: "high"})
    futures = [
        journal.append([make_batch(*((HIGH, at * 1_000 + n, 1.0) for n in range(500)))], urgent=True)
        for at in range(30)
    ]

    while not journal.is_waiting:
        journal.wait(journal.newest, 0.05)

    assert not futures[-1].done()
    assert journal.stats().given_up == ()
    while not futures[-1].done():
        journal.commit("history", journal.newest)


@pytest.mark.slow
def test_drop_oldest_gives_the_oldest_up_although_a_reader_holds_them(
    open_journal: OpenJournal, make_batch: MakeBatch, rows_of: RowsOf
) -> None:
    small = {"cap_bytes": 400_000, "segment_bytes": 50_000, "at_cap": "drop_oldest"}
    journal = open_journal(**small)
    journal.weigh({LOW: "low", NORMAL: "normal", HIGH: "high"})

    fill(journal, make_batch, 20)
    journal.close()

    again = open_journal(**small)
    times = sorted({row[1] // 1_000 for row in rows_of(everything(again))})
    gone = {count.importance: count.readings for count in again.stats().given_up}
    assert times == list(range(times[0], 20))
    assert 0 < times[0] < 20
    assert gone == dict.fromkeys(("low", "normal", "high"), 500 * times[0])
    assert {count.reason for count in again.stats().given_up} == {"oldest"}


@pytest.mark.slow
def test_what_a_yielding_reader_wants_is_thinned_before_it_is_dropped(
    open_journal: OpenJournal, make_batch: MakeBatch, rows_of: RowsOf
) -> None:
    journal = open_journal(**LITTLE_ROOM, yielding=("influxdb",))
    journal.weigh({LOW: "low"})
    journal.attach("influxdb", 0)

    for start in range(0, 50, 5):
        fill(journal, make_batch, 5, start=start)
        journal.commit("history", journal.newest)
    journal.close()

    again = open_journal(**LITTLE_ROOM, yielding=("influxdb",))
    assert again._segments.firsts[0] == 1
    assert {count.reason for count in again.stats().given_up} == {"thinned"}
    assert sum(row[0] == LOW for row in rows_of(everything(again))) < 25_000
