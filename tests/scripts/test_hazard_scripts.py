"""What a duty officer reads of the hazards that several channels, or several findings, show together."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.early_warning import Finding
from tests.gateway.detection.scene import START
from tests.gateway.hazards.places import (
    DAY,
    DEPTH,
    GAUGE,
    HOUR,
    INLET,
    MINUTE,
    MOISTURE,
    NEAR_LEVEL,
    OUTLET,
    PRESSURE,
    ROD,
    road,
    underpass,
    zone,
)
from tests.scripts.script import Script, Want

FIRST_MIDNIGHT = -(START // 1_000_000_000) % DAY
"""Seconds from START to the first midnight."""
NIGHTS = 20


def night(number: int) -> int:
    """Return the second at which night `number` ends, 04:00 UTC."""
    return FIRST_MIDNIGHT + number * DAY + 4 * HOUR


def nights(script: Script, *, leaks_from: int = 99, leaks_until: int = 99, pressure_falls: bool = True) -> None:
    """Push three weeks of nights; a leak adds 12 m3/h to 50 and takes 5 kPa."""
    for number in range(NIGHTS):
        weekend = 8.0 if number % 7 in {5, 6} else 0.0
        scatter = (number * 5 % 7 - 3) / 3
        leak = leaks_from <= number < leaks_until
        flow = 80.0 + weekend + scatter + (12.0 if leak else 0.0)
        pressure = 0.40 - 0.0004 * (weekend + scatter) - (0.005 if leak and pressure_falls else 0.0)
        begin = FIRST_MIDNIGHT + number * DAY + HOUR
        script.repeat(begin, begin + 4 * HOUR, 5 * MINUTE, INLET, flow)
        script.repeat(begin, begin + 4 * HOUR, 5 * MINUTE, OUTLET, 30.0)
        script.repeat(begin, begin + 4 * HOUR, 5 * MINUTE, PRESSURE, pressure)


def of(script: Script, hazard: str) -> list[Finding]:
    """Return the findings of one hazard."""
    return [finding for finding in script.watch.findings if finding.hazard == hazard]


def expect(script: Script, hazard: str, *wanted: Want) -> None:
    """Expect exactly these findings of one hazard, in this order."""
    saw = [((one.learned_ns - START) / 1e9, one.level.name.lower()) for one in of(script, hazard)]
    assert [level for _, level in saw] == [want.level for want in wanted], saw
    for (second, _), want in zip(saw, wanted, strict=True):
        assert want.after <= second <= want.before, (saw, want)


@pytest.mark.slow
def test_a_leak_is_told_after_its_second_night_and_ends_with_the_repair(tmp_path: Path) -> None:
    script = Script(tmp_path, zone(), tick_seconds=900)
    nights(script, leaks_from=15, leaks_until=18)

    script.play(NIGHTS * DAY)

    expect(
        script,
        "pipe_leak",
        Want(night(16), night(16) + 30 * MINUTE, "pipe_leak", "yellow"),
        Want(night(18), night(18) + 30 * MINUTE, "pipe_leak", "none"),
    )


@pytest.mark.slow
def test_a_leak_says_what_it_is_made_of(tmp_path: Path) -> None:
    script = Script(tmp_path, zone(), tick_seconds=900)
    nights(script, leaks_from=15)

    script.play(night(17))
    evidence = of(script, "pipe_leak")[0].evidence

    assert (evidence.channel, evidence.quantity, evidence.unit) == (INLET, "night_flow_rise", "%")
    assert evidence.agreeing == (PRESSURE,)
    assert evidence.terms["excess_flow"] == pytest.approx(12, abs=2)
    assert evidence.value is not None
    assert evidence.limit == 20 <= evidence.value < 40


@pytest.mark.slow
def test_a_flush_of_one_night_is_no_leak(tmp_path: Path) -> None:
    script = Script(tmp_path, zone(), tick_seconds=900)
    nights(script, leaks_from=15, leaks_until=16)

    script.play(NIGHTS * DAY)

    expect(script, "pipe_leak")


@pytest.mark.slow
def test_a_meter_that_no_pressure_agrees_with_is_no_leak(tmp_path: Path) -> None:
    script = Script(tmp_path, zone(), tick_seconds=900)
    nights(script, leaks_from=15, pressure_falls=False)

    script.play(NIGHTS * DAY)

    expect(script, "pipe_leak")


def test_a_storm_is_foretold_before_the_water_stands(tmp_path: Path) -> None:
    """6 mm of level a minute from minute 60 on: 15 cm at minute 85, 27 at 105, 40 at 127."""
    script = Script(tmp_path, underpass())
    for minute in range(150):
        rain = 40.0 if 50 <= minute < 110 else 0.0
        level = 0.006 * min(max(0, minute - 60), 65)
        script.push(minute * MINUTE, GAUGE, rain)
        script.push(minute * MINUTE + 1, DEPTH, level)

    script.play(150 * MINUTE)
    foretold = [one for one in of(script, "waterlogging") if one.evidence.quantity == "forecast_level"]
    first = foretold[0]

    assert [one.level.name.lower() for one in foretold][:3] == ["blue", "yellow", "orange"]
    assert 62 * MINUTE <= (first.learned_ns - START) / 1e9 <= 70 * MINUTE
    assert first.evidence.limit == 0.15
    assert first.evidence.lead_minutes is not None
    assert 15 <= first.evidence.lead_minutes <= 30
    assert {"level_now", "level_trend", "rain_60min"} <= first.evidence.terms.keys()


def test_a_dry_underpass_with_a_noisy_level_is_quiet(tmp_path: Path) -> None:
    script = Script(tmp_path, underpass())
    script.repeat(0, 3 * HOUR, MINUTE, GAUGE, 0.0)
    script.repeat(1, 3 * HOUR, MINUTE, DEPTH, 0.012, 0.004, 0.009, 0.001, 0.015)

    script.play(3 * HOUR)

    expect(script, "waterlogging")


def test_signs_around_a_road_add_up_and_each_is_named(tmp_path: Path) -> None:
    script = Script(tmp_path, road())
    script.repeat(0, 5 * HOUR, MINUTE, GAUGE, 0.0)
    script.repeat(1, HOUR, MINUTE, MOISTURE, 24.0, 24.5)
    script.repeat(HOUR + 1, 5 * HOUR, MINUTE, MOISTURE, 41.0, 41.5)
    script.repeat(2, 2 * HOUR, MINUTE, ROD, 1.0, 1.1)
    script.repeat(2 * HOUR + 2, 5 * HOUR, MINUTE, ROD, 31.0, 31.2)
    script.repeat(3, 3 * HOUR, MINUTE, NEAR_LEVEL, 1.0, 1.1)
    script.repeat(3 * HOUR + 3, 5 * HOUR, MINUTE, NEAR_LEVEL, 2.6, 2.7)

    script.play(5 * HOUR)

    expect(
        script,
        "road_collapse",
        Want(2 * HOUR, 2 * HOUR + MINUTE, "road_collapse", "blue"),
        Want(3 * HOUR, 3 * HOUR + MINUTE, "road_collapse", "yellow"),
    )
    evidence = of(script, "road_collapse")[-1].evidence
    assert evidence.terms == pytest.approx({"prior": -5.0, "settlement": 2.0, "sewer": 1.6, "soil_moisture": 1.6})
    assert evidence.value == pytest.approx(sum(evidence.terms.values()))
    assert set(evidence.agreeing) == {MOISTURE, ROD, NEAR_LEVEL}


def test_one_sign_alone_raises_nothing_and_is_no_warning_itself(tmp_path: Path) -> None:
    script = Script(tmp_path, road())
    script.repeat(0, 2 * HOUR, MINUTE, MOISTURE, 45.0, 46.0)
    script.repeat(0, 2 * HOUR, MINUTE, ROD, 1.0, 1.1)
    script.repeat(0, 2 * HOUR, MINUTE, NEAR_LEVEL, 1.0, 1.1)
    script.repeat(0, 2 * HOUR, MINUTE, GAUGE, 0.0)

    script.play(2 * HOUR)

    script.check()
