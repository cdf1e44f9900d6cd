"""The laws that every registered detector keeps; a new detector is tested by being registered."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors import DETECTORS, Limits, Shifted
from detectors.contract import Detector, Floats, Scores, Watching
from detectors.rounds import cut, every_row

pytestmark = pytest.mark.parametrize("name", sorted(DETECTORS))

ROWS = 4
LAW = settings(max_examples=100)
"""For every law and every detector: thousands in all."""
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
MAX_STATE_BYTES = 2_048

VALUES = (0.0, 20.0, 0.0, 20.0, 0.0, 0.13, 19.0, 20.0, 21.0, 60.0, 120.0, float("nan"))
PAUSES = (0, 1, 86_400 * SECOND, 365 * 86_400 * SECOND)
"""A device that sends a burst, and one that was away for a year."""


class Stream(NamedTuple):
    rows: NDArray[np.intp]
    time_ns: NDArray[np.int64]
    value: NDArray[np.float64]

    def part(self, start: int, end: int) -> Stream:
        return Stream(self.rows[start:end], self.time_ns[start:end], self.value[start:end])


@st.composite
def streams(draw: st.DrawFn, max_size: int = 60) -> Stream:
    # Few numbers for all samples, and one choice for each: choosing takes far longer than a detector does.
    values = (*VALUES, *draw(st.tuples(*[st.floats()] * 3)) * 2)
    steps = (*PAUSES, *draw(st.tuples(*[st.integers(0, 60 * SECOND)] * 2)) * 2)
    shape = (ROWS, len(steps), len(values))
    size = draw(st.integers(0, max_size))
    samples = draw(st.lists(st.integers(0, math.prod(shape) - 1), min_size=size, max_size=size))
    rows, step, value = np.unravel_index(np.array(samples, np.intp), shape)
    time_ns = START + np.cumsum(np.array(steps, np.int64)[step], dtype=np.int64)
    return Stream(rows, time_ns, np.array(values, np.float64)[value])


def make(name: str) -> Detector:
    return DETECTORS[name].example(ROWS)


def feed(bank: Detector, stream: Stream, cuts: set[int]) -> NDArray[np.float64]:
    bounds = [0, *sorted(cut for cut in cuts if 0 < cut < len(stream.rows)), len(stream.rows)]
    parts = [bank.update(*stream.part(start, end)) for start, end in pairwise(bounds)]
    return np.concatenate(parts) if parts else np.empty(0)


def assert_same(left: Scores, right: Scores) -> None:
    for one, other in zip(left, right, strict=True):
        np.testing.assert_array_equal(one, other)


def copy_of(name: str, bank: Detector) -> Detector:
    copy = make(name)
    copy.restore(bank.state(), np.arange(ROWS))
    return copy


def test_it_carries_the_name_it_is_registered_under(name: str) -> None:
    assert make(name).name == name


@LAW
@given(stream=streams(), cuts=st.sets(st.integers(0, 60)))
def test_cut_anywhere_the_scores_are_the_same(name: str, stream: Stream, cuts: set[int]) -> None:
    whole, pieces = make(name), make(name)

    expected, got = feed(whole, stream, set()), feed(pieces, stream, cuts)

    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
    assert_same(pieces.advance(int(START + 10 * SECOND)), whole.advance(int(START + 10 * SECOND)))


@LAW
@given(stream=streams())
def test_one_by_one_and_row_by_row_the_scores_are_the_same(name: str, stream: Stream) -> None:
    by_row = np.argsort(stream.rows, kind="stable")
    by_round = cut(stream.rows).order
    expected = feed(make(name), stream, set(range(len(stream.rows))))

    for order in (by_row, by_round):
        got = make(name).update(stream.rows[order], stream.time_ns[order], stream.value[order])
        np.testing.assert_allclose(got, expected[order], rtol=0, atol=1e-9)


@LAW
@given(stream=streams(), bad=st.binary(min_size=8, max_size=8))
def test_a_bad_value_gets_no_opinion_and_teaches_nothing(name: str, stream: Stream, bad: bytes) -> None:
    is_bad = np.unpackbits(np.frombuffer(bad, np.uint8))[: len(stream.rows)].astype(np.bool_)
    value = np.where(is_bad, np.nan, stream.value)
    good = np.flatnonzero(~is_bad)
    marked, without = make(name), make(name)

    scores = marked.update(stream.rows, stream.time_ns, value)
    expected = without.update(stream.rows[good], stream.time_ns[good], stream.value[good])

    assert np.isnan(scores[is_bad]).all()
    np.testing.assert_allclose(scores[good], expected, rtol=0, atol=1e-9)
    assert_same(marked.advance(int(START)), without.advance(int(START)))


@LAW
@given(stream=streams())
def test_every_score_is_a_finite_number_or_no_opinion(name: str, stream: Stream) -> None:
    scores = make(name).update(*stream)

    assert len(scores) == len(stream.rows)
    assert not np.isinf(scores).any()
    assert np.isnan(scores[~np.isfinite(stream.value)]).all()


@LAW
@given(stream=streams(), place=st.integers(0, 60), pause=st.integers(0, 30))
def test_restored_in_the_middle_it_goes_on_as_if_nothing_had_happened(
    name: str, stream: Stream, place: int, pause: int
) -> None:
    bank = make(name)
    bank.advance(START)
    bank.update(*stream.part(0, place))
    now = START + pause * SECOND
    bank.advance(now)

    copy = copy_of(name, bank)

    rest = stream.part(place, len(stream.rows))
    np.testing.assert_array_equal(copy.update(*rest), bank.update(*rest))
    for second in range(10, 600, 40):
        assert_same(copy.advance(now + second * SECOND), bank.advance(now + second * SECOND))


@LAW
@given(stream=streams(), rows=st.sets(st.integers(0, ROWS - 1)))
def test_some_rows_can_be_restored_without_the_others(name: str, stream: Stream, rows: set[int]) -> None:
    bank, partial = make(name), make(name)
    bank.update(*stream)
    chosen = np.array(sorted(rows), np.intp)

    partial.restore({key: array[chosen] for key, array in bank.state().items()}, chosen)

    fresh = make(name).state()
    for key, array in partial.state().items():
        np.testing.assert_array_equal(array[chosen], bank.state()[key][chosen])
        others = np.setdiff1d(np.arange(ROWS), chosen)
        np.testing.assert_array_equal(array[others], fresh[key][others])


@LAW
@given(stream=streams())
def test_what_state_returned_does_not_change_afterwards(name: str, stream: Stream) -> None:
    bank = make(name)
    state = bank.state()
    kept = {key: array.copy() for key, array in state.items()}

    bank.update(*stream)
    bank.advance(START + 3_600 * SECOND)

    for key, array in state.items():
        np.testing.assert_array_equal(array, kept[key])


@LAW
@given(
    stream=streams(),
    jumps=st.lists(st.sampled_from([0, 1, 10, 10, 10, 86_400, -3_600, -86_400]), max_size=20),
)
def test_a_clock_that_jumps_gives_scores_that_make_sense(name: str, stream: Stream, jumps: list[int]) -> None:
    bank = make(name)
    now = START
    bank.update(*stream._replace(time_ns=np.minimum(stream.time_ns, START)))

    for jump in jumps:
        now += jump * SECOND
        passed = bank.advance(now)
        assert len(passed.row) == len(passed.time_ns) == len(passed.score) == len(set(passed.row.tolist()))
        assert np.isfinite(passed.score).all()
        assert (passed.time_ns <= now).all()


def entered_at(detector: Detector) -> Floats:
    """Return the score at which each row enters its lowest level: a ladder may begin with yellow."""
    if isinstance(detector, Limits | Shifted):
        entered, _ = detector.thresholds()
        lowest: Floats = entered.min(axis=1)
        return lowest
    return np.ones(ROWS)


@LAW
@example(streams=[Stream(np.array([0]), np.array([START]), np.array([19.0]))], is_whole=False)
@given(streams=st.lists(streams(12), max_size=8), is_whole=st.booleans())
def test_watching_is_silent_below_the_alarm_only_and_changes_what_an_update_does(
    name: str, streams: list[Stream], *, is_whole: bool
) -> None:
    watching, plain = make(name), make(name)
    every = every_row(ROWS)

    for number, stream in enumerate(streams):
        moment = START + number * 3_600 * SECOND
        rows, time_ns, value = stream._replace(time_ns=stream.time_ns + moment - START)
        if is_whole:
            rows, time_ns, value = every, np.full(ROWS, moment), np.resize(np.append(value, 5.0), ROWS)
        expected = plain.update(rows, time_ns, value)
        got = watching.watch(rows, time_ns, value) if isinstance(watching, Watching) else expected

        if got is None:
            assert not (expected >= entered_at(plain).take(rows)).any()
        else:
            np.testing.assert_array_equal(got, expected)
        if isinstance(watching, Watching):
            for key, array in watching.state().items():
                np.testing.assert_array_equal(array, plain.state()[key])


def test_the_state_of_a_channel_stays_small(name: str) -> None:
    bank = make(name)
    rows = np.arange(ROWS * 1_000) % ROWS
    bank.update(rows, START + np.arange(len(rows)) * SECOND, np.sin(np.arange(len(rows), dtype=np.float64)))

    size = sum(array.nbytes for array in bank.state().values()) / ROWS

    assert size <= MAX_STATE_BYTES
    assert all(len(array) == ROWS for array in bank.state().values())


def test_an_empty_call_changes_nothing(name: str) -> None:
    bank = make(name)
    before = bank.state()

    scores = bank.update(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))

    assert scores.tolist() == []
    for key, array in bank.state().items():
        np.testing.assert_array_equal(array, before[key])
