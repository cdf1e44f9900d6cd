"""What every registered detector makes of input that is no event: no alarm, nothing that is not finite, no growth.

A channel at rest, a rate changed a hundredfold, a year of silence, infinities, times that repeat or go back.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import DETECTORS
from detectors.lines import Lines, Spectrum
from detectors.waves import Shaking, Waves

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
ROWS = 4
WATCHED = 1
"""A row that every example watches, with a limit that ordinary values keep."""
AT_REST = {"unfit": 0.0, "extremes": 5.0}
"""Who gets no noise: 0.0 says that a reading can be judged; of noise every record is new, once in n."""
LOW_IS_BAD = {"limits", "foretold", "trend"}
"""Whose example has a low limit in the watched row."""
TOLD_AT_REST = {"stuck"}
"""A value that never changes is what it looks for."""
MAX_WAVEFORM_BYTES = 512 * 1_024

everyone = pytest.mark.parametrize("name", sorted(DETECTORS))


def times(*parts: tuple[int, float]) -> NDArray[np.int64]:
    """Return times: so many samples, so many seconds apart, part after part."""
    steps = np.concatenate([np.full(count, round(seconds * SECOND), np.int64) for count, seconds in parts])
    return START + np.cumsum(steps, dtype=np.int64)


# Each part is long enough for every detector that will ever have an opinion at its pace to have one.
SCENES = {
    "every_ten_seconds": times((1_200, 10)),
    "once_a_day": times((200, 86_400)),
    "a_hundred_times_faster": times((500, 100), (1_500, 1)),
    "a_hundred_times_slower": times((1_500, 1), (500, 100)),
    "from_a_second_to_a_waveform": times((600, 1), (2_000, 0.01)),
    "a_year_away": times((800, 10), (1, 365 * 86_400), (800, 10)),
}


def ordinary(name: str, time_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return values that waver less than any sensor's resolution; a line where one is looked for."""
    noise = np.random.default_rng(3).normal(0.0, 0.002, len(time_ns))
    if name in AT_REST:
        return np.full(len(time_ns), AT_REST[name])
    line = np.sin(0.4 * np.pi * (time_ns - START) / SECOND) if name == "lines" else 0.0
    return 5.0 + line + noise


def score_of(name: str, time_ns: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    return DETECTORS[name].example(ROWS).update(np.full(len(value), WATCHED, np.intp), time_ns, value)


@everyone
@pytest.mark.parametrize("scene", sorted(SCENES))
def test_an_ordinary_channel_is_no_alarm_however_often_it_speaks(name: str, scene: str) -> None:
    time_ns = SCENES[scene]

    score = score_of(name, time_ns, ordinary(name, time_ns))

    assert not (score >= 1.0).any()


@everyone
@pytest.mark.parametrize("level", [0.0, 5.0, 15.0, -0.0])
def test_a_value_that_never_changes_is_an_alarm_to_nobody_but_stuck(name: str, level: float) -> None:
    time_ns = SCENES["every_ten_seconds"]
    value = AT_REST.get(name, 5.0 if name in LOW_IS_BAD else level)

    score = score_of(name, time_ns, np.full(len(time_ns), value))

    assert (score >= 1.0).any() == (name in TOLD_AT_REST)


@everyone
def test_infinity_is_bad_quality(name: str) -> None:
    time_ns = SCENES["every_ten_seconds"]
    value = ordinary(name, time_ns)
    infinite, absent = value.copy(), value.copy()
    infinite[100::7], infinite[103::7], absent[100::7], absent[103::7] = np.inf, -np.inf, np.nan, np.nan

    got, expected = score_of(name, time_ns, infinite), score_of(name, time_ns, absent)

    np.testing.assert_array_equal(got, expected)


@everyone
def test_times_that_repeat_or_go_back_break_nothing(name: str) -> None:
    rng = np.random.default_rng(7)
    time_ns = START + rng.choice([-86_400, -3_600, -1, 0, 0, 1, 10, 86_400], 3_000).cumsum() * SECOND

    score = score_of(name, time_ns, ordinary(name, time_ns))

    assert not np.isinf(score).any()
    assert name in {"stuck", "clocks"} or not (score >= 1.0).any()


@everyone
def test_the_state_does_not_grow(name: str) -> None:
    bank = DETECTORS[name].example(ROWS)
    before = {key: array.nbytes for key, array in bank.state().items()}

    for scene in ("a_hundred_times_faster", "from_a_second_to_a_waveform"):
        time_ns = SCENES[scene] + (0 if scene.startswith("a_hundred") else 10**15)
        bank.update(np.arange(len(time_ns)) % ROWS, time_ns, ordinary(name, time_ns))

    assert {key: array.nbytes for key, array in bank.state().items()} == before


def test_a_waveform_of_200_a_second_keeps_its_state_small() -> None:
    cable = Spectrum([Lines(200.0, 60.0, (1.0, 2.0, 3.0, 4.0))])
    deck = Waves([Shaking(200.0, 60.0)])

    sizes = [sum(array.nbytes for array in bank.state().values()) for bank in (cable, deck)]

    assert max(sizes) <= MAX_WAVEFORM_BYTES
