"""The store gathers, writes, and moves its place only behind what the sink has taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.journal import Entry
from gateway.model import SECOND, Instant, Quarantine, Tick, batch_of
from gateway.store import Store
from tests.gateway.store.conftest import START, OpenStore, ToldSink

MakeEntries = Callable[..., list[Entry]]


def test_readings_wait_for_others_and_go_when_a_request_is_full(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries
) -> None:
    store = open_store(batch_points=10)

    store.apply(entries(4, rows=2))
    waiting = list(sink.written)
    store.apply(entries(1, rows=2, first=5))

    assert waiting == []
    assert sink.written == [10]
    assert store.written == 5


def test_readings_wait_no_longer_than_a_second(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries, clock: FakeClock
) -> None:
    store = open_store()
    store.apply(entries(3))

    clock.set_monotonic(1_000_000_000)
    store.apply([Entry(4, Tick(START), START)])

    assert sink.written == [3]
    assert store.written == 4


def test_readings_that_nothing_follows_are_flushed_without_a_write_to_disk(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries
) -> None:
    store = open_store()
    store.apply(entries(3))

    store.flush()

    assert sink.written == [3]
    assert (store.written, store.position()) == (3, 0)


def test_a_large_batch_goes_in_several_requests(open_store: OpenStore, sink: ToldSink, entries: MakeEntries) -> None:
    store = open_store(batch_points=10)

    store.apply(entries(1, rows=25))
    after_full_ones = store.written
    store.apply(())

    assert sink.written == [10, 10, 5]
    assert after_full_ones == 0
    assert len(sink.rows) == 25
    assert store.written == 1


def test_the_place_moves_only_behind_what_was_taken(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries
) -> None:
    store = open_store()
    sink.is_away = True

    with pytest.raises(Unreachable, match="the sink is away"):
        store.apply(entries(200))

    assert (store.position(), store.written) == (0, 0)
    sink.is_away = False
    assert store.apply(entries(200)) == 0
    assert store.apply(()) == 200
    assert sink.written == [100, 100]


def test_the_same_entries_again_after_a_failure_are_written_once(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries, health: Health
) -> None:
    store = open_store()
    sink.is_away = True
    for _ in range(3):
        with pytest.raises(Unreachable):
            store.apply(entries(100))

    sink.is_away = False
    store.apply(entries(100))

    assert sink.written == [100]
    assert health.counts()["influxdb", "received", ""] == health.counts()["influxdb", "sent", ""] == 100


def test_a_restart_goes_on_behind_the_place(open_store: OpenStore, sink: ToldSink, entries: MakeEntries) -> None:
    first = open_store()
    first.apply(entries(5))
    first.close()

    second = open_store()
    second.apply(entries(7))
    second.apply(())

    assert second.position() == 7
    assert sink.written == [5, 2]


def test_a_stop_while_the_sink_is_away_keeps_the_place(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries
) -> None:
    store = open_store()
    store.apply(entries(5))
    sink.is_away = True

    store.close()

    assert open_store().position() == 0


def test_a_place_is_put_on_disk_every_ten_seconds_not_at_every_request(
    open_store: OpenStore, entries: MakeEntries, clock: FakeClock
) -> None:
    store = open_store(batch_points=1)

    at_once = store.apply(entries(5))
    clock.set_monotonic(10_000_000_000)
    later = store.apply(entries(1, first=6))

    assert (at_once, later) == (0, 6)


@pytest.mark.parametrize("text", ["", "7", "7 00000000", "\0" * 40, "minus one", "\xff"])
def test_a_damaged_place_starts_from_the_beginning(
    open_store: OpenStore, tmp_path: Path, text: str, entries: MakeEntries, sink: ToldSink
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "place").write_bytes(text.encode("latin-1"))

    store = open_store()
    store.apply(entries(3))
    store.apply(())

    assert store.position() == 3
    assert sink.written == [3]


def test_refused_readings_are_kept_in_quarantine_and_the_rest_goes_on(
    open_store: OpenStore, sink: ToldSink, entries: MakeEntries, kept: list[Quarantine], health: Health
) -> None:
    sink.refused = {3.0}
    store = open_store()

    store.apply(entries(5))
    store.apply(())

    conditions = {each.name: each for each in health.conditions()}
    assert [(one.source, one.reason, one.detail, one.payload) for one in kept] == [
        ("influxdb", "rejected:influxdb", "refused", b"line")
    ]
    assert store.position() == 5
    assert health.counts()["influxdb", "failed", "rejected"] == 1
    assert "the first: refused" in conditions["influxdb_rejects"].reason
    assert not conditions["influxdb_rejects"].needed


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), max_size=12), st.integers(1, 40))
def test_whatever_the_cuts_and_outages_everything_is_written_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, bool]], batch_points: int
) -> None:
    clock, sink, health = FakeClock(), ToldSink(), Health()
    folder = tmp_path_factory.mktemp("store")
    store = Store(folder, sink, keep=len, clock=clock, health=health, batch_points=batch_points)
    journal: list[Entry] = []
    applied = 0
    for rows, is_away, is_killed in steps:
        journal.append(_entry(len(journal) + 1, rows))
        sink.is_away = is_away
        with suppress(Unreachable):
            store.apply(journal[applied:])
            applied = len(journal)
            if rows % 3 == 0:
                store.apply(())
        if is_killed:
            store = Store(folder, sink, keep=len, clock=clock, health=health, batch_points=batch_points)
            applied = store.position()
        assert len(sink.rows) >= sum(rows for rows, _, _ in steps[: store.position()])
    sink.is_away = False

    store.apply(journal[applied:])
    store.apply(())

    assert len(sink.rows) == sum(rows for rows, _, _ in steps)
    assert store.position() == len(journal)


def _entry(position: int, rows: int) -> Entry:
    received = Instant(START, 0, "b")
    batch = batch_of([(1, START + position * SECOND + row, float(row), 1, 0) for row in range(rows)], received)
    return Entry(position, batch, START)
