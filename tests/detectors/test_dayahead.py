from __future__ import annotations

import numpy as np

from detectors.dayahead import DayAhead

EVERYBODY = np.array([True])


def taught(days: int, value_at: dict[int, float]) -> DayAhead:
    model = DayAhead(1)
    for hour in range(24 * days):
        model.expect(hour)
        model.learn(hour, np.array([value_at.get(hour % 24, 10.0)]), EVERYBODY, EVERYBODY)
    return model


def test_the_course_of_the_day_is_expected() -> None:
    model = taught(28, {7: 25.0})

    assert np.round(model.expect(24 * 28 + 7), 1).tolist() == [25.0]


def test_before_anything_is_known_nothing_is_expected() -> None:
    assert np.isnan(DayAhead(1).expect(5)).all()


def test_a_step_stays_whole_in_the_residual_for_a_day() -> None:
    model = taught(28, {})
    start = 24 * 28
    expected = []
    for hour in range(start, start + 24):
        expected.append(float(model.expect(hour)[0]))
        model.learn(hour, np.array([14.0]), EVERYBODY, np.array([False]))

    assert np.abs(np.array(expected) - 10.0).max() < 1e-6


def test_after_two_silent_days_yesterday_is_forgotten() -> None:
    model = taught(28, {})
    model.expect(24 * 28)
    model.learn(24 * 28, np.array([99.0]), EVERYBODY, np.array([False]))

    model.expect(24 * 28 + 100)

    assert np.isfinite(model.state()["off"]).sum() == 0
