"""Scores to levels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import episodes as room
from detectors.episodes import Changes, Episodes

SECOND = 1_000_000_000
ON = np.array([1.0, 2.0, 3.0, 4.0])
OFF = np.array([0.8, 1.7, 2.8, 3.5])
SCORE = st.sampled_from([0.0, 0.8, 0.9, 1.0, 1.75, 2.0, 2.9, 3.0, 3.6, 4.0, 4.9, float("nan")])
SAMPLES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 1, 5, 10, 10]), SCORE), min_size=30, max_size=80)
Change = tuple[int, int, int, int, int]


def bank(rows: int, on_seconds: float = 0.0, off_seconds: float = 0.0) -> Episodes:
    return Episodes(
        np.tile(ON, (rows, 1)), np.tile(OFF, (rows, 1)), np.full(rows, on_seconds), np.full(rows, off_seconds)
    )


def shown(changes: Changes) -> list[Change]:
    columns = (changes.at, changes.row, changes.old, changes.new, changes.start_ns // SECOND)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def feed(episodes: Episodes, *samples: tuple[int, float]) -> list[tuple[int, int, int]]:
    """Push (second, score) to row 0; return (second, level, start second) of each change."""
    seconds = [second for second, _ in samples]
    times = np.array(seconds, np.int64) * SECOND
    changes = episodes.update(np.zeros(len(samples), np.intp), times, np.array([score for _, score in samples]))
    return [(seconds[at], new, start) for at, _, _, new, start in shown(changes)]


class Reference:
    """Four Schmitt triggers with delays, written as one would draw them."""

    def __init__(self) -> None:
        self.triggers = [False] * 4
        self.outputs = [False] * 4
        self.flipped = [0] * 4
        self.start = 0

    def push(self, second: int, score: float) -> tuple[int, int, int] | None:
        old = sum(self.outputs)
        was_outside = not any(self.triggers)
        for level in range(4):
            is_set = score >= OFF[level] if self.triggers[level] else score >= ON[level]
            if is_set != self.triggers[level]:
                self.triggers[level], self.flipped[level] = is_set, second
        if was_outside and any(self.triggers) and not old:
            self.start = second
        for level in range(4):
            hold = 10 if self.triggers[level] else 20
            if self.triggers[level] != self.outputs[level] and second - self.flipped[level] >= hold:
                self.outputs[level] = self.triggers[level]
        new = sum(self.outputs)
        return (old, new, self.start) if old != new else None


@pytest.mark.parametrize("few_rows", [0, 2, 1_000], ids=["rounds", "both", "one by one"])
@given(steps=SAMPLES)
def test_both_ways_of_walking_agree_with_the_drawing(few_rows: int, steps: list[tuple[int, int, float]]) -> None:
    seconds = np.cumsum([step for _, step, _ in steps], dtype=np.int64)
    rows = [row for row, _, _ in steps]
    machines = [Reference() for _ in range(3)]
    expected = []
    for at, (row, second, (_, _, score)) in enumerate(zip(rows, seconds.tolist(), steps, strict=True)):
        change = None if np.isnan(score) else machines[row].push(second, score)
        if change:
            expected.append((at, row, *change))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_FEW_ROWS", few_rows)
        changes = bank(3, 10, 20).update(
            np.array(rows, np.intp), seconds * SECOND, np.array([score for _, _, score in steps])
        )

    assert shown(changes) == expected


@given(steps=SAMPLES, cuts=st.sets(st.integers(0, 80)))
def test_cutting_the_stream_changes_no_episode(steps: list[tuple[int, int, float]], cuts: set[int]) -> None:
    rows = np.array([row for row, _, _ in steps], np.intp)
    times = np.cumsum([step for _, step, _ in steps], dtype=np.int64) * SECOND
    scores = np.array([score for _, _, score in steps])
    whole = shown(bank(3, 10, 20).update(rows, times, scores))
    episodes = bank(3, 10, 20)

    pieces: list[Change] = []
    bounds = [0, *sorted(cut for cut in cuts if cut < len(steps)), len(steps)]
    for start, end in pairwise(bounds):
        part = shown(episodes.update(rows[start:end], times[start:end], scores[start:end]))
        pieces.extend((at + start, *rest) for at, *rest in part)  # type: ignore[misc]  # the rest are four ints
        restored = bank(3, 10, 20)
        restored.restore(episodes.state(), np.arange(3))
        episodes = restored

    assert pieces == whole


def test_without_holds_a_level_is_raised_at_once_and_left_below_the_deadband() -> None:
    assert feed(bank(1), (0, 2.5), (1, 1.9), (2, 1.6), (3, 0.5)) == [(0, 2, 0), (2, 1, 0), (3, 0, 0)]


def test_a_level_must_stand_for_its_on_delay() -> None:
    assert feed(bank(1, on_seconds=10), (0, 1.2), (5, 0.5), (8, 1.2), (12, 1.2), (18, 1.2)) == [(18, 1, 8)]


def test_an_episode_clears_only_after_its_off_delay() -> None:
    changes = feed(bank(1, off_seconds=30), (0, 1.2), (10, 0.1), (30, 1.2), (40, 0.1), (69, 0.1), (70, 0.1))

    assert changes == [(0, 1, 0), (70, 0, 0)]


def test_a_gap_neither_raises_nor_clears() -> None:
    episodes = bank(1, on_seconds=10, off_seconds=30)

    assert feed(episodes, (0, 1.2), (3_600, 0.1)) == []
    assert feed(episodes, (3_601, 1.2), (3_611, 1.2), (3_620, 0.1), (9_000, 1.2)) == [(3_611, 1, 3_601)]


def test_an_episode_that_begins_after_the_end_of_another_has_its_own_start() -> None:
    assert feed(bank(1), (0, 1.2), (5, 0.0), (9, 1.2)) == [(0, 1, 0), (5, 0, 0), (9, 1, 9)]


def test_a_missing_lower_level_is_skipped() -> None:
    on = np.array([[2.0, 2.0, 3.0, np.inf]])
    episodes = Episodes(on, on, np.zeros(1), np.zeros(1))

    assert feed(episodes, (0, 1.9), (1, 2.0), (2, 99.0), (3, 0.0)) == [(1, 2, 1), (2, 3, 1), (3, 0, 1)]


def test_a_clock_that_goes_back_starts_the_hold_anew() -> None:
    episodes = bank(1, on_seconds=10)

    assert feed(episodes, (5_000, 1.2)) == []
    assert feed(episodes, (100, 1.2)) == []
    assert feed(episodes, (110, 1.2)) == [(110, 1, 100)]
