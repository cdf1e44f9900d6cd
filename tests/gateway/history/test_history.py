from __future__ import annotations

import math
import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.errors import Unreachable
from gateway.health import Health
from gateway.history import History, Latest, Pace
from gateway.journal import Entry
from gateway.model import SECOND, Flag, Quality, Tick
from tests.gateway.history.conftest import Opener
from tests.gateway.history.story import ALWAYS, START, Row, Story

GOOD = int(Quality.GOOD)


def steady(channel: int, rows: int, *, first: int = 0, value: float = 1.5) -> list[Row]:
    """Return readings of one channel, one a second."""
    return [(channel, START + second * SECOND, value, GOOD, 0) for second in range(first, first + rows)]


def tick(story: Story, received_ns: int) -> Entry:
    story.entries.append(Entry(len(story.entries) + 1, Tick(received_ns), received_ns))
    return story.entries[-1]


def test_a_new_history_holds_nothing(open_history: Opener) -> None:
    history = open_history()

    assert history.position() == 0
    assert len(history.read(1, *ALWAYS)) == 0
    assert history.latest() == {}
    assert (history.count(), history.highest_channel()) == (0, 0)


def test_readings_are_answered_at_once_though_not_yet_committed(open_history: Opener, story: Story) -> None:
    history = open_history()

    durable = history.apply([story.tell(steady(1, 10))])

    assert durable == history.position() == 0
    story.assert_held_by(history)


def test_the_place_follows_when_enough_rows_wait(open_history: Opener, story: Story) -> None:
    history = open_history(pace=Pace(rows=100))

    places = [history.apply([story.tell(steady(1, 40, first=40 * turn))]) for turn in range(4)]

    assert places == [0, 0, 3, 3]


def test_the_place_follows_when_journal_time_has_passed(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 1), received_ns=START)])

    early = history.apply([tick(story, START + 9 * SECOND)])
    due = history.apply([tick(story, START + 10 * SECOND)])

    assert (early, due) == (0, 3)


def test_a_place_alone_is_committed_once_a_minute(open_history: Opener, story: Story) -> None:
    history = open_history()

    places = [history.apply([tick(story, START + seconds * SECOND)]) for seconds in (0, 50, 60)]

    assert places == [0, 0, 3]


def test_a_clock_set_back_does_not_hold_the_place(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 1), received_ns=START)])

    assert history.apply([tick(story, START - 3600 * SECOND)]) == 2


def test_the_journal_in_need_of_room_gets_the_place_at_once(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 1))])

    assert history.apply(()) == 1


def test_reading_is_from_start_on_and_before_end_and_the_earliest_first(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 1_500))])
    history.apply(())

    window = history.read(1, START + 500 * SECOND, START + 1_300 * SECOND)
    few = history.read(1, START + 500 * SECOND, START + 1_300 * SECOND, limit=3)

    assert window.time_ns.tolist() == [START + second * SECOND for second in range(500, 1_300)]
    assert few.time_ns.tolist() == [START + second * SECOND for second in (500, 501, 502)]


def test_a_limit_counts_what_chunks_and_head_hold_together(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 1_000))])
    history.apply(())
    history.apply([story.tell([(1, START + 500_000_000, 7.0, GOOD, 0)])])

    rows = history.read(1, *ALWAYS, limit=3)

    assert list(rows) == story.rows(1)[:3]


def test_the_latest_is_the_newest_by_source_time_with_its_receipt(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.apply([story.tell([(1, START + 60 * SECOND, 7.0, GOOD, 0)], received_ns=START + 61 * SECOND)])

    history.apply([story.tell([(1, START, 3.0, GOOD, int(Flag.LATE))], received_ns=START + 70 * SECOND)])

    assert history.latest() == {1: Latest(START + 60 * SECOND, START + 61 * SECOND, 7.0, GOOD, 0)}


@pytest.mark.parametrize("rows", [5, 256, 2_000], ids=["unsealed", "some sealed", "sealed to the last row"])
def test_the_latest_is_known_after_a_restart(open_history: Opener, story: Story, rows: int) -> None:
    history = open_history()
    for row in range(0, rows, 50):
        history.apply([story.tell(steady(1, 50, first=row))])
    before = history.latest()
    history.close()

    history = open_history()

    assert history.latest() == before
    assert history.position() == len(story.entries)


def test_the_channel_table_outlives_the_gateway(open_history: Opener, story: Story) -> None:
    history = open_history()
    history.remember_channels({"P-1.meter.flow": 3, "P-1.meter.pressure": 4})
    history.remember_channels({"P-1.meter.flow~2": 5})
    history.apply([story.tell(steady(9, 1))])
    history.close()

    history = open_history()

    assert history.channels() == {"P-1.meter.flow": 3, "P-1.meter.pressure": 4, "P-1.meter.flow~2": 5}
    assert history.highest_channel() == 9


@pytest.mark.parametrize("channel", [0, -1, 1 << 30])
def test_a_channel_number_nobody_handed_out_is_refused_and_its_neighbours_stay(
    open_history: Opener, story: Story, channel: int
) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 3))])
    bad = Story()
    bad.entries = [*story.entries]

    with pytest.raises(ValueError, match="channel numbers lie between"):
        history.apply([bad.tell([*steady(2, 2), *steady(channel, 1)])])

    story.entries.append(bad.entries[-1])
    history.apply([story.tell(steady(2, 2))])
    story.assert_held_by(history)


def test_a_full_disk_means_keep_and_try_again_and_loses_nothing(
    open_history: Opener, story: Story, health: Health
) -> None:
    history = open_history(pace=Pace(rows=5_000))
    history.apply([story.tell(steady(1, 1_000))])
    history.apply(())
    for connection in (history._log._connection, history._chunks._connection):
        (pages,) = connection.execute("pragma page_count").fetchone()
        connection.execute(f"pragma max_page_count={pages}")
    entries = [story.tell(steady(channel, 700, first=1_000)) for channel in range(1, 30)]

    for _ in range(3):
        with pytest.raises(Unreachable, match="free disk space"):
            history.apply(entries)
    full = [condition for condition in health.conditions() if condition.name == "history"]
    for connection in (history._log._connection, history._chunks._connection):
        connection.execute("pragma max_page_count=1000000")
    place = history.apply(entries)

    assert [condition.ok for condition in full] == [False]
    assert place == len(story.entries)
    assert all(condition.ok for condition in health.conditions())
    story.assert_held_by(history)


def test_a_damaged_chunk_costs_its_own_rows_and_is_counted(
    open_history: Opener, story: Story, health: Health, tmp_path: Path
) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 2_000))])
    history.close()
    with sqlite3.connect(tmp_path / "history" / "chunks.db") as connection:
        (rows,) = connection.execute("select rows from chunk order by first_ns limit 1").fetchone()
        connection.execute("update chunk set body = zeroblob(40) where rowid = (select min(rowid) from chunk)")
    connection.close()

    history = open_history()

    assert list(history.read(1, *ALWAYS)) == story.rows(1)[rows:]
    assert health.counts()["history", "failed", "damaged chunk"] == 1


def test_a_damaged_entry_of_the_head_costs_its_own_rows_and_is_counted(
    open_history: Opener, story: Story, health: Health, tmp_path: Path
) -> None:
    history = open_history()
    for turn in range(3):
        history.apply([story.tell(steady(1, 10, first=10 * turn))])
        history.apply(())
    history.close()
    with sqlite3.connect(tmp_path / "history" / "head.db") as connection:
        connection.execute("update log set body = zeroblob(40) where entry = 2")
    connection.close()

    history = open_history()

    assert list(history.read(1, *ALWAYS)) == [*story.rows(1)[:10], *story.rows(1)[20:]]
    assert history.position() == 3
    assert health.counts()["history", "failed", "damaged entry"] == 1


@pytest.mark.parametrize("name", ["head.db", "chunks.db"])
def test_a_file_that_is_no_database_is_set_aside_and_the_journal_read_again(
    open_history: Opener, story: Story, health: Health, tmp_path: Path, name: str
) -> None:
    history = open_history()
    history.apply([story.tell(steady(1, 2_000))])
    history.apply([story.tell(steady(2, 5))])
    history.close()
    (tmp_path / "history" / name).write_bytes(b"torn" * 5_000)

    history = open_history()
    history.apply(story.entries[history.position() :])

    assert (tmp_path / "history" / f"{name}.damaged-1").exists()
    assert [condition.name for condition in health.conditions() if not condition.ok] == ["history_files"]
    held = history.read(1, *ALWAYS)
    assert list(held) == story.rows(1)[-len(held) :]
    assert (len(held) == 2_000) == (name == "head.db")
    assert list(history.read(2, *ALWAYS)) == story.rows(2)


def test_at_the_cap_the_oldest_readings_go_first_and_are_counted(
    open_history: Opener, story: Story, health: Health
) -> None:
    history = open_history(cap_bytes=400_000)
    for turn in range(60):
        noisy = [
            (1, START + second * SECOND, math.sin(second * second), GOOD, 0)
            for second in range(turn * 2_000, (turn + 1) * 2_000)
        ]
        history.apply([story.tell(noisy)])

    held = history.read(1, *ALWAYS)

    assert history.bytes_on_disk() <= 500_000
    assert len(held) >= 20_000
    assert list(held) == story.rows(1)[-len(held) :]
    assert health.counts()["history", "dropped", "cap"] == 120_000 - len(held)


def test_readers_in_other_threads_never_miss_a_row_that_is_being_sealed(open_history: Opener, story: Story) -> None:
    history = open_history(pace=Pace(rows=150))
    done = threading.Event()
    seen: list[int] = []
    failures: list[str] = []

    def watch() -> None:
        while not done.is_set():
            times = history.read(1, *ALWAYS).time_ns
            seen.append(len(times))
            if times.tolist() != [START + second * SECOND for second in range(len(times))]:
                failures.append(f"a gap among {len(times)} rows")

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for turn in range(150):
        history.apply([story.tell(steady(1, 47, first=47 * turn))])
    done.set()
    for watcher in watchers:
        watcher.join()

    assert failures == []
    assert len(seen) > 2


def test_two_thousand_full_channels_take_little_memory(open_history: Opener) -> None:
    history = open_history()

    history.remember_channels({f"asset.device.{number}": number for number in range(1, 2_001)})

    table = history._head._table
    in_use = 2_000 * sum(
        column.nbytes // len(column) for column in (table.time_ns, table.value, table.quality, table.flags)
    )
    assert in_use <= 25_000_000


def test_closing_twice_is_as_good_as_once(open_history: Opener, story: Story) -> None:
    history: History = open_history()
    history.apply([story.tell(steady(1, 1))])

    history.close()
    history.close()

    assert open_history().position() == 1
