from __future__ import annotations

import numpy as np

from tests.benchmarks.detection import methane_release as release

SECONDS = np.arange(0.0, 7_200.0, 5.0)


def enhanced(*spells: tuple[float, float], beams: int = 2) -> np.ndarray:
    is_on = np.zeros((len(SECONDS), 3), np.bool_)
    for start, end in spells:
        is_on[(start <= SECONDS) & (end > SECONDS), :beams] = True
    return is_on


def test_an_event_takes_two_beams_for_three_minutes() -> None:
    assert release.events(SECONDS, enhanced((1_000.0, 1_200.0))) == [(1_000.0, 1_195.0)]
    assert release.events(SECONDS, enhanced((1_000.0, 1_175.0))) == []
    assert release.events(SECONDS, enhanced((1_000.0, 1_200.0), beams=1)) == []


def test_events_within_half_an_hour_are_one() -> None:
    near = release.events(SECONDS, enhanced((1_000.0, 1_200.0), (2_900.0, 3_200.0)))
    far = release.events(SECONDS, enhanced((1_000.0, 1_200.0), (3_100.0, 3_400.0)))

    assert near == [(1_000.0, 3_195.0)]
    assert len(far) == 2


def test_an_alarm_finds_within_ten_minutes_and_is_prompt_within_three() -> None:
    quiet = np.zeros(len(SECONDS), np.bool_)

    def verdict(at: float) -> tuple[int, int]:
        found = release.judge([(2_000.0, 3_000.0)], [at], SECONDS, quiet)
        return len(found.delays), found.prompt

    assert [verdict(at) for at in (1_815.0, 1_820.0, 2_180.0, 2_185.0, 2_600.0, 2_605.0)] == [
        (0, 0),
        (1, 1),
        (1, 1),
        (1, 0),
        (1, 0),
        (0, 0),
    ]


def test_only_an_alarm_in_the_quiet_is_false() -> None:
    is_quiet = SECONDS < 1_000.0

    verdict = release.judge([], [500.0, 1_500.0], SECONDS, is_quiet)

    assert verdict.false == 1
    assert verdict.quiet_seconds == 1_000.0


def test_a_cylinder_loses_mass_from_three_minutes_before_to_three_after() -> None:
    near = release.losing(SECONDS, (np.array([1_000.0, 1_070.0, 1_140.0]), np.array([9.0, 8.9, 9.5])))

    assert SECONDS[near][[0, -1]].tolist() == [820.0, 1_250.0]


def test_a_median_takes_the_last_minute_and_no_impossible_reading() -> None:
    seconds = np.arange(0.0, 70.0, 5.0)
    value = np.where(seconds < 5.0, 50.0, 2.0)
    value[-1] = -3_000.0

    made = release.slots(seconds, ["1"] * len(seconds), value)

    assert made.seconds.tolist() == [60.0, 65.0]
    assert made.median.ravel().tolist() == [2.0, 2.0]


def test_two_beams_over_their_background_raise_one_alarm_in_a_minute() -> None:
    median = np.full((len(SECONDS), 3), 2.0)
    median[(SECONDS >= 2_000.0) & (SECONDS < 3_000.0), :2] = 3.0

    alarmed = release.alarms(SECONDS, median)

    assert len(alarmed) == 1
    assert 2_050.0 <= alarmed[0] <= 2_065.0
