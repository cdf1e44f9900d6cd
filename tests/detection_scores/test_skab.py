from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.detection import skab


def recording(score_at: dict[int, float], anomalous: range, size: int = 1_000) -> skab.Run:
    score = np.zeros(size)
    for row, value in score_at.items():
        score[row] = value
    is_anomalous = np.zeros(size, np.bool_)
    is_anomalous[anomalous.start : anomalous.stop] = True
    return skab.Run("file", np.arange(size, dtype=np.float64), is_anomalous, score)


def test_rates_are_shares_of_normal_and_of_anomalous_rows() -> None:
    score = np.array([0.0, 2.0, 0.0, 0.0, 2.0, 0.5])
    is_anomalous = np.array([False, False, False, False, True, True])

    assert skab.rates(score, is_anomalous, 1.0) == (25.0, 50.0)


def test_the_far_is_read_where_the_wanted_share_is_missed() -> None:
    score = np.concatenate((np.arange(100.0), np.arange(100.0)))
    is_anomalous = np.arange(200) >= 100

    assert skab.far_at_mar(score, is_anomalous) == pytest.approx(72.0, abs=1.0)


def test_the_first_400_rows_are_not_pooled() -> None:
    score, is_anomalous = skab.pooled([recording({399: 9.0, 400: 8.0}, range(500, 600))])

    assert len(score) == 600
    assert score.max() == 8.0
    assert is_anomalous.sum() == 100


def test_an_onset_within_a_minute_is_found_and_a_later_one_is_not() -> None:
    in_time, late = recording({560: 9.0}, range(500, 600)), recording({561: 9.0}, range(500, 600))

    assert skab.onsets(in_time)[:3] == (1, 1, 0)
    assert skab.onsets(late)[:3] == (0, 1, 0)


def test_alarms_on_normal_rows_are_false_but_not_just_after_a_stretch() -> None:
    judged = skab.onsets(recording({450: 9.0, 719: 9.0, 860: 9.0}, range(500, 600)))

    assert judged.false == 2
    assert judged.hours == pytest.approx((600 - 100 - 120) / 3_600)


def test_a_second_edge_within_the_refractory_time_is_the_same_alarm() -> None:
    assert skab.onsets(recording({750: 9.0, 760: 9.0, 900: 9.0}, range(500, 600))).false == 2
