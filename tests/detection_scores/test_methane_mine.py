from __future__ import annotations

import numpy as np

from tests.benchmarks.detection import methane_mine as mine


def methane(crossed: int, rows: int = 60) -> np.ndarray:
    values = np.ones(rows)
    values[crossed : crossed + 5] = 1.6
    return values


def stands(rows: int, *spells: tuple[int, int]) -> np.ndarray:
    is_warned = np.zeros(rows, np.bool_)
    for first, last in spells:
        is_warned[first : last + 1] = True
    return is_warned


def test_a_crossing_comes_after_ten_rows_below() -> None:
    values = np.ones(40)
    values[[5, 16, 25, 36]] = 1.5

    assert mine.crossings(values, 1.5) == [16, 36]


def test_a_warning_that_stands_until_the_crossing_counts_with_its_lead() -> None:
    verdict = mine.judge(methane(40), stands(60, (33, 41)), 1.5)

    assert (verdict.leads, verdict.crossings, verdict.false) == ([7], 1, 0)


def test_a_warning_at_the_crossing_is_none_and_not_false_either() -> None:
    verdict = mine.judge(methane(40), stands(60, (40, 45)), 1.5)

    assert (verdict.leads, verdict.false) == ([], 0)


def test_a_warning_that_fell_before_or_rose_too_early_is_false() -> None:
    fell = mine.judge(methane(40), stands(60, (30, 35)), 1.5)
    early = mine.judge(methane(40), stands(60, (9, 41)), 1.5)

    assert (fell.leads, fell.false) == ([], 1)
    assert (early.leads, early.false) == ([], 1)


def test_false_warnings_within_thirty_rows_count_once() -> None:
    verdict = mine.judge(np.ones(100), stands(100, (10, 12), (20, 22), (39, 39), (41, 42)), 1.5)

    assert verdict.false == 2


def test_a_warning_is_withdrawn_after_thirty_rows_and_may_rise_again() -> None:
    is_warned = mine.warned(np.full(40, 1.4), np.full(40, 1.4), 1.5)

    assert np.flatnonzero(~is_warned).tolist() == [30]


def test_the_answer_is_the_largest_of_the_next_six_rows() -> None:
    truth = mine.next_largest(np.array([9.0, 1.0, 2.0, 3.0, 2.0, 1.0, 1.0, 4.0]))

    assert truth[:2].tolist() == [3.0, 4.0]
    assert np.isnan(truth[2:]).all()
