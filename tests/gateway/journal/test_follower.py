"""A reader's walk: everything once and in order, trouble waited out, one bad record set aside."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from gateway.errors import Unreachable
from gateway.health import Condition, Health
from gateway.journal import Entry, Follower, Journal
from gateway.model import Batch, Quarantine
from tests.gateway.journal.conftest import MakeBatch, OpenJournal

Refusal = Callable[[Sequence[Entry]], None]


class Notebook:
    """A reader that notes the numbers of the batches it was given, and fails when told to."""

    def __init__(self, refuse: Refusal = lambda _: None, *, lags: bool = False) -> None:
        self.name = "history"
        self.numbers: list[int] = []
        self.calls: list[int] = []
        self.asked_for_room = threading.Event()
        self._refuse = refuse
        self._lags = lags
        self._position = 0
        self._applied = 0

    def position(self) -> int:
        return self._position

    def apply(self, entries: Sequence[Entry]) -> int:
        self.calls.append(len(entries))
        self._refuse(entries)
        self.numbers += [number(entry) for entry in entries if isinstance(entry.record, Batch)]
        if entries:
            self._applied = entries[-1].position
        if not entries:
            self.asked_for_room.set()
        if not self._lags or not entries:
            self._position = self._applied
        return self._position

    def close(self) -> None:
        pass


def number(entry: Entry) -> int:
    assert isinstance(entry.record, Batch)
    return int(entry.record.value[0])


def refusing(*bad: int) -> Refusal:
    """Fail on slices that hold one of these numbers."""

    def refuse(entries: Sequence[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.record, Batch) and number(entry) in bad:
                raise ZeroDivisionError(f"cannot take {number(entry)}")

    return refuse


@pytest.fixture
def follow(health: Health) -> Iterator[Callable[..., Follower]]:
    with ExitStack() as stack:

        def started(journal: Journal, reader: Notebook, *, needed: bool = True) -> Follower:
            follower = Follower(journal, reader, health=health, needed=needed)
            stack.callback(follower.stop)
            follower.start()
            return follower

        yield started


Follow = Callable[..., Follower]


def append(journal: Journal, make_batch: MakeBatch, count: int) -> None:
    start = journal.newest
    for n in range(start, start + count):
        journal.append([make_batch((1, n, float(n)))])
    journal.append([], urgent=True).result(60)


def condition(health: Health) -> Condition:
    return next(found for found in health.conditions() if found.name == "reader_history")


def test_a_reader_is_given_everything_once_and_in_order(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow
) -> None:
    journal = open_journal()
    append(journal, make_batch, 700)
    reader = Notebook()

    follower = follow(journal, reader)
    append(journal, make_batch, 300)

    assert follower.caught_up(1_000, 10)
    assert reader.numbers == list(range(1_000))


def test_a_reader_goes_on_from_its_own_place(open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow) -> None:
    journal = open_journal()
    append(journal, make_batch, 10)
    reader = Notebook()
    reader._position = 7

    follower = follow(journal, reader)

    assert follower.caught_up(10, 10)
    assert reader.numbers == [7, 8, 9]


def test_the_journal_learns_how_far_a_reader_is_durable(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow
) -> None:
    journal = open_journal()
    append(journal, make_batch, 10)

    durable, lagging = Notebook(), Notebook(lags=True)
    lagging.name = "detection"
    assert follow(journal, durable).caught_up(10, 10)
    assert follow(journal, lagging).caught_up(10, 10)

    assert {place.name: place.position for place in journal.stats().readers} == {"history": 10, "detection": 0}


def test_a_record_on_which_a_reader_fails_is_set_aside_and_passed(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow, health: Health
) -> None:
    journal = open_journal()
    append(journal, make_batch, 50)
    reader = Notebook(refusing(17))

    follower = follow(journal, reader)

    assert follower.caught_up(51, 10)
    assert reader.numbers == [n for n in range(50) if n != 17]
    (aside,) = journal.quarantine(5)
    assert (aside.reason, aside.source) == ("poison:history", "journal record 18")
    assert "cannot take 17" in aside.detail
    assert health.counts()["history", "failed", "poison"] == 1
    assert "record 18" in condition(health).reason
    assert not condition(health).needed


def test_a_slice_is_tried_three_times_before_it_is_cut(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow
) -> None:
    journal = open_journal()
    append(journal, make_batch, 4)
    reader = Notebook(refusing(0))

    follower = follow(journal, reader)

    assert follower.caught_up(5, 10)
    assert reader.calls[:4] == [4, 4, 4, 2]


def test_a_failure_that_passes_sets_nothing_aside(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow, health: Health
) -> None:
    journal = open_journal()
    append(journal, make_batch, 5)
    failures = iter([ZeroDivisionError("once"), ZeroDivisionError("twice")])

    def refuse(_: Sequence[Entry]) -> None:
        if (error := next(failures, None)) is not None:
            raise error

    reader = Notebook(refuse)
    follower = follow(journal, reader)

    assert follower.caught_up(5, 10)
    assert reader.numbers == [0, 1, 2, 3, 4]
    assert journal.quarantine(5) == []
    assert condition(health).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    "trouble", [sqlite3.OperationalError("disk full"), OSError("no space"), Unreachable("ledger away"), MemoryError()]
)
def test_trouble_of_the_box_is_waited_out(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow, health: Health, trouble: Exception
) -> None:
    journal = open_journal()
    append(journal, make_batch, 5)
    is_over, tried_often = threading.Event(), threading.Event()
    calls: list[int] = []

    def refuse(entries: Sequence[Entry]) -> None:
        calls.append(len(entries))
        if len(calls) > 4:
            tried_often.set()
        if not is_over.is_set():
            raise trouble

    reader = Notebook(refuse)
    follower = follow(journal, reader)
    assert tried_often.wait(60)
    assert not condition(health).ok
    assert condition(health).needed
    is_over.set()

    assert follower.caught_up(5, 10)
    assert reader.numbers == [0, 1, 2, 3, 4]
    assert journal.quarantine(5) == []
    assert condition(health).ok


def test_a_reader_that_is_not_needed_says_why_it_waits_and_is_asked_again_no_sooner_than_it_may(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow, health: Health
) -> None:
    journal = open_journal()
    append(journal, make_batch, 5)
    asked = threading.Event()

    def refuse(_: Sequence[Entry]) -> None:
        asked.set()
        raise Unreachable("the database is away", retry_seconds=600)

    reader = Notebook(refuse)
    follower = follow(journal, reader, needed=False)
    assert asked.wait(60)
    follower.stop()

    assert reader.calls == [5]
    assert condition(health) == Condition(
        "reader_history", ok=False, reason="reader 'history' waits: the database is away", needed=False
    )


def test_a_reader_is_told_when_nothing_comes(open_journal: OpenJournal, make_batch: MakeBatch, health: Health) -> None:
    journal = open_journal()
    append(journal, make_batch, 5)
    reader, told = Notebook(), threading.Event()
    given: list[int] = []

    def idle() -> None:
        given.append(len(reader.numbers))
        told.set()

    follower = Follower(journal, reader, health=health, idle=idle)
    follower.start()

    assert told.wait(60)
    follower.stop()
    assert given[0] == 5


def test_trouble_with_making_room_is_said_as_any_other(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow, health: Health
) -> None:
    journal = open_journal(segment_bytes=20_000, cap_bytes=200_000)
    asked = threading.Event()

    def refuse(entries: Sequence[Entry]) -> None:
        if not entries:
            asked.set()
            raise Unreachable("the database is away", retry_seconds=600)

    follower = follow(journal, Notebook(refuse, lags=True), needed=False)
    for n in range(10):
        journal.append([make_batch(*((1, 1_000 * n + at, 1.0) for at in range(500)))], urgent=True).result(60)
    assert asked.wait(60)
    follower.stop()

    assert condition(health).reason == "reader 'history' waits: the database is away"


@pytest.mark.slow
def test_a_reader_that_fails_on_everything_rests_and_gives_little_up(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow, health: Health
) -> None:
    journal = open_journal()
    append(journal, make_batch, 100)
    rests = threading.Event()
    set_condition = health.set_condition

    def watched(name: str, *, ok: bool, reason: str = "", needed: bool = True) -> bool:
        if "every record" in reason:
            rests.set()
        return set_condition(name, ok=ok, reason=reason, needed=needed)

    health.set_condition = watched  # type: ignore[method-assign]

    follower = follow(journal, Notebook(refusing(*range(100))))

    assert rests.wait(60)
    assert follower.position == 10
    assert not condition(health).ok


def test_a_reader_that_fails_on_what_was_set_aside_makes_no_more_of_it(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow
) -> None:
    journal = open_journal()
    append(journal, make_batch, 1)

    def refuse(entries: Sequence[Entry]) -> None:
        if any(isinstance(entry.record, Quarantine) or number(entry) == 0 for entry in entries):
            raise ZeroDivisionError

    follower = follow(journal, Notebook(refuse))

    assert follower.caught_up(2, 10)
    append(journal, make_batch, 1)
    assert follower.caught_up(3, 10)
    assert len(journal.quarantine(5)) == 1


@pytest.mark.slow
def test_a_lagging_reader_is_asked_to_make_its_place_durable_when_the_journal_needs_room(
    open_journal: OpenJournal, make_batch: MakeBatch, follow: Follow
) -> None:
    journal = open_journal(segment_bytes=20_000, cap_bytes=200_000)
    reader = Notebook(lags=True)
    follower = follow(journal, reader)

    futures = [journal.append([make_batch(*((1, 1_000 * n + at, 1.0) for at in range(500)))]) for n in range(40)]

    assert reader.asked_for_room.wait(60)
    for future in futures:
        future.result(20)
    assert follower.caught_up(40, 10)


def test_stopping_does_not_wait_for_something_to_arrive(
    open_journal: OpenJournal, make_batch: MakeBatch, health: Health
) -> None:
    journal = open_journal()
    append(journal, make_batch, 1)
    follower = Follower(journal, Notebook(), health=health)
    follower.start()
    assert follower.caught_up(1, 10)

    follower.stop()

    assert not follower._thread.is_alive()


def test_a_follower_that_was_never_started_stops(open_journal: OpenJournal, health: Health) -> None:
    follower = Follower(open_journal(), Notebook(), health=health)

    follower.stop()

    assert follower.position == 0
