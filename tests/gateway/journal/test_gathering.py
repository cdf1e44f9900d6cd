"""When a commit is due: window, number, urgency, and what waits in which order."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from gateway.errors import Unreachable
from gateway.journal.gathering import Append, Gathering
from gateway.model import Batch, Quarantine, Record, Tick
from tests.gateway.journal.conftest import MakeBatch

NEVER = 3_600.0


def at_once() -> float:
    return 0.0


def records_of(appends: Sequence[Append]) -> list[Record]:
    return [record for append in appends for record in append.records]


def test_nothing_is_due_before_its_window_has_passed() -> None:
    gathering = Gathering(NEVER, 10, 100)

    gathering.add([Tick(1)], urgent=False)

    assert gathering.take(at_once) == []


def test_the_window_runs_from_the_first_append() -> None:
    gathering = Gathering(0.01, 10, 100)
    gathering.add([Tick(1)], urgent=False)
    gathering.add([Tick(2)], urgent=False)

    assert records_of(gathering.take(lambda: NEVER)) == [Tick(1), Tick(2)]


def test_enough_readings_are_due_at_once(make_batch: MakeBatch) -> None:
    gathering = Gathering(NEVER, 3, 100)
    batch: Batch = make_batch((1, 1, 1.0), (2, 1, 1.0), (3, 1, 1.0))

    gathering.add([batch], urgent=False)

    assert records_of(gathering.take(lambda: NEVER)) == [batch]


def test_an_urgent_append_takes_those_before_it_along() -> None:
    gathering = Gathering(NEVER, 10, 100)
    gathering.add([Tick(1)], urgent=False)

    gathering.add([Tick(2)], urgent=True)

    assert records_of(gathering.take(lambda: NEVER)) == [Tick(1), Tick(2)]


def test_one_commit_takes_no_more_than_fits_and_the_rest_is_due_next() -> None:
    gathering = Gathering(NEVER, 1, 1_000)
    rejects = [Quarantine("s", "json", str(n), bytes(12_000), n) for n in range(3)]
    for reject in rejects:
        gathering.add([reject], urgent=False)

    assert records_of(gathering.take(lambda: NEVER)) == rejects[:1]
    assert records_of(gathering.take(lambda: NEVER)) == rejects[1:2]
    assert records_of(gathering.take(lambda: NEVER)) == rejects[2:]


def test_an_append_is_never_cut(make_batch: MakeBatch) -> None:
    gathering = Gathering(NEVER, 1, 2)
    batch = make_batch((1, 1, 1.0), (2, 1, 1.0), (3, 1, 1.0))

    gathering.add([batch, batch], urgent=False)

    assert records_of(gathering.take(lambda: NEVER)) == [batch, batch]


def test_a_caller_that_stops_waiting_cannot_take_its_records_back() -> None:
    gathering = Gathering(NEVER, 10, 100)

    future = gathering.add([Tick(1)], urgent=True)

    assert not future.cancel()
    assert records_of(gathering.take(lambda: NEVER)) == [Tick(1)]


def test_closing_makes_what_waits_due_and_refuses_the_rest() -> None:
    gathering = Gathering(NEVER, 10, 100)
    gathering.add([Tick(1)], urgent=False)

    gathering.close()
    refused = gathering.add([Tick(2)], urgent=False)

    assert records_of(gathering.take(lambda: NEVER)) == [Tick(1)]
    with pytest.raises(Unreachable):
        refused.result(0)


@pytest.mark.parametrize("waits_in", ["take", "pause"])
def test_a_waiting_writer_can_be_woken(waits_in: str) -> None:
    gathering = Gathering(NEVER, 10, 100)
    waits = {"take": lambda: gathering.take(lambda: NEVER), "pause": lambda: gathering.pause(NEVER)}[waits_in]
    thread = threading.Thread(target=waits)
    thread.start()

    gathering.wake()
    thread.join(60)

    assert not thread.is_alive()
