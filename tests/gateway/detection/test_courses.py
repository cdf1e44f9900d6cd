"""A course of the week knows Sundays and holidays; neither course nor level learns from a fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.inventory import Course
from tests.gateway.detection.kinds import NAME, STORIES, journaled, noise
from tests.gateway.detection.scene import START, Watch, channel, site

SHIFT = replace(STORIES["shift"].ladder, rungs={"blue": 1.0}, deadband=0.2)
HOUR = 3_600.0
FIRST_DAY = START // 1_000_000_000 // 86_400
WEEKS = 8
HOLIDAY = FIRST_DAY + 44
"""A Thursday, in the seventh week."""


def inflow(*, rest_days: set[int]) -> NDArray[np.float64]:
    """Return eight weeks of hourly inflow in UTC, lower by day on Saturdays, Sundays and given days."""
    seconds = START / 1e9 + np.arange(WEEKS * 7 * 24) * HOUR
    day = (seconds // 86_400).astype(np.int64)
    is_rest = ((day + 3) % 7 >= 5) | np.isin(day, sorted(rest_days))
    by_day = 50.0 + 20.0 * np.sin(2 * np.pi * seconds / 86_400)
    return np.asarray(by_day - np.where(is_rest, 8.0, 0.0) + noise(len(seconds)))


def findings_of(folder: Path, values: NDArray[np.float64], course: Course) -> list[int]:
    """Return the days, counted from the first, on which findings began."""
    own = replace(channel(NAME, replace(SHIFT, course=course), report_seconds=HOUR), fresh_seconds=864_000.0)
    watch = Watch(folder, site(own))
    watch.detection.apply(journaled(watch, HOUR, values, batches=200))
    return sorted({one.start_ns // 86_400_000_000_000 - FIRST_DAY for one in watch.findings})


def test_the_day_under_test_is_a_thursday() -> None:
    assert (date(1970, 1, 1).toordinal() + HOLIDAY - 1) % 7 == 3


def test_weekends_leave_the_course_of_the_day_and_keep_to_that_of_the_week(tmp_path: Path) -> None:
    values = inflow(rest_days=set())

    by_day = findings_of(tmp_path / "day", values, Course("day"))
    by_week = findings_of(tmp_path / "week", values, Course("week"))

    assert len(by_day) >= 4
    assert by_week == []


def test_a_holiday_is_like_a_sunday_when_the_calendar_says_so(tmp_path: Path) -> None:
    values = inflow(rest_days={HOLIDAY, HOLIDAY + 1})

    surprised = findings_of(tmp_path / "surprised", values, Course("week"))
    told = findings_of(tmp_path / "told", values, Course("week", holidays=(HOLIDAY, HOLIDAY + 1)))

    assert surprised
    assert set(surprised) <= {44, 45, 46}
    assert told == []


def test_a_weekend_that_is_worked_is_like_a_working_day_when_the_calendar_says_so(tmp_path: Path) -> None:
    values = inflow(rest_days=set())
    worked = (HOLIDAY + 2, HOLIDAY + 3)
    start = (worked[0] - FIRST_DAY) * 24 - (START // 3_600_000_000_000) % 24
    values[start : start + 48] += 8.0

    surprised = findings_of(tmp_path / "surprised", values, Course("week"))
    told = findings_of(tmp_path / "told", values, Course("week", workdays=worked))

    assert surprised
    assert told == []


def test_while_it_is_in_alarm_the_course_does_not_learn_the_fault(tmp_path: Path) -> None:
    values = inflow(rest_days=set())
    fault = slice(40 * 24 - 22, 44 * 24 - 22)
    values[fault] += 15.0

    [began] = findings_of(tmp_path, values, Course("week"))

    assert began == 40
