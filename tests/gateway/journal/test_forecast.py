from __future__ import annotations

from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import Journal, read_stats
from gateway.journal.forecast import Forecast, in_words
from gateway.journal.room import endurance
from gateway.model import SECOND
from tests.gateway.journal.conftest import MakeBatch, OpenJournal


def watched(held: list[int]) -> Forecast:
    forecast = Forecast()
    for number, held_bytes in enumerate(held):
        forecast.note(number * 10 * SECOND, held_bytes)
    return forecast


def test_steady_growth_is_carried_on() -> None:
    forecast = watched([1_000 * n for n in range(10)])

    assert forecast.growth() == pytest.approx(100)
    assert forecast.seconds_to_full(109_000) == pytest.approx(1_000)


def test_what_readers_let_go_now_and_then_is_no_growth() -> None:
    assert watched([0, 5_000, 9_000, 0, 5_000, 9_000] * 4).seconds_to_full(10_000) is None


@pytest.mark.parametrize("held", [[], [5], [1, 2, 3], [9, 8, 7, 6, 5]], ids=["none", "one", "few", "falling"])
def test_without_growth_there_is_nothing_to_say(held: list[int]) -> None:
    assert watched(held).seconds_to_full(1_000_000) is None


def test_a_journal_that_is_full_is_full_now() -> None:
    assert watched([1_000 * n for n in range(10)]).seconds_to_full(5_000) == 0


def test_readers_that_hold_next_to_nothing_keep_up() -> None:
    assert watched(list(range(10))).seconds_to_full(10_000) is None


def test_the_endurance_is_said_with_what_follows() -> None:
    seconds = 31 * 3_600 + 20 * 60.0

    assert endurance(seconds, "thin") == "full in 31 h 20 min, then channels of importance low are thinned first"
    assert endurance(seconds, "hold") == "full in 31 h 20 min, then acknowledgements are held back"
    assert endurance(None, "drop_oldest") == "not filling; when full the oldest readings are given up"
    assert in_words(100 * 3_600) == "4 d 4 h"


def pass_time(journal: Journal, make_batch: MakeBatch, clock: FakeClock, steps: int, *, reads: bool) -> None:
    """Journal 200 readings every 10 s; a step is over when its tick is on disk."""
    for _ in range(steps):
        at = clock.now().monotonic_ns
        journal.append([make_batch(*((n, at, 1.0) for n in range(200)))], urgent=True).result(60)
        newest = journal.newest
        if reads:
            journal.commit("history", 0, seen=newest)
        clock.set_monotonic(at + 10 * SECOND)
        journal.wake()
        journal.wait(newest, 60)


def test_a_reader_that_does_not_get_on_fills_the_journal(
    open_journal: OpenJournal, make_batch: MakeBatch, clock: FakeClock, health: Health, folder: Path
) -> None:
    journal = open_journal(ticks=True, cap_bytes=10_000_000, segment_bytes=1_000_000)
    journal.attach("history", 0)

    pass_time(journal, make_batch, clock, 20, reads=False)
    journal.close()

    seconds = journal.stats().seconds_to_full
    assert seconds is not None
    # Between 3 and 18 kB every 10 s, and 9 MB until thinning begins.
    assert 5_000 < seconds < 30_000
    assert health.gauges()["journal_seconds_to_full"] == seconds
    assert read_stats(folder).seconds_to_full == pytest.approx(seconds, abs=1)
    assert journal.stats().endurance.startswith("full in ")


def test_a_reader_that_reads_on_fills_nothing_however_seldom_it_makes_its_place_durable(
    open_journal: OpenJournal, make_batch: MakeBatch, clock: FakeClock
) -> None:
    journal = open_journal(ticks=True, cap_bytes=10_000_000, segment_bytes=1_000_000)
    journal.attach("history", 0)

    pass_time(journal, make_batch, clock, 20, reads=True)

    assert journal.stats().seconds_to_full is None
