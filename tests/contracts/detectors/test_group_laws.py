"""The laws that every registered group detector keeps; a new one is tested by being registered."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors import GROUP_DETECTORS
from detectors.contract import GroupDetector

pytestmark = pytest.mark.parametrize("name", sorted(GROUP_DETECTORS))

MEMBERS = 3
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
MAX_STATE_BYTES = 2_048

VALUES = (0.0, 20.0, 21.0, 60.0, float("nan"), float("nan"))
STEPS = (60, 60, 60, 300, 3_600, 365 * 86_400)


class Slots(NamedTuple):
    time_ns: NDArray[np.int64]
    columns: NDArray[np.float64]

    def part(self, start: int, end: int) -> Slots:
        return Slots(self.time_ns[start:end], self.columns[start:end])


@st.composite
def streams(draw: st.DrawFn) -> Slots:
    # Few numbers for all slots, and one choice for each: choosing takes far longer than a detector does.
    values = (*VALUES, *draw(st.tuples(*[st.floats()] * 3)) * 2)
    shape = (len(STEPS), *[len(values)] * MEMBERS)
    size = draw(st.integers(0, 30))
    slots = draw(st.lists(st.integers(0, math.prod(shape) - 1), min_size=size, max_size=size))
    step, *members = np.unravel_index(np.array(slots, np.intp), shape)
    time_ns = START + np.cumsum(np.array(STEPS, np.int64)[step], dtype=np.int64) * SECOND
    return Slots(time_ns, np.array(values, np.float64)[np.stack(members, axis=1)])


def make(name: str) -> GroupDetector:
    return GROUP_DETECTORS[name].example(MEMBERS)


def test_it_carries_the_name_it_is_registered_under(name: str) -> None:
    assert make(name).name == name


@given(slots=streams(), cuts=st.sets(st.integers(1, 30)))
def test_cut_anywhere_the_scores_are_the_same(name: str, slots: Slots, cuts: set[int]) -> None:
    size = len(slots.time_ns)
    bounds = [0, *sorted(cut for cut in cuts if cut < size), size]
    pieces = make(name)

    expected = make(name).update(*slots)
    got = np.concatenate([pieces.update(*slots.part(start, end)) for start, end in pairwise(bounds)])

    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)


@given(slots=streams())
def test_every_score_is_a_finite_number_or_no_opinion(name: str, slots: Slots) -> None:
    scores = make(name).update(*slots)

    assert scores.shape == slots.time_ns.shape
    assert not np.isinf(scores).any()


@given(slots=streams(), empty=st.binary(min_size=4, max_size=4))
def test_a_slot_without_anybody_gets_no_opinion_and_teaches_nothing(name: str, slots: Slots, empty: bytes) -> None:
    is_empty = np.unpackbits(np.frombuffer(empty, np.uint8))[: len(slots.time_ns)].astype(np.bool_)
    columns = np.where(is_empty[:, None], np.nan, slots.columns)

    scores = make(name).update(slots.time_ns, columns)
    expected = make(name).update(slots.time_ns[~is_empty], slots.columns[~is_empty])

    assert np.isnan(scores[is_empty]).all()
    np.testing.assert_allclose(scores[~is_empty], expected, rtol=0, atol=1e-9)


@given(slots=streams(), place=st.integers(0, 30))
def test_restored_in_the_middle_it_goes_on_as_if_nothing_had_happened(name: str, slots: Slots, place: int) -> None:
    detector, copy = make(name), make(name)
    detector.update(*slots.part(0, place))

    copy.restore(detector.state())

    rest = slots.part(place, len(slots.time_ns))
    np.testing.assert_array_equal(copy.update(*rest), detector.update(*rest))
    for one, other in zip(copy.advance(2 * START), detector.advance(2 * START), strict=True):
        np.testing.assert_array_equal(one, other)


@given(slots=streams())
def test_what_state_returned_does_not_change_afterwards(name: str, slots: Slots) -> None:
    detector = make(name)
    state = detector.state()
    kept = {key: array.copy() for key, array in state.items()}

    detector.update(*slots)
    detector.advance(START + 3_600 * SECOND)

    for key, array in state.items():
        np.testing.assert_array_equal(array, kept[key])


def test_the_state_of_a_member_stays_small(name: str) -> None:
    detector = make(name)
    times = START + np.arange(1_000) * 60 * SECOND
    detector.update(times, np.random.default_rng(1).normal(5.0, 1.0, (1_000, MEMBERS)))

    size = sum(array.nbytes for array in detector.state().values()) / MEMBERS

    assert size <= MAX_STATE_BYTES
