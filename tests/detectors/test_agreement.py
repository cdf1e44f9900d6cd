"""A zone whose flow rises while its pressure falls."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.agreement import Agreement
from detectors.level import Learning
from detectors.walking import SECOND

SLOT = 300 * SECOND
LEARNING = Learning(tau_seconds=5 * 86_400, warm_up_seconds=86_400, look_seconds=300, least_scale=0.01)
DAY = 288


def zone(days: int, seed: int = 3) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Make calm slots of flow (m3/h), pressure (kPa), and a second pressure."""
    size = days * DAY
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (size, 3))
    return np.arange(size) * SLOT, np.array([50.0, 300.0, 280.0]) + noise * np.array([1.0, 2.0, 2.0])


def test_a_burst_moves_flow_and_pressure_and_is_found_within_the_hour() -> None:
    times, columns = zone(4)
    columns[3 * DAY :] += [2.0, -4.0, -4.0]

    score = Agreement((1, -1, -1), LEARNING).update(times, columns)

    assert np.nanmax(score[: 3 * DAY]) < 1.0
    assert (score[3 * DAY :] >= 1.0).argmax() <= 12


def test_one_sensor_that_lies_raises_nothing() -> None:
    times, columns = zone(4)
    columns[3 * DAY :, 1] -= 100.0

    score = Agreement((1, -1, -1), LEARNING).update(times, columns)

    assert np.nanmax(score) < 1.0


def test_of_two_members_both_must_agree() -> None:
    times, columns = zone(4)
    columns[3 * DAY :, 0] += 30.0

    score = Agreement((1, -1), LEARNING).update(times, columns[:, :2])

    assert np.nanmax(score) < 1.0


def test_one_member_alone_has_no_opinion() -> None:
    times, columns = zone(4)
    columns[3 * DAY :, 1:] = np.nan

    score = Agreement((1, -1, -1), LEARNING).update(times, columns)

    assert np.isfinite(score[2 * DAY : 3 * DAY]).all()
    assert np.isnan(score[3 * DAY :]).all()


def test_a_calm_month_raises_nothing() -> None:
    score = Agreement((1, -1, -1), LEARNING).update(*zone(30))

    assert np.nanmax(score) < 1.0


def test_it_names_how_far_each_member_is_off() -> None:
    times, columns = zone(3)
    detector = Agreement((1, -1, -1), LEARNING)
    detector.update(times, columns)

    detector.update(times[-1:] + SLOT, np.array([[53.0, 294.0, np.nan]]))

    flow, pressure, absent = detector.directed()
    assert flow == pytest.approx(3.0, abs=0.5)
    assert pressure == pytest.approx(3.0, abs=0.5)
    assert np.isnan(absent)


@pytest.mark.parametrize("signs", [(1,), (1, 0)])
def test_members_that_cannot_agree_are_refused(signs: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least two members"):
        Agreement(signs, LEARNING)
