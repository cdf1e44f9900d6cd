"""The cap, the reserve, ticks and quarantine of a journal on this box."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.errors import Unreachable
from gateway.health import Condition, Health
from gateway.journal import ChannelKey, Journal
from gateway.model import SECOND, Quarantine, Tick
from tests.gateway.journal.conftest import MakeBatch, OpenJournal

TINY: dict[str, Any] = {"segment_bytes": 50_000, "cap_bytes": 400_000, "at_cap": "hold"}


def condition(health: Health, name: str = "journal") -> Condition:
    return next(found for found in health.conditions() if found.name == name)


@pytest.fixture
def said(health: Health, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Event]:
    """Return an event that is set once a condition's reason holds some words."""
    waited: list[tuple[str, Event]] = []
    set_condition = health.set_condition

    def watched(name: str, *, ok: bool, reason: str = "", needed: bool = True) -> bool:
        is_change = set_condition(name, ok=ok, reason=reason, needed=needed)
        for words, event in waited:
            if words in reason:
                event.set()
        return is_change

    monkeypatch.setattr(health, "set_condition", watched)

    def waits_for(words: str) -> Event:
        waited.append((words, Event()))
        return waited[-1][1]

    return waits_for


def fill(journal: Journal, make_batch: MakeBatch, readings: int, *, start: int = 0) -> None:
    for at in range(start, start + readings // 500):
        journal.append([make_batch(*((channel, at, float(at)) for channel in range(500)))])
    journal.append([], urgent=True)


@pytest.mark.slow
def test_at_the_cap_appends_wait_until_a_reader_has_passed(
    open_journal: OpenJournal, make_batch: MakeBatch, health: Health, said: Callable[[str], Event]
) -> None:
    at_cap = said("cap")
    journal = open_journal(**TINY)
    fill(journal, make_batch, 60_000)
    held = journal.append([make_batch((1, 10**6, 1.0))], urgent=True)

    assert at_cap.wait(60)
    assert not held.done()
    assert journal.stats().bytes <= TINY["cap_bytes"]
    assert not condition(health).ok
    assert "'history'" in condition(health).reason
    assert journal.needs_room

    while not held.done():
        journal.commit("history", journal.newest)
    held.result(60)
    assert condition(health).ok


def test_at_the_cap_a_yielding_reader_holds_up_nobody_and_what_it_misses_is_said(
    open_journal: OpenJournal, make_batch: MakeBatch, health: Health
) -> None:
    journal = open_journal(
        cap_bytes=200_000, segment_bytes=20_000, readers=("history",), yielding=("influxdb",), at_cap="hold"
    )
    journal.attach("influxdb", 0)
    for n in range(60):
        journal.append([make_batch(*((1, 1_000 * n + at, 1.0) for at in range(500)))], urgent=True).result(60)
        journal.commit("history", journal.newest)

    oldest = journal._segments.firsts[0]
    missed = health.counts()["journal", "dropped", "unread_influxdb:normal"]
    said = {each.name: each for each in health.conditions()}["journal_unread_influxdb"]
    assert missed == 500 * (oldest - 1) > 0
    assert journal._segments.size() > 100_000
    assert "let go of records that reader 'influxdb' had not read" in said.reason
    assert not said.needed


def test_below_the_cap_a_yielding_reader_is_waited_for(open_journal: OpenJournal, make_batch: MakeBatch) -> None:
    journal = open_journal(cap_bytes=2_000_000, segment_bytes=20_000, readers=("history",), yielding=("influxdb",))
    journal.attach("influxdb", 0)

    for n in range(60):
        journal.append([make_batch(*((1, 1_000 * n + at, 1.0) for at in range(500)))], urgent=True).result(60)
        journal.commit("history", journal.newest)

    assert journal._segments.firsts[0] == 1


@pytest.mark.slow
def test_the_cap_counts_what_was_there_at_the_start(
    open_journal: OpenJournal, make_batch: MakeBatch, said: Callable[[str], Event]
) -> None:
    journal = open_journal(**TINY | {"cap_bytes": 10_000_000})
    fill(journal, make_batch, 60_000)
    journal.close()
    at_cap = said("cap")

    again = open_journal(**TINY)
    held = again.append([make_batch((1, 10**6, 1.0))], urgent=True)

    assert at_cap.wait(60)
    assert not held.done()


@pytest.mark.slow
def test_what_waits_at_the_cap_is_given_back_on_close(
    open_journal: OpenJournal, make_batch: MakeBatch, said: Callable[[str], Event]
) -> None:
    at_cap = said("cap")
    journal = open_journal(**TINY)
    fill(journal, make_batch, 60_000)
    held = journal.append([make_batch((1, 10**6, 1.0))], urgent=True)
    assert at_cap.wait(60)

    journal.close()

    with pytest.raises(Unreachable):
        held.result(60)


def test_one_append_larger_than_the_cap_still_passes_when_readers_keep_up(
    open_journal: OpenJournal, make_batch: MakeBatch
) -> None:
    journal = open_journal(**TINY)

    journal.append([make_batch(*((1, at, at * 0.1) for at in range(40_000)))]).result(60)

    assert journal.stats().readings == 40_000


def fill_the_disk(journal: Journal, *, pages_left: int) -> Callable[[], None]:
    """Let the journal's database grow by so many pages only, as on a full disk; return what gives room again."""
    active = journal._segments._active
    assert active is not None
    connection = active._connection
    (pages,) = connection.execute("pragma page_count").fetchone()
    connection.execute(f"pragma max_page_count={pages + pages_left}")
    return lambda: connection.execute("pragma max_page_count=1000000").close()


def test_on_a_full_disk_nothing_is_acknowledged_until_it_fits(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path, health: Health, said: Callable[[str], Event]
) -> None:
    disk_full = said("disk is full")
    journal = open_journal()
    journal.append([make_batch((1, 1, 1.0))], urgent=True).result(60)
    make_room = fill_the_disk(journal, pages_left=0)
    held = journal.append([make_batch(*((1, at, 1.0) for at in range(2, 2_000)))], urgent=True)

    assert disk_full.wait(60)
    tried_again = said("disk is full")
    journal.wake()
    assert tried_again.wait(60)
    assert not held.done()
    assert not (folder / "reserve").exists()
    assert not condition(health).ok

    make_room()
    journal.wake()
    held.result(60)
    assert (folder / "reserve").stat().st_size == 100_000
    assert condition(health).ok
    assert journal.stats().readings == 1_999


def test_the_reserve_is_set_aside_at_the_start(open_journal: OpenJournal, folder: Path) -> None:
    open_journal()

    assert (folder / "reserve").stat().st_blocks * 512 >= 100_000


def test_a_tick_is_written_every_ten_seconds_of_journal_time(open_journal: OpenJournal, clock: FakeClock) -> None:
    journal = open_journal(ticks=True)
    began = clock.now()

    for seconds in (10, 20):
        clock.set_monotonic(began.monotonic_ns + seconds * 10**9)
        journal.wake()
        journal.wait(journal.newest, 60)

    assert [entry.record for entry in journal.read(0)] == [
        Tick(began.utc_ns + 10 * 10**9),
        Tick(began.utc_ns + 20 * 10**9),
    ]


def test_a_tick_stands_behind_what_arrived_before_it(
    open_journal: OpenJournal, clock: FakeClock, make_batch: MakeBatch
) -> None:
    journal = open_journal(ticks=True)
    clock.set_monotonic(clock.now().monotonic_ns + 10 * 10**9)

    journal.append([make_batch((1, 1, 1.0))], urgent=True).result(60)

    assert isinstance(journal.read(0)[-1].record, Tick)


def test_no_tick_is_written_where_a_recording_brings_its_own(open_journal: OpenJournal, clock: FakeClock) -> None:
    journal = open_journal(ticks=False)
    clock.set_monotonic(clock.now().monotonic_ns + 100 * 10**9)

    journal.append([Tick(5)], urgent=True).result(60)

    assert [entry.record for entry in journal.read(0)] == [Tick(5)]


def test_the_quarantine_is_bounded_and_keeps_the_newest(open_journal: OpenJournal) -> None:
    journal = open_journal(quarantine_bytes=100_000)

    for n in range(100):
        journal.append([Quarantine("s", "json", str(n), bytes(5_000), n)])
    journal.append([], urgent=True).result(60)
    journal.close()

    (count,) = journal.stats().quarantine
    assert count.seen == 100
    assert 10 <= count.kept < 20
    assert count.bytes <= 100_000
    assert [record.detail for record in journal.quarantine(2)] == ["99", "98"]


def test_rejects_that_the_copy_missed_are_taken_from_the_segments_at_the_start(
    open_journal: OpenJournal, folder: Path
) -> None:
    journal = open_journal()
    journal.append([Quarantine("s", "json", "", b"x", n) for n in range(3)]).result(60)
    journal.close()
    (folder / "quarantine.db").unlink()

    again = open_journal()

    assert [(count.reason, count.seen) for count in again.stats().quarantine] == [("json", 3)]


def test_a_reject_stands_in_the_same_commit_as_its_neighbours(open_journal: OpenJournal, make_batch: MakeBatch) -> None:
    journal = open_journal()

    journal.append([make_batch((1, 1, 1.0)), Quarantine("s", "json", "", b"x", 1)], urgent=True).result(60)

    assert [type(entry.record).__name__ for entry in journal.read(0)] == ["Batch", "Quarantine"]


def test_readings_are_counted_as_they_come_and_as_they_are_durable(
    open_journal: OpenJournal, make_batch: MakeBatch, health: Health
) -> None:
    journal = open_journal()

    journal.append([make_batch((1, 1, 1.0), (2, 1, 1.0))], urgent=True).result(60)
    journal.close()

    assert health.counts()["journal", "received", ""] == 2
    assert health.counts()["journal", "sent", ""] == 2


def test_the_window_of_flash_storage_is_a_second(open_journal: OpenJournal) -> None:
    journal = open_journal(storage="flash", flush_seconds=0.2)

    assert journal._gathering._flush_seconds == 1.0


def test_a_commit_that_fails_for_a_reason_nobody_thought_of_harms_only_its_own_senders(
    open_journal: OpenJournal, make_batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal()
    with monkeypatch.context() as patch:
        patch.setattr(journal._identity, "resolve", lambda _: 1 / 0)
        failed = journal.append([make_batch((1, 1, 1.0))], urgent=True)
        assert isinstance(failed.exception(10), ZeroDivisionError)

    journal.append([make_batch((1, 2, 2.0))], urgent=True).result(60)

    assert journal.stats().readings == 1


@pytest.mark.slow
def test_a_disk_that_refuses_is_tried_again_and_nothing_is_acknowledged_meanwhile(
    open_journal: OpenJournal, make_batch: MakeBatch, health: Health, said: Callable[[str], Event]
) -> None:
    refused = said("cannot write")
    journal = open_journal()
    journal.append([make_batch((1, 1, 1.0))], urgent=True).result(60)
    active = journal._segments._active
    assert active is not None
    active._connection.execute("pragma query_only=1")

    held = journal.append([make_batch((1, 2, 2.0))], urgent=True)
    assert refused.wait(60)
    assert not held.done()
    assert "Check the disk" in condition(health).reason
    active._connection.execute("pragma query_only=0")

    held.result(60)
    assert condition(health).ok
    assert journal.stats().readings == 2


def test_a_quarantine_copy_that_cannot_be_written_delays_nobody_and_catches_up(
    open_journal: OpenJournal, health: Health
) -> None:
    journal = open_journal()
    journal._rejects._connection.execute("pragma query_only=1")
    journal.append([Quarantine("s", "json", "first", b"x", 1)], urgent=True).result(60)
    assert journal.quarantine(5) == []

    journal._rejects._connection.execute("pragma query_only=0")
    journal.append([Quarantine("s", "json", "second", b"x", 2)], urgent=True).result(60)

    assert [record.detail for record in journal.quarantine(5)] == ["second", "first"]
    assert health.counts()["journal", "failed", "quarantine copy"] == 1


def test_invented_reasons_do_not_grow_without_bound(open_journal: OpenJournal) -> None:
    journal = open_journal()

    journal.append([Quarantine("s", f"reason {n}", "", b"x", n) for n in range(300)], urgent=True).result(60)

    counts = {count.reason: count.seen for count in journal.stats().quarantine}
    assert len(counts) == 257
    assert counts["other"] == 44


@pytest.mark.parametrize("size", [0, 2**60], ids=["no reserve", "more than the disk has"])
def test_a_reserve_that_cannot_be_is_no_reason_to_stop(
    open_journal: OpenJournal, make_batch: MakeBatch, folder: Path, size: int
) -> None:
    journal = open_journal(reserve_bytes=size)

    journal.append([make_batch((1, 1, 1.0))], urgent=True).result(60)

    assert not (folder / "reserve").exists()


def test_a_quarantine_copy_that_outlived_its_segments_counts_on(open_journal: OpenJournal, folder: Path) -> None:
    journal = open_journal()
    journal.append([Quarantine("s", "json", str(n), b"x", n) for n in range(20)], urgent=True).result(60)
    journal.close()
    for path in folder.glob("*.segment*"):
        path.unlink()

    again = open_journal()
    again.append([Quarantine("s", "json", "new", b"x", 1)], urgent=True).result(60)

    assert again.newest == 21
    assert again.stats().quarantine[0].seen == 21


def test_a_damaged_quarantine_copy_is_put_aside_and_made_anew(open_journal: OpenJournal, folder: Path) -> None:
    journal = open_journal()
    journal.append([Quarantine("s", "json", "", b"x", n) for n in range(3)], urgent=True).result(60)
    journal.close()
    (folder / "quarantine.db").write_bytes(b"no database" * 1_000)

    again = open_journal()

    assert again.stats().quarantine[0].seen == 3
    assert (folder / "quarantine.db.damaged").exists()


def test_damaged_channel_numbers_are_never_made_anew(open_journal: OpenJournal, folder: Path) -> None:
    journal = open_journal()
    (folder / "channels.db").write_bytes(b"no database" * 1_000)

    with pytest.raises(Unreachable, match="restore the file"):
        journal.number([ChannelKey("A.d.level", "m")])


def test_the_heartbeat_follows_the_ticks(open_journal: OpenJournal, clock: FakeClock) -> None:
    journal = open_journal(ticks=True)

    clock.set_monotonic(10 * SECOND)
    journal.wake()
    journal.wait(0, 60)
    journal.close()

    assert journal.heartbeat_ns == 10 * SECOND
