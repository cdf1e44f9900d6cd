"""Cutting a call into rounds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.rounds import cut, sort_rows

ROWS = st.lists(st.integers(0, 9), min_size=1, max_size=60).map(lambda rows: np.array(rows, np.intp))


@given(ROWS)
def test_every_sample_is_in_exactly_one_round(rows: np.ndarray) -> None:
    rounds = cut(rows)

    assert sorted(rounds.order.tolist()) == list(range(len(rows)))


@given(ROWS)
def test_round_k_holds_the_kth_sample_of_the_first_rows(rows: np.ndarray) -> None:
    rounds = cut(rows)

    for number, (start, end) in enumerate(pairwise(rounds.bounds)):
        positions = rounds.order[start:end]
        assert rows[positions].tolist() == rounds.rows[: end - start].tolist()
        for position in positions.tolist():
            assert int((rows[:position] == rows[position]).sum()) == number


@given(ROWS, st.integers(0, 3))
def test_the_tail_of_a_row_is_what_comes_from_a_round_on(rows: np.ndarray, first_round: int) -> None:
    rounds = cut(rows)

    for place, row in enumerate(rounds.rows.tolist()):
        assert rounds.tail(place, first_round).tolist() == np.flatnonzero(rows == row)[first_round:].tolist()


def test_many_rows_are_sorted_stably_beyond_sixteen_bits() -> None:
    rows = np.array([70_000, 3, 70_000, 3], np.intp)

    assert sort_rows(rows).tolist() == [1, 3, 0, 2]


def test_no_samples_make_no_rounds() -> None:
    rounds = cut(np.empty(0, np.intp))

    assert (rounds.rows.tolist(), rounds.order.tolist(), rounds.bounds) == ([], [], [0])


def test_many_rounds_are_cut_like_few_ones() -> None:
    rows = np.random.default_rng(1).integers(0, 4, 600)

    rounds = cut(rows)

    assert len(rounds.bounds) > 100
    for place, row in enumerate(rounds.rows.tolist()):
        assert rounds.tail(place, 0).tolist() == np.flatnonzero(rows == row).tolist()
