from __future__ import annotations

import numpy as np

from tests.benchmarks.detection import ltown_scoring as scoring
from tests.benchmarks.detection.ltown_watch import Watch
from tests.benchmarks.detection.pipe_network import Pipes

NETWORK = """
[PIPES]
p1 a b 100 ; first
p2 b c 200
p3 c d 400
[VALVES]
v1 d e 200 PRV
[PIPES]
p4 e f 60
"""
ABRUPT = scoring.Event("leak_abrupt", "p1", 100.0, 300.0, 100.0)
SLOW = scoring.Event("leak_incipient", "p3", 110.0, 500.0, 410.0)


def apart(one: str, other: str) -> float:
    return Pipes(NETWORK).apart(one, other)


def test_pipes_are_apart_by_the_way_between_and_half_of_each() -> None:
    assert [apart("p1", other) for other in ("p1", "p2", "p3", "p4", "p9")] == [0.0, 150.0, 450.0, 680.0, float("inf")]


def test_an_alarm_goes_to_the_nearest_active_leak_and_without_a_place_to_the_oldest() -> None:
    near = scoring.leaks([ABRUPT, SLOW], [scoring.Alarm(120.0, "p4")], apart)
    nowhere = scoring.leaks([ABRUPT, SLOW], [scoring.Alarm(120.0, None)], apart)

    assert list(near.found) == [SLOW]
    assert list(nowhere.found) == [ABRUPT]


def test_a_found_leaks_second_alarm_is_a_repeat_and_false_is_only_without_a_leak() -> None:
    hours = [99.0, 120.0, 323.0, 325.0]

    worth = scoring.leaks([ABRUPT], [scoring.Alarm(hour, None) for hour in hours], apart)

    assert (len(worth.found), worth.repeats, worth.false) == (1, 1, 2)


def test_alarms_near_in_time_and_place_are_one() -> None:
    alarms = [scoring.Alarm(0.0, "p1"), scoring.Alarm(11.0, "p2"), scoring.Alarm(11.5, "p3"), scoring.Alarm(12.0, "p1")]

    assert scoring.merged(alarms, apart) == [alarms[0], alarms[2], alarms[3]]


def test_limits_are_six_or_twelve_hours_and_a_third_or_half_of_the_way() -> None:
    def limits(leak: scoring.Event, hour: float) -> tuple[bool, bool]:
        alarm = scoring.Alarm(hour, None)
        return scoring.in_time(leak, alarm, generous=False), scoring.in_time(leak, alarm, generous=True)

    assert [limits(ABRUPT, hour) for hour in (106.0, 112.0, 112.1)] == [(True, True), (False, True), (False, False)]
    assert [limits(SLOW, hour) for hour in (210.0, 260.0, 260.1)] == [(True, True), (False, True), (False, False)]


def test_a_flush_is_raised_until_an_hour_after_it() -> None:
    flush = scoring.Event("benign_hydrant_flush", "n1", 10.0, 12.0, 10.0)

    def raised(hour: float) -> tuple[int, int]:
        return scoring.flushes_raised([flush], [scoring.Alarm(hour, None)])

    assert [raised(hour) for hour in (9.0, 10.0, 13.0, 13.1)] == [(0, 1), (1, 1), (1, 1), (0, 1)]


def test_a_fault_is_named_within_six_hours_and_a_drift_by_its_end() -> None:
    stuck = scoring.Event("sensor_stuck", "n1", 10.0, 60.0, 10.0)
    drift = scoring.Event("sensor_drift", "n2", 10.0, 60.0, 10.0)

    assert scoring.faults([stuck, drift], [(16.0, "n1"), (59.0, "n2")]) == (2, 2, 0)
    assert scoring.faults([stuck, drift], [(16.1, "n1"), (61.0, "n2"), (20.0, "n3")]) == (0, 2, 1)


def test_time_without_a_leak_starts_a_day_after_the_repair() -> None:
    assert scoring.free_hours([ABRUPT, SLOW], 0.0, 600.0) == 100.0 + 600.0 - 524.0


def town(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hours = np.arange(rows) / 12.0
    demand = 100.0 + 30.0 * np.sin(hours / 24.0 * 2.0 * np.pi) + rng.normal(0.0, 3.0, rows)
    flows = np.stack([0.6 * demand, 0.4 * demand, np.full(rows, 20.0)], axis=1) + rng.normal(0.0, 0.1, (rows, 3))
    fall = np.outer((demand / 100.0) ** 2, np.linspace(1.0, 3.0, 8))
    return hours % 24.0, 50.0 - fall + np.round(rng.normal(0.0, 0.02, fall.shape), 3), flows


def test_a_leak_is_told_after_it_outlasted_a_flush_and_a_lying_sensor_is_named() -> None:
    hours, pressures, flows = town(np.random.default_rng(1), 288 * 20)
    clean, flush, leak, lie = 288 * 10, 288 * 12, 288 * 14, 288 * 18
    pressures[flush : flush + 36] -= 0.1 * np.array([0, 1, 2, 3, 2, 1, 0, 0])
    pressures[leak:] -= 0.1 * np.array([0, 1, 2, 3, 2, 1, 0, 0])
    pressures[lie:, 7] += 0.8
    watch = Watch(hours[:clean], pressures[:clean], flows[:clean])

    told = [watch.take(float(hours[row]), pressures[row], flows[row]) for row in range(clean, len(hours))]

    leaks = [clean + row for row, each in enumerate(told) if each.leak is not None]
    faults = [(clean + row, each.faults) for row, each in enumerate(told) if each.faults]
    assert len(leaks) == 1
    assert 60 <= leaks[0] - leak <= 84
    assert [who for _, who in faults] == [[7]]
    assert 0 <= faults[0][0] - lie <= 72
