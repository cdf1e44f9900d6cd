"""What a duty officer would see, minute by minute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.gateway.detection.scene import GAS, HIGH_PRESSURE, LOW_PRESSURE, channel, site
from tests.scripts.script import Script, Want

CH4, NEAR, PRESSURE = "MH-1.gas.ch4", "MH-2.gas.ch4", "P-1.logger.pressure"


def test_a_leak_rises_through_the_levels_and_clears(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS), channel(NEAR, GAS)))
    script.repeat(0, 600, 10, NEAR, 0.5, 0.6)
    script.repeat(0, 70, 10, CH4, 0.5, 0.6)
    script.repeat(70, 120, 10, CH4, 25.0, 26.0)
    script.repeat(120, 200, 10, CH4, 70.0, 72.0)
    script.repeat(200, 600, 10, CH4, 0.7, 0.6)

    script.play(600)

    script.check(
        Want(80, 90, "gas_leak", "yellow"),
        Want(130, 140, "gas_leak", "orange"),
        Want(260, 270, "gas_leak", "none"),
    )


def test_one_spike_is_no_leak(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 100, 10, CH4, 0.5)
    script.push(105, CH4, 99.0)
    script.repeat(110, 300, 10, CH4, 0.5)

    script.play(300)

    script.check()


def test_a_value_that_dances_on_its_limit_is_one_episode(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 600, 10, CH4, 21.0, 18.5)
    script.repeat(600, 700, 10, CH4, 5.0)

    script.play(700)

    script.check(Want(10, 20, "gas_leak", "yellow"), Want(650, 670, "gas_leak", "none"))


def test_a_channel_that_stops_speaking_is_found_and_found_again(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 100, 10, CH4, 0.5, 0.6)
    script.repeat(200, 300, 10, CH4, 0.5, 0.6)

    script.play(300)

    script.check(Want(120, 140, "sensor_silent", "blue"), Want(200, 200, "sensor_silent", "none"))


def test_a_device_that_sends_only_missing_values_is_silent(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 100, 10, CH4, 0.5, 0.6)
    for second in range(100, 200, 10):
        script.push(second, CH4, float("nan"), quality=9)

    script.play(200)

    script.check(Want(120, 140, "sensor_silent", "blue"))


def test_a_stop_of_the_gateway_makes_nobody_silent(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 1_000, 10, CH4, 0.5, 0.6)
    script.stop(100, 905)

    script.play(1_000)

    script.check()


def test_a_sensor_that_stands_still_is_a_fault_until_it_moves(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS, stuck_seconds=300.0)))
    script.repeat(0, 500, 10, CH4, 0.5)
    script.repeat(500, 600, 10, CH4, 0.6)

    script.play(600)

    script.check(Want(300, 300, "sensor_fault", "blue"), Want(500, 500, "sensor_fault", "none"))


def test_pressure_may_be_too_low_and_too_high(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(PRESSURE, LOW_PRESSURE, HIGH_PRESSURE)))
    script.repeat(0, 50, 10, PRESSURE, 0.3)
    script.repeat(50, 80, 10, PRESSURE, 0.15)
    script.repeat(80, 100, 10, PRESSURE, 0.13)
    script.repeat(100, 130, 10, PRESSURE, 0.65)

    script.play(130)

    script.check(
        Want(50, 50, "supply_abnormal", "blue"),
        Want(80, 80, "supply_abnormal", "yellow"),
        Want(100, 100, "supply_abnormal", "none"),
        Want(100, 100, "pressure_abnormal", "orange"),
    )


def test_readings_out_of_order_are_put_in_order_before_they_are_judged(tmp_path: Path) -> None:
    """Fed as they come, the low values in between would break the ten seconds that the ladder wants."""
    script = Script(tmp_path, site(channel(CH4, GAS, reorder_seconds=20.0)))
    script.push(1, CH4, 0.5, measured=0)
    script.push(21, CH4, 30.0, measured=20)
    script.push(22, CH4, 0.5, measured=10)
    script.push(31, CH4, 30.0, measured=30)
    script.push(33, CH4, 0.5, measured=12)

    script.play(60)

    script.check(Want(50, 60, "gas_leak", "yellow"))


def test_a_backlog_is_told_as_late_and_then_live(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 100, 10, CH4, 0.5, 0.6)
    for second in range(100, 400, 10):
        script.push(400, CH4, 30.0, measured=second)
    script.repeat(410, 450, 10, CH4, 30.0)

    script.play(450)

    script.check(
        Want(120, 140, "sensor_silent", "blue"),
        Want(400, 400, "sensor_silent", "none"),
        Want(400, 400, "gas_leak", "yellow", is_late=True),
        Want(400, 400, "gas_leak", "yellow"),
    )


def test_gas_that_rises_steadily_is_warned_of_before_it_is_there(tmp_path: Path) -> None:
    ahead = replace(GAS, ahead_seconds=600.0)
    script = Script(tmp_path, site(channel(CH4, ahead)))
    script.repeat(0, 600, 10, CH4, 0.5, 0.6)
    for second in range(600, 3_000, 10):
        script.push(second, CH4, 0.5 + (second - 600) / 60.0)

    script.play(3_000)

    script.check(Want(900, 1_500, "gas_leak", "yellow"))
    [warned] = script.watch.findings
    assert warned.evidence.value == pytest.approx(12.0, abs=2.0)
    assert warned.evidence.lead_minutes == pytest.approx(9.0, abs=1.0)
    least, most = warned.evidence.lead_minutes_span or (0.0, 0.0)
    assert 0.0 < least <= (warned.evidence.lead_minutes or 0.0) <= most < 20.0
    assert warned.evidence.rule == "foretold:manhole_gas"


def test_gas_that_stands_is_not_warned_of_ahead_of_time(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, replace(GAS, ahead_seconds=3_600.0))))
    script.repeat(0, 7_200, 10, CH4, 17.5, 18.0, 18.5, 17.8)

    script.play(7_200)

    script.check()
