"""`lifeline backtest` of what `lifeline simulate --record` wrote: judged as a rehearsal of the scenario is."""

from __future__ import annotations

import csv
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main

CLOCK = """scenario: clock
title: 时钟
start: "2025-06-16T08:00:00"
lasts: 2 h
district: {gas: 2, bridge: 1}
instruments:
  - {at: 30 min, kind: clock_jump, device: span-1, amount: 3600, lasts: 45 min}
  - {at: 30 min, kind: offline, device: gas-2, lasts: 30 min}
  - {at: 110 min, kind: offline, device: gas-1, lasts: 30 min}
expect:
  - want: sensor_fault on BR-1-S1 within 10 min
"""
QUIET = CLOCK[: CLOCK.index("instruments:")] + "expect: [{want: at most 0 false warnings a day}]\n"


def _backtest(scenario: str | Path, folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert main(["simulate", str(scenario), "--record", str(folder)]) == 0
    capsys.readouterr()
    site, events = str(folder / "site.yaml"), str(folder / "truth.csv")
    readings = str(folder / "readings.csv.xz")
    assert main(["backtest", readings, "--site", site, "--events", events, "--hazards", "all", "--json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    path = tmp_path / "clock.yaml"
    path.write_text(CLOCK)
    return path


@pytest.mark.slow
def test_a_flood_that_was_foreseen_is_a_hit_with_a_lead_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _backtest("storm_and_underpass", tmp_path / "set", capsys)

    floods = [one for one in found["events"] if one["kind"] == "flood"]
    assert found["total"]["recall"] == 1.0
    assert found["false_alarms"] == []
    assert all(one["danger"] == one["start"] for one in floods)
    assert all(one["lead_seconds"] > 0 for one in floods)


@pytest.mark.slow
def test_a_wrong_clock_is_one_fault_and_makes_no_healthy_device_late(
    clock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _backtest(clock, tmp_path / "set", capsys)

    jump = next(one for one in found["events"] if one["kind"] == "clock_jump")
    assert jump["alarm"]["rule"] == "clock"
    assert jump["alarm"]["asset"] == "BR-1-S1"
    assert found["false_alarms"] == []


@pytest.mark.slow
def test_without_the_times_of_receipt_healthy_devices_are_blamed(
    clock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _backtest(clock, tmp_path / "set", capsys, "--received-column", "-")

    assert found["false_alarms"] != []


def test_a_recording_says_when_each_reading_was_received(clock: Path, tmp_path: Path) -> None:
    main(["simulate", str(clock), "--record", str(tmp_path / "set")])

    with lzma.open(tmp_path / "set" / "readings.csv.xz", "rt") as file:
        rows = list(csv.DictReader(file))
    offline = [row for row in rows if ".gas-2." in row["channel"] and "00:31" < row["time"][11:16] < "01:00"]
    jumped = [row for row in rows if ".span-1." in row["channel"] and "00:31" < row["received"][11:16] < "01:14"]
    assert {row["received"] for row in offline} == {"2025-06-16T01:00:00.000Z"}
    assert {int(row["time"][11:13]) - int(row["received"][11:13]) for row in jumped} == {1}
    assert not [row for row in rows if ".gas-1." in row["channel"] and row["time"] > "2025-06-16T01:50"]


def test_a_recording_of_a_quiet_day_is_judged_by_its_false_alarms_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "quiet.yaml"
    scenario.write_text(QUIET)

    found = _backtest(scenario, tmp_path / "set", capsys)

    assert found["total"]["events"] == 0
    assert found["total"]["false_alarms"] == 0
