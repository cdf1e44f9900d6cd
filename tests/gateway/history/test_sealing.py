from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from sqlite3 import connect

from gateway.history import History, Pace
from gateway.model import SECOND, Quality
from tests.gateway.history.conftest import Opener
from tests.gateway.history.story import START, Story

GOOD = int(Quality.GOOD)
DAY = 86_400 * SECOND


def chunks(folder: Path, channel: int) -> list[tuple[int, int, int]]:
    connection = connect(folder / "history" / "chunks.db")
    found = connection.execute(
        "select first_ns, last_ns, rows from chunk where channel = ? order by first_ns", (channel,)
    ).fetchall()
    connection.close()
    return found


def chunk_count(history: History) -> int:
    (count,) = history._chunks._connection.execute("select count(*) from chunk").fetchone()
    return int(count)


def test_channels_that_report_in_step_are_not_sealed_in_step(open_history: Opener, story: Story) -> None:
    history = open_history(pace=Pace(rows=2_000))
    sealed = []
    for second in range(0, 1_100, 10):
        before = chunk_count(history)
        history.apply(
            [
                story.tell(
                    [
                        (channel, START + (second + row) * SECOND, 1.0, GOOD, 0)
                        for row in range(10)
                        for channel in range(1, 201)
                    ]
                )
            ]
        )
        sealed.append(chunk_count(history) - before)

    # In step all 200 would be sealed in one commit of every fifty.
    assert max(sealed) <= 20
    assert sum(sealed) >= 300


def test_a_slow_channel_is_sealed_after_seven_days_into_a_chunk_that_grows(
    open_history: Opener, story: Story, tmp_path: Path
) -> None:
    history = open_history(pace=Pace(rows=1))
    for day in range(30):
        history.apply([story.tell([(1, START + day * DAY, float(day), GOOD, 0)])])

    found = chunks(tmp_path, 1)

    assert [rows for _, _, rows in found] == [27]
    story.assert_held_by(history)


def test_late_readings_are_settled_into_the_chunks_they_belong_to(
    open_history: Opener, story: Story, tmp_path: Path
) -> None:
    history = open_history()
    history.apply([story.tell([(1, START + second * SECOND, 1.0, GOOD, 0) for second in range(0, 4_000, 2)])])
    history.apply([story.tell([(1, START + second * SECOND, 2.0, GOOD, 0) for second in range(3_501, 1, -2)])])
    history.apply([story.tell([(1, START - second * SECOND, 3.0, GOOD, 0) for second in range(1, 600)])])
    history.apply([story.tell([(1, START + second * SECOND, 1.0, GOOD, 0) for second in range(4_000, 6_000, 2)])])
    history.apply(())

    found = chunks(tmp_path, 1)

    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert all(0 < rows <= 512 for _, _, rows in found)
    story.assert_held_by(history)


def test_repeating_everything_writes_no_chunk_anew(open_history: Opener, story: Story, tmp_path: Path) -> None:
    history = open_history()
    rows = [(1, START + second * SECOND, second / 10, GOOD, 0) for second in range(5_000)]
    history.apply([story.tell(rows)])
    history.apply(())
    before = (tmp_path / "history" / "chunks.db").stat().st_size, chunks(tmp_path, 1)

    for begin in range(0, 5_000, 700):
        history.apply([story.tell(rows[begin : begin + 700])])
        history.apply(())
    after = chunks(tmp_path, 1)

    assert after[: len(before[1]) - 1] == before[1][:-1]
    story.assert_held_by(history)


def test_the_log_of_the_head_stays_small_though_one_channel_is_slow(open_history: Opener, story: Story) -> None:
    history = open_history(pace=Pace(rows=4_000))
    history.apply([story.tell([(2, START, 1.0, GOOD, 0)])])

    for turn in range(60):
        history.apply(
            [story.tell([(1, START + (turn * 4_000 + row) * SECOND // 50, 1.0, GOOD, 0) for row in range(4_000)])]
        )
        history.apply(
            [story.tell([(3 + row % 7, START + (turn * 4_000 + row) * SECOND, 1.0, GOOD, 0) for row in range(4_000)])]
        )
    rows = history._log.row_count
    history.close()

    assert rows <= 80_000
    story.assert_held_by(open_history())
