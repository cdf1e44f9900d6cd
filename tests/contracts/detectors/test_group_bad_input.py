"""What every registered group detector makes of input that is no event: no alarm, nothing not finite, no growth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import GROUP_DETECTORS
from detectors.contract import Floats, Times

pytestmark = pytest.mark.parametrize("name", sorted(GROUP_DETECTORS))

MEMBERS = 3
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
MAX_STATE_BYTES = 2_048
MAX_WAVEFORM_BYTES = 512 * 1_024
SLOT_SECONDS = {"inflow": 3_600.0, "arrival": 0.01}
WAVEFORMS = {"arrival"}
OWN_PAST = {"relations"}
"""Taught once, by a history of its own: whatever is not like that is what it tells of."""
LIMITS = {"rain_level"}
"""Has a limit of its own at 50: 5,000 is an alarm."""


def slots(name: str, count: int = 1_500) -> Times:
    """Return the beginnings of slots as wide as the example's."""
    return START + np.arange(count) * round(SLOT_SECONDS.get(name, 60.0) * SECOND)


def at_rest(count: int = 1_500, level: float = 5.0) -> Floats:
    """Return columns that never change."""
    return np.full((count, MEMBERS), level)


def wavering(count: int = 1_500) -> Floats:
    """Return columns that waver, all of them together."""
    return at_rest(count) + np.random.default_rng(3).normal(0.0, 0.1, (count, 1))


def score_of(name: str, time_ns: Times, columns: Floats) -> NDArray[np.float64]:
    return GROUP_DETECTORS[name].example(MEMBERS).update(time_ns, columns)


@pytest.mark.parametrize("level", [0.0, 5.0, -3.0, 5_000.0])
def test_members_that_never_change_are_no_alarm(name: str, level: float) -> None:
    score = score_of(name, slots(name), at_rest(level=level))

    assert name in OWN_PAST | (LIMITS if level > 50.0 else set()) or not (score >= 1.0).any()


def test_a_year_away_is_no_alarm(name: str) -> None:
    time_ns = slots(name)
    time_ns[750:] += 365 * 86_400 * SECOND

    score = score_of(name, time_ns, at_rest())

    assert name in OWN_PAST or not (score >= 1.0).any()


def test_a_member_that_speaks_a_hundred_times_less_often_is_no_alarm(name: str) -> None:
    columns = at_rest()
    columns[750:, 1] = np.where(np.arange(750) % 100 == 0, columns[750:, 1], np.nan)

    score = score_of(name, slots(name), columns)

    assert name in OWN_PAST or not (score >= 1.0).any()


def test_a_group_that_speaks_a_hundred_times_less_often_is_no_alarm(name: str) -> None:
    time_ns, columns = slots(name, 10_000), at_rest(10_000)
    picked = np.append(np.arange(1_000), np.arange(1_000, 10_000, 100))

    score = score_of(name, time_ns[picked], columns[picked])

    assert name in OWN_PAST or not (score >= 1.0).any()


def test_infinity_is_absence(name: str) -> None:
    infinite = wavering()
    absent = infinite.copy()
    infinite[100::7, 0], infinite[103::7, 1] = np.inf, -np.inf
    absent[100::7, 0], absent[103::7, 1] = np.nan, np.nan

    got, expected = (score_of(name, slots(name), columns) for columns in (infinite, absent))

    np.testing.assert_array_equal(got, expected)


def test_the_passing_of_time_says_nothing_that_is_not_finite_however_it_jumps(name: str) -> None:
    detector = GROUP_DETECTORS[name].example(MEMBERS)
    time_ns = slots(name)
    detector.update(time_ns, wavering())
    now_ns = int(time_ns[-1])

    for jump in (0, 1, 10, -3_600, 86_400, -86_400, 365 * 86_400):
        now_ns += jump * SECOND
        passed = detector.advance(now_ns)

        assert np.isfinite(passed.score).all()
        assert (passed.time_ns <= now_ns).all()
        assert not (passed.score >= 1.0).any()


def test_slots_that_repeat_or_go_back_break_nothing(name: str) -> None:
    rng = np.random.default_rng(7)
    time_ns = slots(name)[rng.integers(0, 1_500, 1_000)]

    score = score_of(name, time_ns, at_rest(1_000))

    assert not np.isinf(score).any()
    assert name in OWN_PAST or not (score >= 1.0).any()


def test_the_state_stops_growing(name: str) -> None:
    detector = GROUP_DETECTORS[name].example(MEMBERS)
    sizes = []
    for first in (0, 750):
        part = slice(first, first + 750)
        detector.update(slots(name)[part], wavering()[part])
        sizes.append(sum(array.nbytes for array in detector.state().values()) / MEMBERS)

    assert sizes[1] <= sizes[0]
    assert sizes[1] <= (MAX_WAVEFORM_BYTES if name in WAVEFORMS else MAX_STATE_BYTES)
