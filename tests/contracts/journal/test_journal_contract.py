"""What every journal promises: appended means durable, in order, whole; a commit never moves back."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway.errors import Unreachable
from gateway.journal import ChannelKey, Journal
from gateway.model import (
    Anchor,
    Attribute,
    Batch,
    ClockCorrection,
    Instant,
    Quarantine,
    Receipts,
    Record,
    Tick,
    batch_of,
)

if TYPE_CHECKING:
    from tests.contracts.journal.conftest import Bench

NOW = Instant(1_700_000_000_000_000_000, 5, "boot")
OTHERS: tuple[Record, ...] = (
    Quarantine("district up/gas-1", "json", "no bracket", b"{", 7),
    Attribute("gas-1", "firmware", "2.1", 8),
    ClockCorrection("gas-1", -5, 9),
    Anchor("boot", 10, 11),
    Receipts("district", (bytes(16),)),
    Tick(12),
)


def batch(number: int, rows: int = 1) -> Batch:
    return batch_of([(channel, number, float(number), 1, 0) for channel in range(rows)], NOW)


def numbers(journal: Journal, after: int = 0) -> list[int]:
    """Read all batches after a position by their number."""
    found: list[int] = []
    while entries := journal.read(after, max_readings=7):
        after = entries[-1].position
        found += [int(entry.record.value[0]) for entry in entries if isinstance(entry.record, Batch)]
    return found


def test_what_was_appended_is_read_back_the_same(bench: Bench) -> None:
    journal = bench.open()
    sent = batch(5, rows=3)

    journal.append([sent, *OTHERS]).result(60)

    first, *others = journal.read(0)
    assert isinstance(first.record, Batch)
    for name in ("channel", "time_ns", "value", "quality", "flags"):
        assert np.array_equal(getattr(first.record, name), getattr(sent, name))
    assert tuple(entry.record for entry in others) == OTHERS
    assert [entry.position for entry in (first, *others)] == list(range(1, 8))


def test_what_was_appended_is_there_after_a_restart(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(5), *OTHERS]).result(60)
    journal.close()

    again = bench.open()

    assert numbers(again) == [5]
    assert tuple(entry.record for entry in again.read(1)) == OTHERS
    assert again.newest == 7


def test_positions_go_on_after_a_restart(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(1), batch(2)]).result(60)
    journal.close()
    again = bench.open()

    again.append([batch(3)]).result(60)

    assert again.newest == 3
    assert numbers(again) == [1, 2, 3]


def test_appends_become_durable_in_their_order(bench: Bench) -> None:
    journal = bench.open()
    order: list[Future[None]] = []
    futures = [journal.append([batch(n)]) for n in range(50)]
    for future in futures:
        future.add_done_callback(order.append)

    futures[-1].result(60)

    assert order == futures
    assert numbers(journal) == list(range(50))


def test_a_durable_append_can_be_read_at_once(bench: Bench) -> None:
    journal = bench.open()

    for n in range(20):
        journal.append([batch(n)], urgent=True).result(60)
        assert numbers(journal)[-1] == n


def test_an_empty_append_is_done_after_those_before_it(bench: Bench) -> None:
    journal = bench.open()
    before = journal.append([batch(1)])

    journal.append([]).result(60)

    assert before.done()


def test_an_urgent_append_does_not_wait_for_the_window(bench: Bench) -> None:
    journal = bench.open()
    waiting = journal.append([batch(1)])

    journal.append([batch(2)], urgent=True).result(60)

    assert waiting.done()


def test_slices_join_up_whatever_their_size(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(n, rows=1 + n % 5) for n in range(40)]).result(60)
    journal.close()
    again = bench.open()

    for size in (1, 3, 1_000):
        after, seen = 0, []
        while entries := again.read(after, max_readings=size):
            after = entries[-1].position
            seen += [entry.position for entry in entries]

        assert seen == list(range(1, 41))


def test_a_slice_holds_about_as_many_readings_as_asked_for(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(n, rows=10) for n in range(10)]).result(60)

    assert len(journal.read(0, max_readings=30)) == 3
    assert len(journal.read(0, max_readings=5)) == 1


def test_nothing_is_read_after_the_newest(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(1)]).result(60)

    assert journal.read(journal.newest) == []


def test_a_waiting_reader_wakes_when_something_is_durable(bench: Bench) -> None:
    journal = bench.open()
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(journal.wait(0, 60)))
    thread.start()

    journal.append([batch(1)], urgent=True).result(60)
    thread.join(60)

    assert woken == [True]


def test_waiting_ends_when_nothing_comes(bench: Bench) -> None:
    journal = bench.open()

    assert not journal.wait(0, 0.01)


def test_a_commit_never_moves_back(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(n) for n in range(10)]).result(60)

    journal.commit("history", 8)
    journal.commit("history", 3)

    assert {place.name: place.position for place in journal.stats().readers} == {"history": 8}


def test_a_reader_that_saw_more_than_the_disk_kept_moves_positions_on(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(1)]).result(60)

    journal.attach("history", 500)
    journal.append([batch(2)]).result(60)

    assert [entry.position for entry in journal.read(0)] == [1, 501]
    assert numbers(journal, after=500) == [2]


def test_closing_commits_what_waits(bench: Bench) -> None:
    journal = bench.open()
    future = journal.append([batch(1)])

    journal.close()

    assert future.done()
    assert numbers(bench.open()) == [1]


def test_a_closed_journal_takes_nothing(bench: Bench) -> None:
    journal = bench.open()
    journal.close()

    with pytest.raises(Unreachable):
        journal.append([batch(1)]).result(60)


def test_columns_of_unequal_length_are_refused_and_harm_nobody(bench: Bench) -> None:
    journal = bench.open()
    good = batch(1)
    bad = Batch(good.channel, good.time_ns[:0], good.value, good.quality, good.flags, 1, 2, "boot")

    refused = journal.append([good, bad])
    journal.append([batch(2)]).result(60)

    assert isinstance(refused.exception(10), ValueError)
    assert numbers(journal) == [2]


def test_the_same_again_is_kept_and_another_value_moves_on(bench: Bench) -> None:
    journal = bench.open()
    for value in (1.0, 1.0, 2.0):
        journal.append([batch_of([(1, 100, value, 1, 0)], NOW)]).result(60)

    batches = [entry.record for entry in journal.read(0) if isinstance(entry.record, Batch)]

    rows = [(int(one.time_ns[0]), float(one.value[0]), int(one.quality[0])) for one in batches]
    assert rows == [(100, 1.0, 1), (100, 1.0, 1), (101, 2.0, 3)]
    assert journal.stats().conflicts == 1


@pytest.mark.parametrize("cuts", [[], [1], [2, 3], [1, 2, 3, 4, 5]], ids=["whole", "once", "twice", "everywhere"])
def test_readings_are_the_same_wherever_a_stream_is_cut(bench: Bench, cuts: list[int]) -> None:
    rows = [(1, 100, 1.0), (2, 100, 5.0), (1, 100, 2.0), (1, 101, 3.0), (2, 200, 6.0), (1, 100, 1.0)]
    journal = bench.open()

    for start, end in itertools.pairwise([0, *cuts, len(rows)]):
        journal.append([batch_of([(*row, 1, 0) for row in rows[start:end]], NOW)]).result(60)

    batches: list[Batch] = []
    after = 0
    while entries := journal.read(after):
        after = entries[-1].position
        batches += [entry.record for entry in entries if isinstance(entry.record, Batch)]
    found = [
        row
        for one in batches
        for row in zip(one.channel.tolist(), one.time_ns.tolist(), one.value.tolist(), strict=True)
    ]
    assert found == [(1, 100, 1.0), (2, 100, 5.0), (1, 101, 2.0), (1, 102, 3.0), (2, 200, 6.0), (1, 100, 1.0)]


def test_a_waiting_reader_can_be_woken_without_anything_new(bench: Bench) -> None:
    journal = bench.open()
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(journal.wait(0, 60)))
    thread.start()

    while thread.is_alive():
        journal.wake_readers()
        thread.join(0.01)

    assert woken == [False]


def test_how_important_a_channel_is_changes_nothing_while_there_is_room(bench: Bench) -> None:
    journal = bench.open()
    journal.weigh({0: "low", 1: "high"})

    journal.append([batch(5, rows=3)]).result(60)

    assert numbers(journal) == [5]
    assert journal.stats().given_up == ()


def test_readers_places_are_for_people_only_until_the_reader_says_where_it_is(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch(1), batch(2)]).result(60)
    journal.commit("history", 2)
    journal.close()

    again = bench.open()

    assert {place.name: place.position for place in again.stats().readers} == {"history": 2}
    assert numbers(again) == [1, 2]


def test_a_conflict_is_known_across_a_restart(bench: Bench) -> None:
    journal = bench.open()
    journal.append([batch_of([(1, 100, 1.0, 1, 0)], NOW)]).result(60)
    journal.close()
    again = bench.open()

    again.append([batch_of([(1, 100, 2.0, 1, 0)], NOW)]).result(60)

    newest = again.read(1)[0].record
    assert isinstance(newest, Batch)
    assert newest.time_ns.tolist() == [101]


def test_receipts_come_back_oldest_first_for_their_collector(bench: Bench) -> None:
    journal = bench.open()
    hashes = [bytes([n]) * 16 for n in range(6)]
    journal.append([Receipts("district", tuple(hashes[:3])), Receipts("other", (bytes(16),))]).result(60)
    journal.append([Receipts("district", tuple(hashes[3:]))]).result(60)
    journal.close()

    again = bench.open()

    assert again.recent_receipts("district", 4) == hashes[2:]
    assert again.recent_receipts("district", 100) == hashes
    assert again.recent_receipts("nobody", 4) == []


def test_channel_numbers_survive_a_restart(bench: Bench) -> None:
    journal = bench.open()
    before = journal.number([ChannelKey("A.d.level", "m")], 10)
    journal.close()

    assert bench.open().number([ChannelKey("A.d.level", "m")]) == before
    assert before["A.d.level"].number == 11


def test_rejects_are_counted_by_reason_and_kept_across_a_restart(bench: Bench) -> None:
    journal = bench.open()
    rejects = [Quarantine("s", reason, "", b"x", n) for n, reason in enumerate(("json", "clock", "json"))]
    journal.append(rejects).result(60)
    journal.close()

    again = bench.open()

    assert {reject.reason: reject.seen for reject in again.stats().quarantine} == {"json": 2, "clock": 1}
    assert again.quarantine(2) == [rejects[2], rejects[1]]


def test_two_gateways_cannot_write_one_journal(bench: Bench) -> None:
    bench.open()

    with pytest.raises(Unreachable, match="another gateway"):
        bench.open()
