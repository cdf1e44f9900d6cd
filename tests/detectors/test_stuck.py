"""A value that does not change."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.stuck import SECOND, Stuck

SAMPLES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 90), st.sampled_from([1.0, 2.0, float("nan"), float("inf")])),
    max_size=50,
)


def reference(samples: list[tuple[int, int, float]]) -> list[float]:
    """Score the slow way: one sample at a time, 100 s to be stuck, 30 s gap."""
    last: dict[int, tuple[float, int, int]] = {}
    scores = []
    for row, second, value in samples:
        if not np.isfinite(value):
            scores.append(np.nan)
            continue
        before = last.get(row)
        held = before[2] + min(second - before[1], 30) if before and before[0] == value else 0
        last[row] = (value, second, held)
        scores.append(held / 100)
    return scores


@given(SAMPLES, st.integers(0, 50))
def test_the_closed_form_says_what_one_sample_at_a_time_says(steps: list[tuple[int, int, float]], half: int) -> None:
    seconds = np.cumsum([step for _, step, _ in steps], dtype=np.int64) if steps else np.empty(0, np.int64)
    rows = np.array([row for row, _, _ in steps], np.intp)
    values = np.array([value for _, _, value in steps])
    bank = Stuck(np.full(4, 100.0), np.full(4, 30.0))

    scores = np.concatenate(
        [bank.update(rows[part], seconds[part] * SECOND, values[part]) for part in (slice(half), slice(half, None))]
    )

    expected = reference(list(zip(rows.tolist(), seconds.tolist(), values.tolist(), strict=True)))
    np.testing.assert_array_equal(scores, expected)


def test_a_silence_counts_no_longer_than_the_gap() -> None:
    bank = Stuck(np.array([100.0]), np.array([30.0]))

    scores = bank.update(np.zeros(2, np.intp), np.array([0, 86_400]) * SECOND, np.array([5.0, 5.0]))

    assert scores.tolist() == [0.0, 0.3]


def test_a_channel_without_stuck_seconds_gets_no_opinion() -> None:
    bank = Stuck(np.array([np.nan]), np.array([30.0]))

    scores = bank.update(np.zeros(2, np.intp), np.array([0, 10]) * SECOND, np.array([5.0, 5.0]))

    assert np.isnan(scores).all()
