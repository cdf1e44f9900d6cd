from __future__ import annotations

import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal.identity import REMEMBERED, Identity
from gateway.model import Batch, Instant, Quality, batch_of

Row = tuple[int, int, float, int, int]
NOW = Instant(1, 2, "boot")


def one_by_one(rows: list[Row]) -> tuple[list[Row], int]:
    """The rule in plain words: what each row becomes, and how many were moved to a free time."""
    held: dict[int, list[tuple[int, bytes]]] = {}
    resolved: list[Row] = []
    conflicts = 0
    for channel, time_ns, value, quality, flags in rows:
        bits = struct.pack("d", math.nan if math.isnan(value) else value)
        last = held.setdefault(channel, [])
        times = dict(last[-REMEMBERED:])
        at = time_ns
        while at in times and times[at] != bits:
            at += 1
        if at not in times:
            last.append((at, bits))
            conflicts += at != time_ns
        worse = max(quality, int(Quality.SUSPECT)) if at != time_ns else quality
        resolved.append((channel, at, value, worse, flags))
    return resolved, conflicts


def rows_of(batches: list[Batch]) -> list[Row]:
    return [
        row
        for batch in batches
        for row in zip(
            batch.channel.tolist(),
            batch.time_ns.tolist(),
            batch.value.tolist(),
            batch.quality.tolist(),
            batch.flags.tolist(),
            strict=True,
        )
    ]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.one_of(st.integers(0, 6), st.integers(0, 200)),
        st.sampled_from((0.0, -0.0, 1.0, 2.0, math.nan, math.inf)),
        st.sampled_from((1, 2, 3, 4, 9)),
        st.just(0),
    ),
    max_size=200,
)


@given(rows=ROWS, cuts=st.lists(st.integers(0, 200), max_size=8), group=st.integers(1, 4))
def test_rows_are_decided_as_if_they_came_one_by_one(rows: list[Row], cuts: list[int], group: int) -> None:
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    batches = [batch_of(rows[start:stop], NOW) for start, stop in pairwise(edges)]
    identity = Identity()

    resolved = [batch for at in range(0, len(batches), group) for batch in identity.resolve(batches[at : at + group])]

    expected, conflicts = one_by_one(rows)
    assert repr(rows_of(resolved)) == repr(expected)
    assert identity.conflicts == conflicts


def test_the_same_value_again_passes_through() -> None:
    identity = Identity()
    batch = batch_of([(1, 10, 5.0, 1, 0), (2, 10, math.nan, 9, 0)], NOW)

    (first,), (again,) = identity.resolve([batch]), identity.resolve([batch])

    assert first is batch
    assert again is batch
    assert identity.conflicts == 0


def test_another_value_at_the_same_time_moves_on_by_a_nanosecond_and_is_suspect() -> None:
    identity = Identity()

    resolved = identity.resolve([batch_of([(1, 10, 5.0, 1, 0), (1, 10, 6.0, 1, 0), (1, 10, 7.0, 4, 0)], NOW)])

    assert rows_of(resolved) == [(1, 10, 5.0, 1, 0), (1, 11, 6.0, 3, 0), (1, 12, 7.0, 4, 0)]
    assert identity.conflicts == 2


def test_a_conflict_that_comes_again_finds_its_own_place() -> None:
    identity = Identity()
    conflict = batch_of([(1, 10, 5.0, 1, 0), (1, 10, 6.0, 1, 0)], NOW)
    identity.resolve([conflict])

    again = identity.resolve([conflict])

    assert rows_of(again) == [(1, 10, 5.0, 1, 0), (1, 11, 6.0, 3, 0)]
    assert identity.conflicts == 1


def test_a_value_further_back_than_is_remembered_passes_through() -> None:
    identity = Identity()
    identity.resolve([batch_of([(1, at, 5.0, 1, 0) for at in range(REMEMBERED + 1)], NOW)])

    late = identity.resolve([batch_of([(1, 0, 6.0, 1, 0)], NOW)])

    assert rows_of(late) == [(1, 0, 6.0, 1, 0)]
    assert identity.conflicts == 0


def test_a_clock_that_was_ahead_does_not_slow_its_channel_down_for_ever() -> None:
    identity = Identity()
    identity.resolve([batch_of([(1, 10**18, 5.0, 1, 0)], NOW)])
    identity.resolve([batch_of([(1, at, 5.0, 1, 0)], NOW) for at in range(REMEMBERED)])

    batch = batch_of([(1, REMEMBERED, 5.0, 1, 0)], NOW)

    assert identity._take_newer(batch.channel, batch.time_ns, batch.value)


@pytest.mark.parametrize("channels", [np.arange(5_000), np.array([2**20, 3]), np.array([0])], ids=str)
def test_channel_numbers_may_be_many_or_far_apart(channels: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    identity = Identity()
    rows = [(int(channel), 10, 1.0, 1, 0) for channel in channels]
    identity.resolve([batch_of(rows, NOW)])

    resolved = identity.resolve([batch_of([(channel, 10, 2.0, 1, 0) for channel, *_ in rows], NOW)])

    assert [row[1] for row in rows_of(resolved)] == [11] * len(rows)
