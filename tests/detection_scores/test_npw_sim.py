from __future__ import annotations

import math

import pytest

from tests.benchmarks.detection import npw_sim

BURST = npw_sim.Episode("burst", 20.0, 1_000.0)


def test_an_alarm_is_right_until_ten_seconds_after() -> None:
    def right(at: float) -> bool:
        return npw_sim.judge(BURST, [(at, 1_010.0)]).right

    assert [right(at) for at in (19.94, 19.96, 30.0, 30.1)] == [False, True, True, False]


def test_the_error_is_that_of_the_first_right_alarm_and_others_are_extra() -> None:
    verdict = npw_sim.judge(BURST, [(15.0, 0.0), (22.0, 1_040.0), (25.0, 1_000.0)])

    assert (verdict.error, verdict.delay, verdict.extra) == (40.0, 2.0, 2)


def test_no_place_is_fifteen_hundred_metres() -> None:
    assert npw_sim.judge(BURST, [(22.0, math.nan)]).error == 1_500.0


def test_a_decoy_is_raised_once() -> None:
    verdict = npw_sim.judge(npw_sim.Episode("pump_trip", 20.0, 0.0), [(22.0, 0.0), (40.0, 0.0)])

    assert (verdict.right, verdict.extra) == (False, 1)


def test_scores_are_over_all_episodes_and_errors_over_the_found() -> None:
    verdicts = [
        npw_sim.Verdict("burst", right=True, extra=1, error=10.0, delay=3.0),
        npw_sim.Verdict("burst", right=True, extra=0, error=30.0, delay=5.0),
        npw_sim.Verdict("burst", right=False, extra=0, error=math.nan, delay=math.nan),
        npw_sim.Verdict("none", right=False, extra=1, error=math.nan, delay=math.nan),
        npw_sim.Verdict("none", right=False, extra=0, error=math.nan, delay=math.nan),
    ]

    values = npw_sim.scored(verdicts).values

    assert values["found"] == pytest.approx(2 / 3)
    assert (values["extra"], values["decoys_raised"]) == (1.0, 0.5)
    assert (values["error_m_median"], values["error_m_90"], values["delay_s_median"]) == (20.0, 28.0, 4.0)
