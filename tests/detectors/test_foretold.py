"""A limit that will be reached, before it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.foretold import Foretold
from detectors.limits import Limits, Steps
from detectors.trend import Heading

SEWER = Steps((None, 2.0, 2.5, None))
HALF_AN_HOUR = Heading(memory_seconds=1_800, warm_up_seconds=600, look_seconds=60, lead_seconds=1_800)


def sewer() -> Foretold:
    return Foretold([SEWER], [HALF_AN_HOUR])


def test_a_steady_rise_is_scored_by_where_it_will_be(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = sewer()

    score = feed(bank, 1.0 + 0.02 * np.arange(21))

    assert score[20] == pytest.approx(2.0)
    assert bank.seconds_to(20, 2.0) == pytest.approx(1_800)
    assert bank.seconds_to(20, 2.5) == pytest.approx(55 * 60)


def test_noise_is_scored_by_itself(feed: Callable[..., NDArray[np.float64]]) -> None:
    values = np.random.default_rng(4).normal(1.5, 0.05, 500)
    bank, plain = sewer(), Limits([SEWER])

    score = feed(bank, values)

    expected = plain.update(np.zeros(500, np.intp), np.arange(500), values)
    assert (score >= expected - 1e-9).all()
    assert np.mean(score > expected + 1e-9) < 0.05


def test_a_falling_level_still_scores_what_it_is(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = sewer()

    score = feed(bank, 2.6 - 0.01 * np.arange(30))

    assert score[29] == pytest.approx(2.62)
    assert bank.seconds_to(29, 2.0) == 0.0
    assert bank.seconds_to(29, 2.5) is None


def test_a_pressure_that_falls_is_scored_by_how_low_it_will_be(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = Foretold([Steps((None, 0.14, 0.10, None), "below")], [HALF_AN_HOUR])

    score = feed(bank, 0.30 - 0.004 * np.arange(21))

    assert score[20] == pytest.approx(3.0)
    assert bank.seconds_to(20, 0.14) == pytest.approx(20 * 60)


def test_before_the_warm_up_it_is_no_more_than_limits(feed: Callable[..., NDArray[np.float64]]) -> None:
    values = np.linspace(1.0, 1.8, 9)

    score = feed(sewer(), values)

    np.testing.assert_array_equal(score, Limits([SEWER]).update(np.zeros(9, np.intp), np.arange(9), values))


@pytest.mark.parametrize("scale", [0.005, 0.05])
def test_the_time_of_the_limit_lies_in_its_interval_nine_times_in_ten(scale: float) -> None:
    rng, minutes = np.random.default_rng(5), np.arange(60)
    rise = 1.0 + 0.02 * minutes
    truth = (3.0 - float(rise[-1])) / 0.02 * 60.0
    inside = 0

    for _ in range(300):
        bank = Foretold([Steps((None, 3.0, None, None))], [HALF_AN_HOUR])
        bank.update(np.zeros(60, np.intp), minutes * 60_000_000_000, rise + rng.normal(0.0, scale, 60))
        span = bank.seconds_between(59, 3.0)
        assert span is not None
        inside += span[0] <= truth <= span[1]

    assert 0.84 <= inside / 300 <= 0.95


def test_an_interval_holds_what_is_expected_and_is_of_each_sample(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = sewer()

    feed(bank, 1.0 + 0.02 * np.arange(41) + np.random.default_rng(1).normal(0.0, 0.02, 41))

    spans = {at: bank.seconds_between(at, 2.5) for at in (20, 30, 40)}
    for at, span in spans.items():
        assert span is not None
        assert span[0] <= (bank.seconds_to(at, 2.5) or 0.0) <= span[1]
    assert spans[20] != spans[40]


def test_what_was_reached_or_is_not_foretold_has_no_interval(feed: Callable[..., NDArray[np.float64]]) -> None:
    bank = sewer()

    feed(bank, 2.6 - 0.01 * np.arange(30))

    assert bank.seconds_between(29, 2.0) is None
    assert bank.seconds_between(29, 2.5) is None
