"""A recording small enough to be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.backtest.reduced import Reduced
from gateway.model import SECOND


def _fed(count: int, pieces: int) -> Reduced:
    reduced = Reduced(2)
    time_ns = np.repeat(np.arange(count, dtype=np.int64) * 60 * SECOND, 2)
    channel = np.tile(np.array([1, 2], np.int32), count)
    value = np.sin(np.arange(2 * count) / 500.0)
    value[count] = 7.0
    for part in np.array_split(np.arange(2 * count), pieces):
        reduced.add(channel[part], time_ns[part], value[part], 0)
    return reduced


def test_a_spike_survives_however_long_the_recording_is() -> None:
    reduced = _fed(200_000, 3)

    drawn = reduced.drawn(1, 0, reduced.last_ns)

    assert np.nanmax(drawn.high) == 7.0
    assert len(drawn.time_ns) <= 1 << 17
    assert reduced.width_seconds > 60.0


def test_cuts_change_nothing() -> None:
    whole, cut = _fed(5_000, 1), _fed(5_000, 37)

    np.testing.assert_array_equal(whole.drawn(2, 0, whole.last_ns).low, cut.drawn(2, 0, cut.last_ns).low)
    assert whole.hours(2) == cut.hours(2)


def test_hours_are_valid_readings_times_the_usual_step_after_the_warm_up() -> None:
    reduced = Reduced(1)
    time_ns = np.arange(100, dtype=np.int64) * 60 * SECOND
    value = np.where(np.arange(100) % 2, 1.0, np.nan)

    reduced.add(np.ones(100, np.int32), time_ns, value, 50 * 60 * SECOND)

    assert reduced.hours(1) == 25 * 120.0 / 3_600.0


def test_a_band_is_of_the_past_only() -> None:
    reduced = Reduced(1)
    time_ns = np.arange(200, dtype=np.int64) * SECOND
    reduced.add(np.ones(200, np.int32), time_ns, np.where(np.arange(200) < 100, 1.0, 50.0), 0)

    band = reduced.band(1, 99 * SECOND, 99 * SECOND, (0.05, 0.95))

    assert band == (1.0, 1.0)
    assert reduced.band(2 - 1, -SECOND, SECOND, (0.5,)) == (1.0,)


@pytest.mark.parametrize("steps", [(1, 100), (100, 1)])
def test_hours_stay_right_when_a_channel_speaks_a_hundred_times_more_or_less_often(steps: tuple[int, int]) -> None:
    reduced = Reduced(2)
    time_ns = np.cumsum(np.repeat(np.array(steps) * SECOND, 2_000), dtype=np.int64)

    for part in np.array_split(np.arange(len(time_ns)), 40):
        reduced.add(np.ones(len(part), np.int32), time_ns[part], np.ones(len(part)), 0)
        reduced.add(np.full(1, 2, np.int32), time_ns[part[:1]], np.ones(1), 0)

    assert reduced.hours(1) == pytest.approx(2_000 * 101 / 3_600, rel=0.05)
    assert reduced.step_ns(1) == steps[1] * SECOND
