"""Channels that stop speaking."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.silent import SECOND, Silent

ONE = np.zeros(1, np.intp)


def listen(bank: Silent, until: int, start: int = 0) -> list[tuple[int, float]]:
    """Tick every 10 s; return (second, score) of each time row 0 was silent."""
    heard: list[tuple[int, float]] = []
    for second in range(start, until + 1, 10):
        heard.extend((second, score) for score in bank.advance(second * SECOND).score.tolist())
    return heard


def speak(bank: Silent, second: int, value: float = 1.0) -> None:
    bank.update(ONE, np.array([second * SECOND]), np.array([value]))


def test_a_channel_that_never_spoke_is_silent_one_period_after_listening_began() -> None:
    bank = Silent(np.array([60.0]))

    assert listen(bank, 70) == [(60, 1.0), (70, 70 / 60)]


def test_a_channel_that_speaks_is_not_silent() -> None:
    bank = Silent(np.array([60.0]))
    listen(bank, 50)
    speak(bank, 55)

    assert listen(bank, 110, start=60) == []
    assert listen(bank, 120, start=120) == [(120, 65 / 60)]


def test_missing_values_are_not_heard() -> None:
    bank = Silent(np.array([60.0]))
    listen(bank, 50)
    speak(bank, 55, float("nan"))

    assert listen(bank, 60, start=60) == [(60, 1.0)]


def test_after_a_stop_no_channel_is_silent_before_its_own_period_has_passed() -> None:
    bank = Silent(np.array([60.0]))
    listen(bank, 50)

    assert listen(bank, 1_050, start=1_000) == []
    assert listen(bank, 1_060, start=1_060) == [(1_060, 1.0)]


def test_a_silent_channel_stays_as_silent_through_a_stop() -> None:
    bank = Silent(np.array([60.0]))
    listen(bank, 90)

    assert listen(bank, 1_000, start=1_000) == [(1_000, 1.5)]


def test_a_clock_that_goes_back_makes_nobody_silent() -> None:
    bank = Silent(np.array([60.0]))
    listen(bank, 4_000, start=3_960)

    assert listen(bank, 450, start=400) == []


def test_a_row_without_a_period_has_no_opinion() -> None:
    bank = Silent(np.array([np.nan]))

    assert listen(bank, 600) == []
    assert np.isnan(bank.update(ONE, np.array([0]), np.array([1.0]))).all()


def test_each_row_is_silent_by_itself() -> None:
    bank = Silent(np.array([60.0, 60.0, 30.0]))
    bank.advance(0)
    speak(bank, 5)

    silent = [(second, bank.advance(second * SECOND).row.tolist()) for second in range(10, 70, 10)]

    assert silent == [(10, []), (20, []), (30, [2]), (40, [2]), (50, [2]), (60, [1, 2])]


@given(
    st.lists(st.tuples(st.integers(-30, 40), st.integers(0, 1), st.sampled_from([1.0, float("nan")])), max_size=60),
)
def test_a_tick_tells_the_same_whatever_was_looked_at_before(story: list[tuple[int, int, float]]) -> None:
    periods = np.array([30.0, 70.0])
    kept, second = Silent(periods), 1_000

    for step, row, value in story:
        second += step
        rows, times = np.array([row]), np.array([second * SECOND])
        kept.update(rows, times, np.array([value]))
        fresh = Silent(periods)
        fresh.restore(kept.state(), np.arange(2))
        told, wanted = kept.advance((second + 5) * SECOND), fresh.advance((second + 5) * SECOND)

        assert [column.tolist() for column in told] == [column.tolist() for column in wanted]
