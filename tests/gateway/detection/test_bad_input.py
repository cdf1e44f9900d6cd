"""Bad input through the whole of detection: no exception, no finding that is not true, and no growth."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.inventory import Channel
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Tick
from tests.gateway.detection.scene import GAS, HIGH_PRESSURE, START, Watch, channel, site

NAME = "MH-1.gas.ch4"
HOURS = 1_800
"""Readings of five hours at the channel's pace, one each ten seconds."""
SHIFT = replace(GAS, name="own", of="shift", rungs={"blue": 3.0}, deadband=0.5, on_seconds=0.0)
AHEAD = replace(GAS, name="ahead", ahead_seconds=1_800.0)
MILLION = 1_000_000


def watched(reorder_seconds: float = 0.0) -> Channel:
    """Return a channel with every kind of rule that an ordinary one may have."""
    made = channel(
        NAME, GAS, SHIFT, AHEAD, HIGH_PRESSURE_OF_GAS, reorder_seconds=reorder_seconds, stuck_seconds=7_200.0
    )
    return replace(made, span=(0.0, 100.0), spike_limit=5.0, rate_limit=5.0)


HIGH_PRESSURE_OF_GAS = replace(HIGH_PRESSURE, name="high", rungs={"orange": 60.0}, on_seconds=30.0)


def calm(size: int, seed: int = 1) -> np.ndarray:
    return 5.0 + np.random.default_rng(seed).normal(0.0, 0.1, size)


def entries(
    time_ns: np.ndarray, value: np.ndarray, received_ns: np.ndarray, *, position: int = 0, each: int = 360
) -> list[Entry]:
    """Return batches of `each` rows, received when the last of them was, and ticks behind each."""
    made: list[Entry] = []
    for start in range(0, len(value), each):
        part = slice(start, start + each)
        size, now_ns = len(value[part]), int(received_ns[part][-1])
        batch = Batch(
            np.ones(size, np.int32),
            time_ns[part],
            value[part],
            np.ones(size, np.uint8),
            np.zeros(size, np.uint16),
            now_ns,
            now_ns,
            "boot",
        )
        position += 1
        made.append(Entry(position, batch, now_ns))
        following_ns = int(received_ns[start + each]) if start + each < len(value) else now_ns + 2 * SECOND
        for tick_ns in range(now_ns + SECOND, min(following_ns, now_ns + 120 * SECOND), 10 * SECOND):
            position += 1
            made.append(Entry(position, Tick(tick_ns), tick_ns))
    return made


def regular(size: int, seconds: float, start_ns: int = START) -> np.ndarray:
    return start_ns + np.arange(1, size + 1) * round(seconds * SECOND)


def state_bytes(watch: Watch) -> int:
    parts = watch.detection._memory.parts()
    return sum(array.nbytes for part in parts for array in part.state.values())


@pytest.mark.parametrize("reorder_seconds", [0.0, 600.0])
def test_a_million_late_readings_at_once_say_nothing_and_stay_nowhere(tmp_path: Path, reorder_seconds: float) -> None:
    watch = Watch(tmp_path, site(watched(reorder_seconds)))
    time_ns = regular(3 * HOURS, 10)
    watch.detection.apply(entries(time_ns, calm(3 * HOURS), time_ns, each=6))
    size = state_bytes(watch)
    late_ns = int(time_ns[0]) - SECOND * np.arange(MILLION, dtype=np.int64)
    now_ns = np.full(MILLION, int(time_ns[-1]) + 10 * SECOND)
    tracemalloc.start()

    # As a broken clock sends them: far beyond every limit, newest first.
    watch.detection.apply(entries(late_ns, np.full(MILLION, 99.0), now_ns, position=MILLION, each=MILLION))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert watch.findings == []
    assert watch.health.counts()["detection", "dropped", "late"] == MILLION
    assert state_bytes(watch) == size
    assert peak < 300 * MILLION


def test_a_million_readings_at_once_in_order_are_watched_like_any(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(NAME, GAS)))
    time_ns = regular(MILLION, 0.001)
    value = calm(MILLION)
    value[600_000:] = 30.0

    # A tick lets 30 s pass, so that they are still fresh when they come: 1,000 s of them are not.
    watch.detection.apply(entries(time_ns, value, time_ns, each=20_000))

    assert [one.level.name for one in watch.findings] == ["YELLOW"]
    assert watch.findings[0].start_ns == int(time_ns[600_000])


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(10.0, 0.1), (0.1, 10.0), (10.0, 0.01)])
def test_a_channel_that_changes_its_rate_is_no_finding(tmp_path: Path, before: float, after: float) -> None:
    watch = Watch(tmp_path, site(watched()))
    first = regular(2 * HOURS, before)
    time_ns = np.append(first, regular(2 * HOURS, after, int(first[-1])))

    watch.detection.apply(entries(time_ns, calm(len(time_ns)), time_ns, each=3))

    assert watch.findings == []


def test_a_channel_that_speaks_a_hundred_times_less_often_is_silent_and_nothing_else(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(watched()))
    first = regular(HOURS, 10.0)
    time_ns = np.append(first, regular(10, 1_000.0, int(first[-1])))

    watch.detection.apply(entries(time_ns, calm(len(time_ns)), time_ns, each=1))

    assert {one.hazard for one in watch.findings} == {"sensor_silent"}


def _repeated(time_ns: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(time_ns, 3), np.repeat(value, 3)


def _reversed(time_ns: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return time_ns.reshape(-1, 3)[:, ::-1].reshape(-1), value.reshape(-1, 3)[:, ::-1].reshape(-1)


def _twice(time_ns: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hours = time_ns.reshape(-1, 360), value.reshape(-1, 360)
    return np.repeat(hours[0], 2, axis=0).reshape(-1), np.repeat(hours[1], 2, axis=0).reshape(-1)


@pytest.mark.slow
@pytest.mark.parametrize("disorder", [_repeated, _reversed, _twice])
@pytest.mark.parametrize("reorder_seconds", [0.0, 60.0])
def test_times_that_repeat_or_go_back_are_no_finding(
    tmp_path: Path,
    disorder: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    reorder_seconds: float,
) -> None:
    watch = Watch(tmp_path, site(watched(reorder_seconds)))
    time_ns, value = disorder(regular(HOURS, 10), calm(HOURS))

    # Three readings a message: half a minute between two, which is no silence yet.
    watch.detection.apply(entries(time_ns, value, np.maximum.accumulate(time_ns), each=3))

    assert watch.findings == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), 1e308, -1e308])
def test_values_that_are_no_measurement_raise_no_hazard(tmp_path: Path, bad: float) -> None:
    watch = Watch(tmp_path, site(replace(watched(), span=None, spike_limit=None, rate_limit=None)))
    time_ns, value = regular(2 * HOURS, 10), calm(2 * HOURS)
    if np.isfinite(bad):
        # Without a span nobody says that a number is none; a single one is over before its hold time.
        value[2_000::500] = bad
    else:
        value[2_000::2] = bad

    with np.errstate(all="raise"):
        watch.detection.apply(entries(time_ns, value, time_ns, each=6))

    assert [one.hazard for one in watch.findings if one.hazard not in {"sensor_silent", "sensor_fault"}] == []


@pytest.mark.parametrize("jump_seconds", [-3_600, 86_400, -86_400])
def test_a_clock_that_steps_is_no_hazard(tmp_path: Path, jump_seconds: int) -> None:
    watch = Watch(tmp_path, site(watched()))
    time_ns, value = regular(3 * HOURS, 10), calm(3 * HOURS)
    stepped = time_ns.copy()
    stepped[HOURS : 2 * HOURS] += jump_seconds * SECOND

    watch.detection.apply(entries(stepped, value, time_ns, each=6))

    assert {one.hazard for one in watch.findings} <= {"sensor_fault", "sensor_silent"}
    assert watch.findings == [] or watch.findings[-1].level.name == "NONE"
