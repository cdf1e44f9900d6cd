"""m of the last n scores agree, cut and restored anywhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.votes import Votes

KINDS = [(1, 1), (2, 3), (3, 5), (5, 5)]
SCORES = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0, float("nan")]), max_size=60)


def fed(votes: Votes, score: list[float], start: int = 0) -> np.ndarray:
    rows = np.arange(start, start + len(score), dtype=np.intp) % len(KINDS)
    return votes.update(rows, np.arange(start, start + len(score)), np.array(score))


@given(score=SCORES)
def test_a_score_is_reached_exactly_when_m_of_the_last_n_reach_it(score: list[float]) -> None:
    agreed = fed(Votes(KINDS), score)

    for place in range(len(score)):
        m, n = KINDS[place % len(KINDS)]
        own = [one for one in score[place % len(KINDS) : place + 1 : len(KINDS)] if not np.isnan(one)][-n:]
        if np.isnan(score[place]) or len(own) < m:
            assert np.isnan(agreed[place])
            continue
        for limit in (0.5, 1.0, 2.0, 4.0):
            assert (agreed[place] >= limit) == (sum(one >= limit for one in own) >= m)


@given(score=SCORES, cuts=st.sets(st.integers(0, 60)))
def test_cut_anywhere_they_agree_on_the_same(score: list[float], cuts: set[int]) -> None:
    bounds = [0, *sorted(cut for cut in cuts if cut < len(score)), len(score)]
    pieces = Votes(KINDS)

    got = [fed(pieces, score[start:end], start) for start, end in pairwise(bounds)]

    np.testing.assert_array_equal(np.concatenate(got), fed(Votes(KINDS), score))


@given(score=SCORES, place=st.integers(0, 60))
def test_restored_in_the_middle_they_go_on(score: list[float], place: int) -> None:
    votes, copy = Votes(KINDS), Votes(KINDS)
    fed(votes, score[:place])

    copy.restore(votes.state(), np.arange(len(KINDS)))

    np.testing.assert_array_equal(fed(copy, score[place:], place), fed(votes, score[place:], place))


def test_a_longer_memory_takes_over_what_a_shorter_one_kept() -> None:
    short, long = Votes([(2, 2)]), Votes([(2, 4)])
    row, times = np.zeros(3, np.intp), np.arange(3)
    short.update(row, times, np.array([3.0, 2.0, 1.0]))

    long.restore(short.state(), np.array([0]))

    assert long.update(row[:1], times[:1] + 3, np.array([0.5])).tolist() == [1.0]


def test_what_was_never_kept_has_not_been_seen() -> None:
    votes = Votes([(2, 3)])

    votes.restore({}, np.array([0]))

    assert np.isnan(votes.update(np.zeros(1, np.intp), np.zeros(1, np.int64), np.array([4.0]))).all()


@pytest.mark.parametrize("wrong", [(3, 2), (0, 1), (1, 17)])
def test_votes_that_can_never_agree_are_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="m of n"):
        Votes([wrong])
