"""Slots of a grid: when they close, what they hold, and that no cut of the stream changes them."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import SECOND, Aligner, Grid, Slots

GRIDS = [Grid(2, 60, 120), Grid(1, 10, 0), Grid(3, 3_600, 600)]
MEMBERS = sum(grid.members for grid in GRIDS)
Sample: TypeAlias = tuple[int, int, float]
Told: TypeAlias = dict[tuple[int, int], list[float]]

STEPS = st.one_of(st.integers(0, 40), st.sampled_from([0, 59, 60, 3_600, 86_400]))
VALUES = st.one_of(st.sampled_from([1.0, 2.0, float("nan"), float("inf")]), st.floats(-1e300, 1e300))
STREAMS = st.lists(st.tuples(st.integers(0, MEMBERS - 1), STEPS, VALUES), max_size=60)


def timed(steps: list[tuple[int, int, float]]) -> list[Sample]:
    """Give every member its own clock, going only forward."""
    clocks = [0] * MEMBERS
    samples = []
    for member, step, value in steps:
        clocks[member] += step
        samples.append((member, clocks[member], value))
    return samples


def push(aligner: Aligner, samples: list[Sample]) -> list[Slots]:
    rows = np.array([row for row, _, _ in samples], np.intp)
    seconds = np.array([second for _, second, _ in samples], np.int64)
    return aligner.update(rows, seconds * SECOND, np.array([value for _, _, value in samples], np.float64))


def told(closed: list[Slots]) -> Told:
    """Say each slot as (group, second) with its columns; a slot told twice fails here."""
    out: Told = {}
    for slots in closed:
        for time_ns, columns in zip(slots.time_ns.tolist(), slots.columns.tolist(), strict=True):
            assert (slots.group, time_ns // SECOND) not in out
            out[slots.group, time_ns // SECOND] = columns
    return out


def one_group(members: int = 2) -> Aligner:
    return Aligner([Grid(members, 60, 120)])


def test_a_slot_closes_when_every_member_has_passed_it() -> None:
    aligner = one_group()

    before = push(aligner, [(0, 10, 1.0), (1, 20, 5.0), (0, 61, 2.0)])
    after = push(aligner, [(1, 119, 6.0)])

    assert told(before) == {}
    assert told(after) == {(0, 0): [1.0, 5.0]}


def test_a_missing_member_is_waited_for_until_the_slot_is_too_old() -> None:
    aligner = one_group()
    push(aligner, [(0, 10, 1.0), (0, 70, 2.0)])

    early, due = aligner.advance(179 * SECOND), aligner.advance(180 * SECOND)

    assert told(early) == {}
    [slots] = due
    assert slots.time_ns.tolist() == [0]
    np.testing.assert_array_equal(slots.columns, [[1.0, np.nan]])


def test_a_closed_slot_never_reopens_and_what_comes_later_is_counted() -> None:
    aligner = one_group()
    push(aligner, [(0, 10, 1.0)])
    aligner.advance(180 * SECOND)

    late = push(aligner, [(1, 20, 5.0), (0, 30, 9.0), (1, 130, 6.0), (0, 140, 2.0), (0, 200, 2.0), (1, 200, 2.0)])

    assert told(late) == {(0, 120): [2.0, 6.0]}
    assert aligner.late == 2


def test_a_bad_value_passes_the_slot_but_leaves_the_member_absent() -> None:
    aligner = one_group()

    [slots] = push(aligner, [(0, 10, 1.0), (1, 20, np.nan), (0, 61, 2.0), (1, 61, np.nan)])

    np.testing.assert_array_equal(slots.columns, [[1.0, np.nan]])


def test_a_year_of_silence_makes_no_slots() -> None:
    aligner = one_group(1)
    year = 365 * 86_400

    closed = push(aligner, [(0, 0, 1.0), (0, year, 2.0), (0, year + 60, 3.0)])

    assert told(closed) == {(0, 0): [1.0], (0, year): [2.0]}


def test_a_backlog_of_a_whole_group_is_aligned_though_journal_time_is_past_it() -> None:
    aligner = one_group()
    aligner.advance(86_400 * SECOND)

    closed = push(aligner, [(0, 10, 1.0), (1, 20, 5.0), (0, 70, 2.0), (1, 80, 6.0)])

    assert told(closed) == {(0, 0): [1.0, 5.0]}


@pytest.mark.parametrize("grid", [(0, 60, 0), (1, 0, 0), (1, 60, -1)])
def test_a_grid_that_makes_no_sense_is_refused(grid: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="a grid needs"):
        Grid(*grid)


@given(steps=STREAMS, cuts=st.sets(st.integers(0, 60)))
def test_cut_anywhere_the_slots_are_the_same(steps: list[tuple[int, int, float]], cuts: set[int]) -> None:
    samples = timed(steps)
    whole, pieces = Aligner(GRIDS), Aligner(GRIDS)
    bounds = [0, *sorted(cut for cut in cuts if 0 < cut < len(samples)), len(samples)]

    expected = [*push(whole, samples), *whole.advance(10_000_000 * SECOND)]
    got = [slots for start, end in pairwise(bounds) for slots in push(pieces, samples[start:end])]
    got += pieces.advance(10_000_000 * SECOND)

    np.testing.assert_equal(told(got), told(expected))


@given(steps=STREAMS)
def test_every_slot_holds_the_mean_of_what_was_good(steps: list[tuple[int, int, float]]) -> None:
    samples = timed(steps)
    aligner = Aligner(GRIDS)
    heard: dict[tuple[int, int, int], list[float]] = {}
    firsts = [0, 2, 3]
    for row, second, value in samples:
        group = max(number for number, first in enumerate(firsts) if first <= row)
        width = int(GRIDS[group].slot_seconds)
        if np.isfinite(value):
            heard.setdefault((group, second // width * width, row - firsts[group]), []).append(value)

    slots = told([*push(aligner, samples), *aligner.advance(10_000_000 * SECOND)])

    present = {(*key, member) for key, row in slots.items() for member, mean in enumerate(row) if not np.isnan(mean)}
    assert present == set(heard)
    for (group, second, member), values in heard.items():
        np.testing.assert_allclose(slots[group, second][member], np.mean(values), atol=1e-9 * max(map(abs, values)))


@given(steps=STREAMS, place=st.integers(0, 60))
def test_restored_in_the_middle_it_goes_on_as_if_nothing_had_happened(
    steps: list[tuple[int, int, float]], place: int
) -> None:
    samples = timed(steps)
    aligner, copy = Aligner(GRIDS), Aligner(GRIDS)
    push(aligner, samples[:place])
    aligner.advance(4_000 * SECOND)

    for group in range(len(GRIDS)):
        copy.restore(aligner.state(group), group)

    np.testing.assert_equal(told(push(copy, samples[place:])), told(push(aligner, samples[place:])))
    np.testing.assert_equal(told(copy.advance(10**7 * SECOND)), told(aligner.advance(10**7 * SECOND)))
