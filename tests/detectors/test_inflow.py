from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.inflow import Inflows, Leak, Leaking

HOUR_NS = 3_600_000_000_000
DAYS = 50


def flows(seed: int = 1) -> NDArray[np.float64]:
    hours = np.arange(24 * DAYS)
    course = 20.0 - 6.0 * np.cos((hours - 3) / 24 * 2 * np.pi)
    return (course + np.random.default_rng(seed).normal(0.0, 0.4, hours.size))[:, None]


def judge(flow: NDArray[np.float64], leaking: Leaking | None = None) -> NDArray[np.float64]:
    times = np.arange(len(flow), dtype=np.int64) * HOUR_NS
    return Inflows(flow.shape[1], leaking).judge(times, flow)[:, 0]


def test_a_leak_is_told_within_a_day_and_an_ordinary_month_is_not() -> None:
    flow = flows()
    flow[24 * 40 :] += 2.2

    up = np.flatnonzero(judge(flow) >= 1.0)

    assert 24 * 40 <= up[0] <= 24 * 41


def test_a_leak_that_is_repaired_is_over() -> None:
    flow = flows()
    flow[24 * 40 : 24 * 42] += 3.0

    score = judge(flow)

    assert (score[24 * 41 : 24 * 42] >= 1.0).all()
    assert (score[24 * 44 :] < 1.0).all()


def test_what_is_over_within_half_a_day_is_no_leak() -> None:
    flow = flows()
    flow[24 * 40 : 24 * 40 + 6] += 15.0

    assert np.nanmax(judge(flow)) < 1.0


def test_hours_of_great_demand_add_up_to_a_leak_less_often_when_each_adds_only_what_a_leak_would() -> None:
    rng = np.random.default_rng(3)
    flow = np.concatenate([flows(1), flows(2), flows(3)])
    flow += rng.gamma(0.3, 6.0, flow.shape)

    def rises(most: float) -> int:
        up = judge(flow, Leaking((Leak(0.15, 5.0, most),))) >= 1.0
        return int((up[1:] & ~up[:-1]).sum())

    assert rises(2.0) < rises(np.inf) / 2


def test_a_leak_is_told_through_a_gap_in_the_record() -> None:
    flow = flows()
    flow[24 * 40 :] += 4.2
    flow[24 * 40 + 4 : 24 * 40 + 18] = np.nan

    up = np.flatnonzero(judge(flow) >= 1.0)

    assert 24 * 40 + 18 <= up[0] <= 24 * 40 + 24


def test_a_leak_far_larger_than_the_one_looked_for_is_told_too() -> None:
    flow = flows()
    flow[24 * 40 :] += 60.0

    assert (judge(flow)[24 * 40 :] >= 1.0).any()


def test_after_a_week_the_new_level_is_the_ordinary_one() -> None:
    flow = np.concatenate([flows(), flows(2)])
    flow[24 * 40 :] += 2.2

    assert (judge(flow)[24 * 60 :] < 1.0).all()


def test_a_smaller_share_finds_a_smaller_leak() -> None:
    flow = flows()
    flow[24 * 40 :] += 0.3

    assert np.nanmax(judge(flow)) < 1.0
    assert np.nanmax(judge(flow, Leaking((Leak(0.02, 8.0),)))) >= 1.0


def test_districts_do_not_touch_each_other() -> None:
    both = np.hstack([flows(1), flows(2)])
    both[24 * 40 :, 1] = np.nan

    np.testing.assert_array_equal(judge(both), judge(flows(1)))


def test_an_hour_seen_already_has_no_score() -> None:
    detector = Inflows(1)
    times = np.array([HOUR_NS, HOUR_NS, 0])

    assert np.isnan(detector.judge(times, np.full((3, 1), 5.0))).all()
    assert detector.state()["model_seen"].tolist() == [1.0]


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="every leak must be above 0"):
        Leaking((Leak(0.0, 8.0),))
    with pytest.raises(ValueError, match="freeze must be above 0"):
        Leaking(freeze=0.0)
