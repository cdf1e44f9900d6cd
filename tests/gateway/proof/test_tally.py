from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import SECOND, Flag, Int64s
from gateway.proof.tally import HOUR_NS, Counts, Slice, Tally

HOUR = 3_600


class Kept:
    """Slices as a file would keep them."""

    def __init__(self) -> None:
        self.slices: dict[Slice, Int64s] = {}
        self.is_empty_known = True

    def load(self, channel: int, cell: int) -> Int64s | None:
        return self.slices.get((channel, cell), np.empty(0, np.int64) if self.is_empty_known else None)

    def keep(self, slices: dict[Slice, Int64s]) -> None:
        for key, times in slices.items():
            self.slices[key] = np.union1d(self.slices.get(key, np.empty(0, np.int64)), times)


def add(tally: Tally, rows: list[tuple[int, int]], flags: int = 0) -> None:
    """Count (channel, second) rows, each at a position of its own."""
    channel = np.array([row[0] for row in rows], np.int32)
    time_ns = np.array([row[1] for row in rows], np.int64) * SECOND
    tally.add(channel, time_ns, np.full(len(rows), flags, np.uint16), np.arange(1, len(rows) + 1))


def test_rows_are_counted_by_channel_and_hour() -> None:
    tally = Tally(Kept().load, {})

    add(tally, [(1, 0), (1, 1), (2, 5), (1, HOUR), (1, HOUR + 900)])

    counts, slices = tally.take()
    assert counts == {
        (1, 0): Counts(2, 2, last_position=2),
        (2, 0): Counts(1, 1, last_position=3),
        (1, 1): Counts(2, 2, last_position=5),
    }
    assert slices[1, 0].tolist() == [0, SECOND]


def test_a_time_that_comes_again_is_a_redelivery() -> None:
    kept = Kept()
    tally = Tally(kept.load, {})
    add(tally, [(1, 0), (1, 1), (1, 1)])
    counts, slices = tally.take()
    kept.keep(slices)

    add(tally, [(1, 0), (1, 2), (1, 1)])

    again = tally.take()[0]
    assert counts[1, 0].redelivered == 1
    assert (again[1, 0].distinct, again[1, 0].redelivered) == (1, 2)


def test_a_correction_is_no_redelivery() -> None:
    tally = Tally(Kept().load, {})
    add(tally, [(1, 0)])

    add(tally, [(1, 0)], flags=int(Flag.CORRECTED))

    counts = tally.take()[0][1, 0]
    assert (counts.rows, counts.distinct, counts.corrected, counts.redelivered) == (2, 1, 1, 0)


def test_what_cannot_be_compared_any_more_is_said() -> None:
    kept = Kept()
    kept.is_empty_known = False
    tally = Tally(kept.load, {1: 10 * HOUR_NS})

    add(tally, [(1, 5)])

    assert tally.take()[0][1, 0] == Counts(1, 1, unknown=1, last_position=1)


@given(st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3 * HOUR // 100)), max_size=20), max_size=8))
def test_the_counts_are_those_of_sets_however_the_stream_is_cut(pieces: list[list[tuple[int, int]]]) -> None:
    kept, total = Kept(), defaultdict[tuple[int, int], Counts](Counts)
    tally = Tally(kept.load, {})

    for number, piece in enumerate(pieces):
        add(tally, [(channel, 100 * second) for channel, second in piece])
        if number % 2:
            counts, slices = tally.take()
            kept.keep(slices)
            for key, one in counts.items():
                total[key].add(one)
    for key, one in tally.take()[0].items():
        total[key].add(one)

    rows = [(channel, 100 * second // HOUR, second) for piece in pieces for channel, second in piece]
    wanted = {
        key: (sum(row[:2] == key for row in rows), len({row for row in rows if row[:2] == key}))
        for key in {row[:2] for row in rows}
    }
    assert {key: (one.rows, one.distinct) for key, one in total.items()} == wanted
