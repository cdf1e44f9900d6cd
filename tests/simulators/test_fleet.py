"""Simulated devices speak to real servers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient

from gateway.clock import SystemClock
from gateway.inventory import Inventory
from simulators.devices import registers_of
from simulators.fleet import Fleet, MqttTarget, healthy_signals, utc_offset_seconds
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.nats_broker import NatsBroker
from simulators.signals import Constant

NEW_YEAR = 1_767_225_600_000_000_000


@pytest.mark.slow
def test_every_device_on_a_broker_publishes_its_points_with_the_time(
    district: Inventory, tmp_path: Path, connect: Any
) -> None:
    signals = healthy_signals(district, at_ns=time.time_ns())
    with NatsBroker(tmp_path) as broker, connect(broker, "reader") as reader:
        reader.subscribe("lifeline/+/up")
        target = MqttTarget(broker.host, broker.port, "lifeline/{device}/up")

        before_ns = time.time_ns()
        fleet = Fleet(district, signals, clock=SystemClock(), brokers={"air": target}, lines={}, period_seconds=0.3)
        with fleet:
            messages = [json.loads(payload) for payload in reader.wait_for(6)]
        after_ns = time.time_ns()

    manholes = [message for message in messages if "data" in message]
    bridges = [message for message in messages if "strain" in message]
    assert len(manholes) >= 3
    assert bridges
    assert {frozenset(message["data"]) for message in manholes} == {frozenset({"ch4", "temp", "bat", "tilt", "water"})}
    assert all(before_ns // 1_000_000 <= message["ts"] <= after_ns // 1_000_000 for message in manholes)


def test_every_unit_on_a_line_holds_its_registers_before_the_first_request(district: Inventory) -> None:
    signals = dict(healthy_signals(district, at_ns=NEW_YEAR))
    meter = "A-meter-1.meter-1"
    constants = {"flow": 36.5, "velocity": 0.5, "sound_speed": 1480.25, "total": 7.0, "signal_quality": 78.0}
    signals.update({f"{meter}.{point}": Constant(value) for point, value in constants.items()})

    with ModbusServer() as line:
        fleet = Fleet(district, signals, clock=SystemClock(), brokers={}, lines={"pumps": line})
        with fleet, ModbusTcpClient(line.host, port=line.port) as client:
            meter_says = client.read_holding_registers(0, count=10, device_id=1)
            gauge_says = client.read_input_registers(2000, count=6, device_id=2)

    profile = district.devices["meter-1"].profile
    ((_, first, words),) = registers_of(profile, constants)
    assert first == 0
    assert meter_says.registers == words[:10]
    assert not gauge_says.isError()


def test_another_signal_is_followed_from_the_next_report_on(district: Inventory) -> None:
    signals = healthy_signals(district, at_ns=NEW_YEAR)
    with ModbusServer() as line:
        fleet = Fleet(district, signals, clock=SystemClock(), brokers={}, lines={"pumps": line})

        fleet.set_signal("A-meter-1.meter-1.signal_quality", Constant(11.0))
        with fleet, ModbusTcpClient(line.host, port=line.port) as client:
            says = client.read_holding_registers(91, count=1, device_id=1)

    assert says.registers == [11]


def test_a_stopped_fleet_may_start_again(district: Inventory) -> None:
    signals = healthy_signals(district, at_ns=NEW_YEAR)
    with ModbusServer() as line:
        fleet = Fleet(district, signals, clock=SystemClock(), brokers={}, lines={"pumps": line})
        fleet.start()
        fleet.stop()

        with fleet:
            units = line.table.device_ids()

    assert sorted(units) == [1, 2]


def test_local_time_is_that_of_the_site(district: Inventory) -> None:
    assert utc_offset_seconds(district, NEW_YEAR) == 28_800.0
