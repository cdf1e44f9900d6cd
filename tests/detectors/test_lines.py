"""Spectral lines that are followed, and how strongly something shakes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.lines import Lines, Spectrum, peak
from detectors.waves import Shaking, Waves

RATE = 50.0
LINES = Lines(RATE, 20.48, (2.0, 5.0), gate=0.1, limit=0.01, spectra=4, warm_up_spectra=8)


def _times(count: int, start: int = 0) -> NDArray[np.int64]:
    return (start + np.arange(count)) * round(1e9 / RATE)


def _ringing(hz: float, other: float, count: int, seed: int = 0) -> NDArray[np.float64]:
    """Two lines in noise of their own strength."""
    phase = np.arange(count) / RATE * 2 * np.pi
    return np.sin(hz * phase) + np.sin(other * phase) + np.random.default_rng(seed).normal(size=count)


def test_a_line_that_moves_by_two_percent_is_found_and_one_that_stays_is_not() -> None:
    bank = Spectrum([LINES, LINES])
    count = 20_000
    for row, moved in ((0, 1.96), (1, 2.0)):
        rows = np.full(count, row)
        before = bank.update(rows, _times(count), _ringing(2.0, 5.0, count, row))
        after = bank.update(rows, _times(count, count), _ringing(moved, 5.0, count, row + 7))
        assert np.nanmax(before) < 1.0
        assert (after[-1] >= 1.5) == (moved < 2.0)


def test_frequencies_are_told_to_a_thousandth() -> None:
    bank = Spectrum([LINES])

    bank.update(np.zeros(20_000, np.intp), _times(20_000), _ringing(2.013, 4.987, 20_000))

    np.testing.assert_allclose(bank.frequencies()[0], [2.013, 4.987], rtol=1e-3)


def test_noise_without_a_line_gives_no_opinion() -> None:
    noise = np.random.default_rng(1).normal(size=8_000)
    noise[::2] += 0.0

    place = peak(np.abs(np.fft.rfft(np.ones(64))) ** 2, 1.0, 16.0, 0.2, 4.0)
    score = Spectrum([LINES]).update(np.zeros(8_000, np.intp), _times(8_000), np.zeros(8_000))

    assert np.isnan(place)
    assert np.isnan(score).all()


def test_a_gap_starts_the_window_anew() -> None:
    bank = Waves([Shaking(RATE, 1.0, rms=1.0)])
    times = _times(100)
    times[60:] += 10_000_000_000

    score = bank.update(np.zeros(100, np.intp), times, np.tile([2.0, -2.0], 50))

    assert score[59] == pytest.approx(2.0)
    assert np.isnan(score[60:]).all()


def test_a_blow_is_a_matter_of_peak_and_crest_not_of_rms() -> None:
    value = 0.1 * np.random.default_rng(2).normal(size=200)
    value[120] = 4.0
    rows, times = np.zeros(200, np.intp), _times(200)

    peaked = Waves([Shaking(RATE, 2.0, peak=2.0)]).update(rows, times, value)
    shaken = Waves([Shaking(RATE, 2.0, rms=1.0)]).update(rows, times, value)
    crested = Waves([Shaking(RATE, 2.0, crest=5.0, least_rms=0.01)]).update(rows, times, value)

    assert peaked[199] == pytest.approx(2.0, rel=0.05)
    assert shaken[199] < 0.5
    assert crested[99] < 1.0 < crested[199]


def test_state_of_an_ordinary_waveform_channel_fits_its_budget() -> None:
    bank = Spectrum([Lines(200.0, 40.96, (2.0,), gate=0.05)])

    size = sum(array.nbytes for array in bank.state().values())

    assert size <= 512 * 1024


@pytest.mark.parametrize("lines", [(30.0,), (), (0.05,)], ids=["beyond half the rate", "none", "gate without bins"])
def test_lines_that_cannot_be_seen_are_refused(lines: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        Lines(RATE, 20.0, lines)


def test_a_window_of_three_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="four samples"):
        Shaking(1.0, 3.0)
