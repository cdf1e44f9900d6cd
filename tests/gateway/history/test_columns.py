from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.history.columns import Columns, joined, settled, usable
from gateway.model import Flag, Quality
from tests.gateway.history.story import Story, plain

ROW = st.tuples(
    st.integers(0, 6),
    st.sampled_from([1.0, 2.0, 0.0, -0.0, float("nan")]),
    st.sampled_from([Quality.GOOD, Quality.FAIL]),
    st.sampled_from([Flag.NONE, Flag.LATE, Flag.CORRECTED, Flag.LATE | Flag.CORRECTED]),
)
ROWS = st.lists(ROW, max_size=12)


def columns(rows: list[tuple[int, float, Quality, Flag]]) -> Columns:
    time_ns, value, quality, flags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Columns(
        np.array(time_ns, np.int64),
        np.array(value, np.float64),
        np.array(quality, np.uint8),
        np.array(flags, np.uint16),
    )


@given(rows=ROWS)
def test_settling_is_taking_the_rows_in_one_by_one(rows: list[tuple[int, float, Quality, Flag]]) -> None:
    story = Story()

    story.tell([(1, *row) for row in rows])

    assert plain(list(settled(columns(rows)))) == plain(story.rows(1))


@given(rows=ROWS, first=st.integers(0, 12), second=st.integers(0, 12))
def test_settling_pieces_first_changes_nothing(
    rows: list[tuple[int, float, Quality, Flag]], first: int, second: int
) -> None:
    cut, end = sorted((first, second))

    left = settled(
        joined((settled(joined((settled(columns(rows[:cut])), columns(rows[cut:end])))), columns(rows[end:])))
    )
    right = settled(
        joined((columns(rows[:cut]), settled(joined((columns(rows[cut:end]), settled(columns(rows[end:])))))))
    )

    assert left.same_as(settled(columns(rows)))
    assert right.same_as(settled(columns(rows)))


def test_a_repetition_changes_nothing_even_with_other_flags() -> None:
    once = columns([(1, 5.0, Quality.GOOD, Flag.NONE)])

    twice = settled(joined((once, columns([(1, 5.0, Quality.GOOD, Flag.BACKFILL)]))))

    assert twice.same_as(once)


@pytest.mark.parametrize(
    ("value", "quality"),
    [(6.0, Quality.GOOD), (5.0, Quality.FAIL), (float("nan"), Quality.MISSING)],
    ids=["value", "quality", "missing"],
)
def test_a_later_row_that_differs_wins_and_is_flagged_corrected(value: float, quality: Quality) -> None:
    rows = columns([(1, 5.0, Quality.GOOD, Flag.NONE), (1, value, quality, Flag.LATE)])

    assert plain(list(settled(rows))) == plain([(1, value, quality, Flag.LATE | Flag.CORRECTED)])


def test_failed_and_missing_values_are_not_usable() -> None:
    rows = columns(
        [
            (1, 5.0, Quality.GOOD, Flag.NONE),
            (2, 5.0, Quality.SUSPECT, Flag.NONE),
            (3, 5.0, Quality.FAIL, Flag.NONE),
            (4, float("nan"), Quality.MISSING, Flag.NONE),
            (5, float("nan"), Quality.GOOD, Flag.NONE),
        ]
    )

    assert usable(rows).tolist() == [True, True, False, False, False]
