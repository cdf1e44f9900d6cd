"""Whatever is cut, killed, away or slow: in the end each (channel, time) is there with the value journaled last."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND
from gateway.store import Store, Writer
from tests.gateway.store.conftest import ListedJournal, Row, ToldSink

Step: TypeAlias = tuple[str, int]

# Few channels and few times, so that late rows, repetitions and corrections are common.
ROWS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 12), st.integers(0, 3).map(float)), max_size=6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), ROWS),
        st.tuples(st.just("pass"), st.integers(1, 15)),
        # The newest goes first again: whatever is not on disk yet is a gap.
        st.tuples(st.just("kill"), st.just(0)),
        st.tuples(st.sampled_from(["away", "back", "slow", "quick", "finish"]), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(STEPS, st.integers(1, 7), st.sampled_from([1.0, 5.0, 100.0]), st.booleans())
def test_the_value_journaled_last_is_there_in_the_end(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, list[Row] | int]],
    batch_points: int,
    rate: float,
    has_important: bool,  # noqa: FBT001 - hypothesis gives it by place
) -> None:
    clock, health = FakeClock(), Health()
    journal, sink = ListedJournal(clock), ToldSink(clock)
    folder = tmp_path_factory.mktemp("store")

    def opened() -> Store:
        return Store(
            folder,
            journal,
            Writer(sink, keep=len, clock=clock, health=health),
            clock=clock,
            health=health,
            batch_points=batch_points,
            backfill_readings_per_second=rate,
            important=frozenset({1}) if has_important else frozenset(),
            random=Random(0),
        )

    store = opened()
    wanted: dict[tuple[int, float], float] = {}
    acts: dict[str, Callable[[], None]] = {
        "away": lambda: setattr(sink, "is_away", True),
        "back": lambda: setattr(sink, "is_away", False),
        "slow": lambda: setattr(sink, "seconds_a_row", 2.0),
        "quick": lambda: setattr(sink, "seconds_a_row", 0.0),
        "finish": lambda: store.finish(),  # noqa: PLW0108 - the store of that moment
    }
    for kind, what in steps:
        if kind == "put" and isinstance(what, list):
            journal.put(*what)
            wanted |= {(channel, float(second)): value for channel, second, value in what}
        elif kind == "pass" and isinstance(what, int):
            _pass(store, clock, what)
        elif kind == "kill":
            store = opened()
        else:
            acts[kind]()
        _nothing_is_let_go_too_early(store, journal, sink)
    acts["back"]()
    acts["quick"]()

    _pass(store, clock, 2_000 / rate + 200)
    store.finish()

    assert sink.held == wanted
    assert store.position() == journal.newest


def _pass(store: Store, clock: FakeClock, seconds: float) -> None:
    until_ns = clock.now().monotonic_ns + round(seconds * SECOND)
    while clock.now().monotonic_ns < until_ns:
        try:
            rest = store.step()
        except Unreachable:
            rest = 1.0
        clock.set_monotonic(clock.now().monotonic_ns + round(max(rest, 0.001) * SECOND))


def _nothing_is_let_go_too_early(store: Store, journal: ListedJournal, sink: ToldSink) -> None:
    """The journal was told of no position before which something is not in the sink."""
    for entry in journal.entries[: journal.places.get(store.name, 0)]:
        for channel, time_ns in _rows(entry.record):
            assert (channel, time_ns) in sink.times


def _rows(record: object) -> list[tuple[int, int]]:
    channel, time_ns = getattr(record, "channel", None), getattr(record, "time_ns", None)
    return [] if channel is None or time_ns is None else list(zip(channel.tolist(), time_ns.tolist(), strict=True))
