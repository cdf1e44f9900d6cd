"""Ladders as scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.limits import Limits, Steps

LIMIT = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@st.composite
def ladders(draw: st.DrawFn) -> Steps:
    count = draw(st.integers(1, 4))
    levels = sorted(draw(st.permutations(range(4)))[:count])
    limits = sorted(draw(st.lists(LIMIT, min_size=count, max_size=count)))
    direction = draw(st.sampled_from(["above", "below"]))
    if direction == "below":
        limits.reverse()
    rungs: list[float | None] = [None] * 4
    for level, limit in zip(levels, limits, strict=True):
        rungs[level] = limit
    blue, yellow, orange, red = rungs
    deadband = draw(st.floats(0, 10).map(lambda value: round(value, 2)))
    return Steps((blue, yellow, orange, red), "above" if direction == "above" else "below", deadband)


def score(steps: Steps | None, *values: float) -> list[float]:
    bank = Limits([steps])
    scores: list[float] = bank.update(np.zeros(len(values), np.intp), np.arange(len(values)), np.array(values)).tolist()
    return scores


@given(ladders(), LIMIT)
def test_the_score_reaches_a_number_exactly_with_its_rung(steps: Steps, value: float) -> None:
    near = [limit + step for limit in steps.limits for step in (0.0, 1e-9, -1e-9, 0.5, -0.5)]
    values = [value, *near]

    scores = score(steps, *values)

    for one, got in zip(values, scores, strict=True):
        reached = [
            level
            for level, limit in zip(steps.levels, steps.limits, strict=True)
            if steps.sign * one >= steps.sign * limit
        ]
        highest = max(reached, default=0)
        assert [level for level in steps.levels if got >= level] == reached
        assert 0 <= got < (min((level for level in steps.levels if level > highest), default=highest + 1))


@given(ladders(), st.lists(LIMIT, min_size=2, max_size=20))
def test_a_more_dangerous_value_never_scores_less(steps: Steps, values: list[float]) -> None:
    values = sorted(values, key=lambda value: steps.sign * value)

    scores = score(steps, *values)

    assert scores == sorted(scores)


@given(ladders())
def test_every_level_can_be_left_again(steps: Steps) -> None:
    on, off = Limits([steps]).thresholds()

    there = np.isfinite(on[0])
    assert there.tolist() == [level < steps.levels[-1] for level in range(4)]
    assert (off[0][there] <= on[0][there]).all()
    assert (off[0][there] > 0).all()


def test_the_deadband_is_in_the_unit_of_the_value() -> None:
    steps = Steps((None, 20.0, 50.0, 100.0), deadband=2.0)

    _, off = Limits([steps]).thresholds()

    assert off[0].tolist() == score(steps, 18.0, 18.0, 48.0, 98.0)


def test_values_beyond_any_measure_stay_finite_and_bad_ones_have_no_opinion() -> None:
    steps = Steps((None, 20.0, None, None))

    assert score(steps, 1e308, -1e308) == [np.nextafter(3.0, 0), 0.0]
    assert np.isnan(score(steps, np.nan, np.inf, -np.inf)).all()


def test_a_row_without_a_ladder_has_no_opinion() -> None:
    assert np.isnan(score(None, -1.0, 0.0, 1e9)).all()


@pytest.mark.parametrize(
    "rungs", [(20.0, 10.0, None, None), (None, None, None, None)], ids=["falling rungs", "no rungs"]
)
def test_rungs_that_make_no_ladder_are_refused(
    rungs: tuple[float | None, float | None, float | None, float | None],
) -> None:
    with pytest.raises(ValueError, match="rungs must go above from blue to red"):
        Steps(rungs)
