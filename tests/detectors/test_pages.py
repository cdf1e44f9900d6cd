"""The part of the day at hand lies open: however calls fall on the hours, the course is the same."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.charts import Charts
from detectors.days import Days
from detectors.level import Learning
from detectors.pages import Pages
from detectors.season import Season
from detectors.walking import SECOND

ROWS = 8
HOUR = 3_600 * SECOND
START = 1_700_000_000 * SECOND
LEARNING = Learning(tau_seconds=43_200, warm_up_seconds=7_200, look_seconds=600, least_scale=0.1)


@pytest.mark.parametrize("days", [None, Days(utc_offset_seconds=8 * 3_600 + 900, holidays=(19_676,))])
def test_a_part_of_the_day_begins_and_ends_where_its_cells_do(days: Days | None) -> None:
    season = Season(2, 24, days)
    moments = [START + step * 7 * HOUR // 5 for step in range(400)]

    parts = [season.part(moment) for moment in moments]

    for moment, (part, from_ns, until_ns) in zip(moments, parts, strict=True):
        around = np.array([from_ns - 1, from_ns, moment, until_ns - 1, until_ns])
        cells = season.cells(np.ones(5, np.intp), around) - season.width
        assert cells[1:4].tolist() == [part] * 3
        assert part not in {cells[0], cells[4]}


def test_what_was_learned_in_an_hour_is_there_when_it_comes_again() -> None:
    course, seen = np.zeros(ROWS), np.zeros(ROWS)
    pages = Pages(Season(ROWS, 24), course, seen)
    rows = np.arange(ROWS)
    pages.turn(rows, np.full(ROWS, 5 * HOUR))
    course[:], seen[:] = rows + 1.0, 60.0

    pages.turn(rows, np.full(ROWS, 6 * HOUR))
    other = course.copy()
    pages.turn(rows, np.full(ROWS, 29 * HOUR))

    assert other.tolist() == [0.0] * ROWS
    assert course.tolist() == (rows + 1.0).tolist()
    assert seen.tolist() == [60.0] * ROWS


def test_calls_across_the_hour_learn_what_single_samples_learn() -> None:
    random = np.random.default_rng(3)
    size = 600
    rows = random.integers(0, ROWS, size)
    times = START + np.cumsum(random.integers(0, 900 * SECOND, size))
    value = random.normal(5.0, 1.0, size) + 3.0 * (rows > 3) * (np.arange(size) > 400)
    whole, single = (Charts([LEARNING] * ROWS, bins=24) for _ in range(2))

    expected = np.concatenate([single.update(rows[[at]], times[[at]], value[[at]]) for at in range(size)])
    got = np.concatenate(
        [whole.update(rows[at : at + 50], times[at : at + 50], value[at : at + 50]) for at in range(0, size, 50)]
    )

    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
    for name, column in single.state().items():
        np.testing.assert_allclose(whole.state()[name], column, rtol=0, atol=1e-9)
