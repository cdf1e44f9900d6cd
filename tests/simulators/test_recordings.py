"""A recording is played back unchanged, each weekday on its own."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.recordings import dma_inflow

SHANGHAI = ZoneInfo("Asia/Shanghai")


def nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp()) * SECOND


def test_the_recording_is_four_whole_weeks_from_a_monday() -> None:
    recording = dma_inflow(28_800.0)
    first = datetime.fromtimestamp(int(recording.local_ns[0]) / SECOND, UTC)

    assert first.weekday() == 0
    assert len(recording.value) == 4 * 7 * 24
    assert (np.diff(recording.local_ns) == 3600 * SECOND).all()


def test_a_monday_morning_here_is_a_monday_morning_there() -> None:
    recording = dma_inflow(28_800.0)
    monday = datetime(2026, 8, 3, 8, tzinfo=SHANGHAI)

    played = recording.at(np.array([nanoseconds(monday)], np.int64))[0]

    assert played in recording.value.reshape(4, 7, 24)[:, 0, 8]


def test_it_stays_within_what_was_measured_and_begins_again_after_four_weeks() -> None:
    recording = dma_inflow(0.0)
    start = nanoseconds(datetime(2026, 1, 5, tzinfo=UTC))
    times = start + np.arange(0, 28 * 86_400, 1800, dtype=np.int64) * SECOND

    once, again = recording.at(times), recording.at(times + 28 * 86_400 * SECOND)

    assert once.min() == pytest.approx(recording.value.min())
    assert once.max() == pytest.approx(recording.value.max())
    assert np.allclose(once, again)
