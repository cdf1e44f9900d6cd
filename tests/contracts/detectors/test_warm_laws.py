"""The laws once more on long regular streams: what needs an hour, or an even stretch, speaks in no made-up sample.

Each test first makes sure that it can fail: that the detector has an opinion here, and that its state matters.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import DETECTORS, GROUP_DETECTORS
from detectors.contract import Floats, Times

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
ROWS = 4
WATCHED = 1
SIZE = 4_800
"""One a second: an hour and twenty minutes."""
CUTS = (1, 63, 64, 1_777, 3_000, 4_100, 4_799)
MEMORYLESS = {"limits", "silent"}
"""The score of a value is its own; what `silent` keeps shows as time passes, and the laws over samples ask for that."""
MEMBERS = 3
SLOTS = 1_500
SLOT_SECONDS = {"inflow": 3_600.0, "arrival": 0.01}
WHOLE = {"switching"}
"""Its first member is a level, the others are on or off."""


def lively(name: str) -> Floats:
    """Return a line, noise, a slow rise, a step of three and some broken values."""
    seconds = np.arange(SIZE)
    noise = np.random.default_rng(11).normal(0.0, 0.3, SIZE)
    value: Floats = 5.0 + np.sin(0.4 * np.pi * seconds) + noise + seconds / SIZE + np.where(seconds >= 4_000, 3.0, 0.0)
    value[700::97] += 30.0
    own: dict[str, Floats] = {
        "unfit": (seconds % 900 > 50).astype(np.float64),
        "stuck": np.floor(seconds / 900.0),
        "foretold": 0.5 - 0.3 * seconds / SIZE + 0.001 * noise,
    }
    return own.get(name, value)


def times() -> Times:
    return START + np.arange(SIZE) * SECOND


def fed(name: str, *bounds: int) -> NDArray[np.float64]:
    """Return the scores of the lively stream, cut at the bounds."""
    bank, rows, value = DETECTORS[name].example(ROWS), np.full(SIZE, WATCHED, np.intp), lively(name)
    places = [0, *bounds, SIZE]
    return np.concatenate([bank.update(rows[a:b], times()[a:b], value[a:b]) for a, b in pairwise(places)])


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_cut_anywhere_a_detector_that_is_warm_says_the_same(name: str) -> None:
    whole = fed(name)

    cut = fed(name, *CUTS)

    assert np.isfinite(whole).sum() > SIZE // 10
    np.testing.assert_allclose(cut, whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize("place", [1_000, 4_037])
@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_restored_a_detector_that_is_warm_goes_on_as_if_nothing_had_happened(name: str, place: int) -> None:
    bank, copy, fresh = (DETECTORS[name].example(ROWS) for _ in range(3))
    rows, value = np.full(SIZE, WATCHED, np.intp), lively(name)
    bank.update(rows[:place], times()[:place], value[:place])
    state = bank.state()

    copy.restore({key: array[[WATCHED]] for key, array in state.items()}, np.array([WATCHED]))

    got, expected, new = (one.update(rows[place:], times()[place:], value[place:]) for one in (copy, bank, fresh))
    np.testing.assert_array_equal(got, expected)
    assert name in MEMORYLESS or not np.array_equal(new, expected, equal_nan=True)


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_bad_values_teach_a_detector_that_is_warm_nothing(name: str) -> None:
    rows, value = np.full(SIZE, WATCHED, np.intp), lively(name)
    is_bad = np.arange(SIZE) % 500 == 250
    marked, without = (DETECTORS[name].example(ROWS) for _ in range(2))

    scores = marked.update(rows, times(), np.where(is_bad, np.nan, value))
    expected = without.update(rows[~is_bad], times()[~is_bad], value[~is_bad])

    assert np.isnan(scores[is_bad]).all()
    np.testing.assert_allclose(scores[~is_bad], expected, rtol=0, atol=1e-9)


def group_times(name: str) -> Times:
    return START + np.arange(SLOTS) * round(SLOT_SECONDS.get(name, 60.0) * SECOND)


def group_columns(name: str) -> Floats:
    """Return members that move together, each with noise; one leaves the others at two thirds of the way."""
    rng = np.random.default_rng(12)
    common = np.cumsum(rng.normal(0.0, 0.05, (SLOTS, 1)), axis=0)
    columns: Floats = 5.0 + common * np.arange(1, MEMBERS + 1) + rng.normal(0.0, 0.1, (SLOTS, MEMBERS))
    columns[1_000:, 1] += 3.0
    if name in WHOLE:
        columns[:, 1:] = (np.sin(np.arange(SLOTS) / 20.0) > 0.0)[:, None]
        columns[:, 0] = 2.0 + 2.0 * np.cos(np.arange(SLOTS) / 20.0)
    if name == "arrival":
        for member in range(MEMBERS):
            columns[:, member] = 5.0 + rng.normal(0.0, 0.002, SLOTS)
            columns[1_000 + 5 * member :, member] -= 1.0
    return columns


@pytest.mark.parametrize("name", sorted(GROUP_DETECTORS))
def test_cut_anywhere_a_group_that_is_warm_says_the_same(name: str) -> None:
    whole, pieces = (GROUP_DETECTORS[name].example(MEMBERS) for _ in range(2))
    time_ns, columns = group_times(name), group_columns(name)
    places = [0, 1, 700, 1_003, 1_010, SLOTS]

    expected = whole.update(time_ns, columns)
    got = np.concatenate([pieces.update(time_ns[a:b], columns[a:b]) for a, b in pairwise(places)])

    assert np.isfinite(expected).sum() > SLOTS // 10
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("place", [700, 1_003])
@pytest.mark.parametrize("name", sorted(GROUP_DETECTORS))
def test_restored_a_group_that_is_warm_goes_on_as_if_nothing_had_happened(name: str, place: int) -> None:
    detector, copy, fresh = (GROUP_DETECTORS[name].example(MEMBERS) for _ in range(3))
    time_ns, columns = group_times(name), group_columns(name)
    detector.update(time_ns[:place], columns[:place])

    copy.restore(detector.state())

    got, expected, new = (one.update(time_ns[place:], columns[place:]) for one in (copy, detector, fresh))
    np.testing.assert_array_equal(got, expected)
    assert not np.array_equal(new, expected, equal_nan=True)


@pytest.mark.parametrize("name", sorted(GROUP_DETECTORS))
def test_an_empty_slot_teaches_a_group_that_is_warm_nothing(name: str) -> None:
    time_ns, columns = group_times(name), group_columns(name)
    is_empty = np.arange(SLOTS) % 300 == 150
    marked, without = (GROUP_DETECTORS[name].example(MEMBERS) for _ in range(2))

    scores = marked.update(time_ns, np.where(is_empty[:, None], np.nan, columns))
    expected = without.update(time_ns[~is_empty], columns[~is_empty])

    assert np.isnan(scores[is_empty]).all()
    np.testing.assert_allclose(scores[~is_empty], expected, rtol=0, atol=1e-9)
