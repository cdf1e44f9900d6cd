from __future__ import annotations

import pytest

from gateway.model import SECOND
from simulators.weather import Climate, Storm

START = 1_750_000_000 * SECOND


def test_a_storm_brings_all_of_its_rain_and_no_more() -> None:
    storm = Storm(START, minutes=60, total_mm=40.0)
    climate = Climate(seed=1, storms=(storm,))

    fallen = sum(climate.at(START + minute * 60 * SECOND).rain_mm_h / 60.0 for minute in range(121))

    assert fallen == pytest.approx(40.0, abs=1e-9)
    assert climate.at(START - 1).rain_mm_h == 0.0


def test_rain_is_hardest_at_its_peak() -> None:
    climate = Climate(seed=1, storms=(Storm(START, minutes=100, total_mm=50.0, peak_share=0.4),))

    rates = [climate.at(START + minute * 60 * SECOND).rain_mm_h for minute in range(1, 101)]

    assert 40 <= rates.index(max(rates)) + 1 <= 41
    assert max(rates) > 3 * (sum(rates) / len(rates))


def test_a_storm_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="minutes and total_mm above 0"):
        Storm(START, minutes=0, total_mm=10)


def test_the_afternoon_is_warmer_than_the_morning() -> None:
    climate = Climate(seed=3, utc_offset_seconds=0.0)
    day = START // (86_400 * SECOND) * 86_400 * SECOND

    assert climate.at(day + 15 * 3600 * SECOND).air_celsius > climate.at(day + 5 * 3600 * SECOND).air_celsius


def test_the_same_seed_gives_the_same_weather() -> None:
    assert Climate(seed=9).at(START) == Climate(seed=9).at(START)
    assert Climate(seed=9).at(START) != Climate(seed=10).at(START)
