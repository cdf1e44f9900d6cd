from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.steps import Stepping, Steps

BRIDGE = Stepping(step=5.0)
TWENTY_HERTZ_NS = 50_000_000


def strain(seconds: float, *loads: tuple[float, float, float]) -> NDArray[np.float64]:
    time = np.arange(0.0, seconds, 0.05)
    value = np.random.default_rng(1).normal(20.0, 0.3, len(time))
    for start, end, height in loads:
        value[(time >= start) & (time < end)] += height
    return value


def scores(value: NDArray[np.float64]) -> NDArray[np.float64]:
    time_ns = np.arange(len(value)) * TWENTY_HERTZ_NS
    return Steps([BRIDGE]).update(np.zeros(len(value), np.intp), time_ns, value)


def first(score: NDArray[np.float64], threshold: float) -> float:
    return float(np.argmax(score >= threshold)) / 20


def test_a_lowering_warns_within_seconds_and_latches_after_the_wait() -> None:
    score = scores(strain(300, (60, 300, 8.0)))

    assert 60.0 < first(score, 1.0) < 63.0
    assert first(score, 2.0) == pytest.approx(60 + 190, abs=3)


def test_a_fall_is_a_step_like_a_rise() -> None:
    assert 60.0 < first(scores(strain(80, (60, 80, -8.0))), 1.0) < 63.0


def test_a_lorry_that_passes_is_not_seen() -> None:
    score = scores(strain(120, (60.0, 60.6, 40.0)))

    assert np.nanmax(score) < 1.0


def test_a_parked_lorry_warns_and_never_latches() -> None:
    score = scores(strain(260, (60, 200, 9.0)))

    assert 1.0 < np.nanmax(score) < 2.0
    assert score[-1] < 1.0


def test_two_lorries_after_each_other_do_not_add_up() -> None:
    score = scores(strain(360, (60, 190, 9.0), (200, 330, 9.0)))

    assert np.nanmax(score) < 2.0


def test_silence_does_not_count_towards_a_latch() -> None:
    bank, second = Steps([BRIDGE]), 1_000_000_000
    calm = np.arange(60) * second
    bank.update(np.zeros(60, np.intp), calm, np.full(60, 20.0))
    bank.update(np.zeros(5, np.intp), calm[-5:] + 5 * second, np.full(5, 30.0))

    later = bank.update(np.zeros(1, np.intp), calm[-1:] + 3_600 * second, np.array([30.0]))

    assert 1.0 <= later[0] < 1.1


def test_a_step_that_stays_becomes_the_base_in_the_end() -> None:
    bank = Steps([Stepping(step=5.0, warm_up_seconds=30, latch_seconds=60, freeze_seconds=120)])
    seconds = np.arange(400)

    score = bank.update(np.zeros(400, np.intp), seconds * 1_000_000_000, np.where(seconds < 100, 20.0, 30.0))

    assert score[170] >= 2.0
    assert score[-1] < 1.0
    assert bank.base()[0] == pytest.approx(30.0)


def test_steps_and_times_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Stepping(step=0.0)
