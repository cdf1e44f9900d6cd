"""The store gathers, writes the present first, and moves its places only behind what the sink has taken."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

import pytest

from gateway.clock import FakeClock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND
from gateway.store import Store
from gateway.store.pace import Pace
from tests.gateway.store.conftest import ListedJournal, OpenStore, ToldSink

RunStore: TypeAlias = Callable[[Store, float], None]


def test_readings_wait_for_others_and_go_when_a_request_is_full(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink
) -> None:
    store = open_store(batch_points=4)

    for second in range(3):
        journal.put((1, second, 1.0))
    store.step()
    waiting = sink.sizes()
    journal.put((1, 3, 1.0))
    store.step()

    assert waiting == []
    assert sink.sizes() == [4]
    assert store.lanes.live == 4


def test_readings_wait_no_longer_than_a_second(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, clock: FakeClock
) -> None:
    store = open_store()
    journal.put((1, 0, 1.0))
    left = store.step()

    clock.set_monotonic(SECOND)
    store.step()

    assert left == 1.0
    assert sink.sizes() == [1]


def test_a_large_batch_goes_in_several_requests_and_is_passed_with_the_last(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    store = open_store(batch_points=10)
    journal.put(*((1, second, 1.0) for second in range(25)))

    store.step()
    after_the_first = store.lanes.live
    run(store, 3)

    assert sink.sizes() == [10, 10, 5]
    assert (after_the_first, store.lanes.live) == (0, 1)


def test_places_are_put_on_disk_every_ten_seconds_and_the_journal_is_told(
    open_store: OpenStore, journal: ListedJournal, run: RunStore
) -> None:
    store = open_store()
    journal.put((1, 0, 1.0))

    run(store, 5)
    before = store.position(), journal.places["influxdb"]
    run(store, 6)

    assert before == (0, 0)
    assert (store.position(), journal.places["influxdb"]) == (1, 1)


def test_a_restart_goes_on_behind_the_places(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    first = open_store()
    for second in range(5):
        journal.put((1, second, 1.0))
    run(first, 3)
    first.finish()

    second_life = open_store()
    journal.put((1, 5, 1.0))
    run(second_life, 3)

    assert sink.sizes() == [5, 1]


@pytest.mark.parametrize("text", ["", "7", "7 00000000", "\0" * 40, "minus one", "\xff", '{"live":1} 5c65cb1d'])
def test_damaged_places_start_from_the_beginning(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, text: str, run: RunStore
) -> None:
    journal.put((1, 0, 1.0))

    run(open_store(place=text), 8)

    assert sink.sizes() == [1]


def test_the_place_of_a_store_with_one_lane_is_gone_on_with(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    for second in range(3):
        journal.put((1, second, 1.0))

    run(open_store(place="2 1ad5be0d\n"), 8)

    assert [row[1] for rows in sink.written for row in rows] == [2.0]


def test_after_an_outage_the_newest_goes_first_and_the_gap_oldest_first(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    store = open_store(batch_points=10, rate=10.0)
    sink.is_away = True
    for second in range(60):
        journal.put((1, second, float(second)))
        run(store, 1)

    sink.is_away = False
    for second in range(60, 90):
        journal.put((1, second, float(second)))
        run(store, 1)

    order = [int(at) for rows in sink.written for _, at, _ in rows]
    first = order[0]
    live = [at for at in order if at >= first]
    gap = [at for at in order if at < first]
    assert 50 <= first <= 60
    assert live == list(range(first, 89))
    assert gap == list(range(first))
    assert order.index(60) < order.index(10)


def test_a_short_outage_is_made_up_for_in_order(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    store = open_store()
    sink.is_away = True
    for second in range(5):
        journal.put((1, second, 1.0))
        run(store, 1)

    sink.is_away = False
    run(store, 3)

    assert store.lanes.gaps == ()
    assert [row[1] for rows in sink.written for row in rows] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_gap_is_filled_at_the_rate_that_is_set(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, clock: FakeClock, run: RunStore
) -> None:
    for second in range(1_000):
        journal.put((1, second, 1.0))
    store = open_store(batch_points=10, rate=100.0)
    began_ns = clock.now().monotonic_ns

    while store.lanes.gaps:
        run(store, 0.25)

    took = (clock.now().monotonic_ns - began_ns) / SECOND
    assert len(sink.held) == 1_000
    assert 9.0 < took < 15.0


def test_live_readings_do_not_wait_while_a_gap_is_filled(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, clock: FakeClock, run: RunStore
) -> None:
    for second in range(5_000):
        journal.put((1, second, 1.0))
    store = open_store(batch_points=100, rate=200.0)
    delays = []

    for second in range(5_000, 5_015):
        journal.put((1, second, 1.0))
        put_ns = clock.now().monotonic_ns
        while (1, float(second)) not in sink.held:
            run(store, 0.01)
        delays.append((clock.now().monotonic_ns - put_ns) / SECOND)

    assert store.lanes.gaps
    assert max(delays) <= 1.5


def test_of_two_values_of_one_time_the_one_journaled_last_stays(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    for second in range(40):
        journal.put((1, second, 1.0))
    store = open_store(batch_points=4, rate=2.0)
    journal.put((1, 39, 7.0), (1, 100, 1.0))
    run(store, 2)
    live_first = dict(sink.held)

    run(store, 60)

    values = [value for rows in sink.written for _, at, value in rows if at == 39]
    assert live_first[1, 39.0] == 7.0
    assert values == [7.0, 1.0, 7.0]
    assert store.lanes.gaps == ()


def test_what_is_too_much_for_the_sink_goes_by_importance(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, clock: FakeClock, run: RunStore
) -> None:
    store = open_store(batch_points=20, rate=1_000.0, important=frozenset({1}))
    sink.seconds_a_row = 0.1
    delays = {}
    for second in range(60):
        journal.put(*((channel, second, 1.0) for channel in range(1, 21)))
        until_ns = (second + 1) * SECOND
        while clock.now().monotonic_ns < until_ns:
            run(store, 0.05)
        newest = max((at for channel, at in sink.held if channel == 1), default=-1.0)
        delays[second] = second - newest
    sink.seconds_a_row = 0.0

    run(store, 120)

    assert max(delays[second] for second in range(40, 60)) <= 5
    assert len(sink.held) == 60 * 20
    assert store.lanes.gaps == ()


def test_refused_readings_are_kept_in_quarantine_and_the_rest_goes_on(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, health: Health, run: RunStore
) -> None:
    sink.refused = {3.0}
    store = open_store()
    for second in range(5):
        journal.put((1, second, float(second)))

    run(store, 2)

    conditions = {each.name: each for each in health.conditions()}
    assert [(one.source, one.reason, one.detail, one.payload) for one in journal.kept] == [
        ("influxdb", "rejected:influxdb", "refused", b"line")
    ]
    assert store.lanes.live == 5
    assert health.counts()["influxdb", "failed", "rejected"] == 1
    assert "the first: refused" in conditions["influxdb_rejects"].reason
    assert not conditions["influxdb_rejects"].needed


def test_a_reading_that_breaks_the_sink_is_set_aside_alone(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    sink.breaks_on = {3.0}
    store = open_store()
    journal.put(*((1, second, float(second)) for second in range(9)))

    run(store, 2)

    assert len(sink.held) == 8
    assert [one.payload.decode().split(",")[2] for one in journal.kept] == ["3.0"]
    assert store.lanes.live == 1


def test_a_sink_that_breaks_on_everything_rests_and_nothing_more_is_set_aside(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, clock: FakeClock
) -> None:
    sink.breaks_on = {1.0}
    store = open_store()
    journal.put(*((1, second, 1.0) for second in range(50)))
    store.step()
    clock.set_monotonic(SECOND)

    with pytest.raises(Unreachable, match="it rests, nothing is lost"):
        store.step()

    assert len(journal.kept) == 10
    assert store.lanes.live == 0


def test_records_that_the_journal_lost_do_not_hold_a_gap_open(
    open_store: OpenStore, journal: ListedJournal, sink: ToldSink, run: RunStore
) -> None:
    for second in range(30):
        journal.put((1, second, 1.0))
    journal.damaged = {*range(5, 12), 29, 30}

    store = open_store(batch_points=10)
    run(store, 10)

    assert store.lanes.gaps == ()
    assert len(sink.held) == 21


def test_no_two_boxes_fill_their_gaps_in_step() -> None:
    paces = [Pace(1_000.0, Random(seed)) for seed in range(50)]

    for pace in paces:
        pace.begin(0)
    firsts = [pace.seconds_left(0) for pace in paces]

    assert max(firsts) - min(firsts) > 2.0
