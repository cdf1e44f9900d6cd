from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.settings import load_site
from simulators.courses import courses_of
from simulators.instruments import Fault, Instruments
from simulators.models.contract import Event
from simulators.models.gas_space import GasSpaces, Space
from simulators.reports import Report, Reports
from simulators.weather import Climate
from simulators.world import World

START = 1_750_000_000 * SECOND
MINUTE = 60 * SECOND
SITE = """
site: {id: town}
collectors:
  broker: {kind: mqtt, host: 127.0.0.1, topics: ["t/{device}"]}
  line: {kind: modbus_tcp, host: 127.0.0.1}
assets:
  MH-1: {kind: manhole, lifeline: gas}
  G-1: {kind: main, lifeline: gas}
  P-1: {kind: pipe, lifeline: water}
devices:
  gas-1: {profile: gas/manhole_methane, collector: broker, asset: MH-1, report_seconds: 60}
  meter-1: {profile: water/tuf2000m, collector: line, asset: P-1, unit: 7, report_seconds: 10}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_site(path).inventory


def _reports(inventory: Inventory, *faults: Fault, leak_ns: int | None = None) -> Reports:
    world = World([GasSpaces([Space("MH-1", {"G-1": 4.0})], end_ns=START + 86_400 * SECOND)], Climate(seed=1), START)
    if leak_ns is not None:
        world.stage(Event(leak_ns, "gas_leak", "G-1", amount=0.5))
    instruments = Instruments(faults)
    return Reports(inventory, courses_of(inventory, world, instruments), instruments, start_ns=START)


def _numbers(node: object) -> list[float]:
    """Return the numbers of a payload but for its time."""
    if isinstance(node, dict):
        return [number for value in node.values() for number in _numbers(value)]
    return [float(node)] if isinstance(node, int | float) and node < 1e9 else []


def _of(reports: list[Report], device: str) -> list[Report]:
    return [report for report in reports if report.device == device]


def test_every_device_reports_once_a_period_in_the_order_of_time(inventory: Inventory) -> None:
    reports = list(_reports(inventory).until(START + 10 * MINUTE))

    assert [report.arrives_ns for report in reports] == sorted(report.arrives_ns for report in reports)
    assert len(_of(reports, "gas-1")) == 10
    assert len(_of(reports, "meter-1")) == 60


def test_going_on_later_gives_what_one_go_would_have(inventory: Inventory) -> None:
    at_once = list(_reports(inventory).until(START + 10 * MINUTE))
    parts = _reports(inventory)

    in_parts = [*parts.until(START + 3 * MINUTE), *parts.until(START + 10 * MINUTE)]

    assert in_parts == at_once


def test_a_leak_stands_in_the_payload(inventory: Inventory) -> None:
    reports = _of(list(_reports(inventory, leak_ns=START + 5 * MINUTE).until(START + 60 * MINUTE)), "gas-1")

    shown = [_numbers(json.loads(report.payload or b"")) for report in reports]

    assert any(before < 10 and after > 50 for before, after in zip(shown[0], shown[-1], strict=True))


def test_a_device_that_is_asked_has_registers_and_a_dead_one_none(inventory: Inventory) -> None:
    reports = _reports(inventory, Fault(START + 5 * MINUTE, "dead", "meter-1"))

    assert reports.registers("meter-1", START + MINUTE)
    assert reports.registers("meter-1", START + 6 * MINUTE) is None


def test_an_offline_device_sends_all_it_kept_when_its_line_is_back(inventory: Inventory) -> None:
    fault = Fault(START + 2 * MINUTE, "offline", "gas-1", seconds=300.0)

    reports = _of(list(_reports(inventory, fault).until(START + 10 * MINUTE)), "gas-1")

    late = [report for report in reports if report.arrives_ns != report.time_ns]
    assert len(reports) == 10
    assert len(late) == 5
    assert {report.arrives_ns for report in late} == {START + 7 * MINUTE}


def test_a_wrong_clock_stands_in_the_payload_alone(inventory: Inventory) -> None:
    right = _of(list(_reports(inventory).until(START + 5 * MINUTE)), "gas-1")
    wrong = _of(
        list(_reports(inventory, Fault(START, "clock_jump", "gas-1", amount=3600.0)).until(START + 5 * MINUTE)), "gas-1"
    )

    assert [report.time_ns for report in wrong] == [report.time_ns for report in right]
    assert wrong[0].payload != right[0].payload


def test_a_stuck_point_repeats_itself(inventory: Inventory) -> None:
    fault = Fault(START + 2 * MINUTE, "stuck", "gas-1")
    reports = _reports(inventory, fault, leak_ns=START + 3 * MINUTE)

    shown = [reports.values("gas-1", START + minute * MINUTE) for minute in range(3, 30)]

    assert all(one == shown[0] for one in shown)


def test_the_same_seeds_give_the_same_bytes(inventory: Inventory) -> None:
    first = list(_reports(inventory, leak_ns=START + MINUTE).until(START + 10 * MINUTE))
    again = list(_reports(inventory, leak_ns=START + MINUTE).until(START + 10 * MINUTE))

    assert first == again
    assert np.unique([report.payload or b"" for report in _of(first, "gas-1")]).size > 5
