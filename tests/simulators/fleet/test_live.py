"""Simulated devices speak to real servers, and to clients that know nothing of this house."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymodbus.client import ModbusTcpClient

from gateway.clock import SystemClock
from gateway.errors import Unreachable
from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.devices import registers_of
from simulators.fleet import LiveFleet, MqttTarget, Pace, WallClock
from simulators.instruments import Fault, Instruments
from simulators.reports import Reports
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from simulators.servers.registers import Behaviour
from simulators.signals import Constant, Signal
from tests.simulators.fleet.healthy_site import healthy_signals, utc_offset_seconds

WAIT_SECONDS = 60.0
NEW_YEAR = 1_767_225_600_000_000_000
METER = "A-meter-1.meter-1"
CONSTANTS = {"flow": 36.5, "velocity": 0.5, "sound_speed": 1480.25, "total": 7.0, "signal_quality": 78.0}


def _fleet(
    district: Inventory,
    signals: dict[str, Signal],
    *faults: Fault,
    brokers: dict[str, MqttTarget] | None = None,
    lines: dict[str, int] | None = None,
    speed: float = 1.0,
) -> LiveFleet:
    reports = Reports(
        district,
        signals,
        Instruments(faults),
        start_ns=time.time_ns(),
        period_seconds=dict.fromkeys(district.devices, 1.0),
    )
    clock = SystemClock()
    timing = WallClock(clock) if speed == 1.0 else Pace(clock, start_ns=time.time_ns(), speed=speed)
    return LiveFleet(district, reports, timing=timing, brokers=brokers or {}, lines=lines or {})


def _steady(district: Inventory) -> dict[str, Signal]:
    signals: dict[str, Signal] = dict(healthy_signals(district, at_ns=NEW_YEAR))
    return signals | {f"{METER}.{point}": Constant(value) for point, value in CONSTANTS.items()}


@pytest.mark.slow
def test_every_device_on_a_broker_publishes_its_points_with_the_time(
    district: Inventory, tmp_path: Path, connect: Any
) -> None:
    signals: dict[str, Signal] = dict(healthy_signals(district, at_ns=time.time_ns()))
    with NatsBroker(tmp_path) as broker, connect(broker, "reader") as reader:
        reader.subscribe("lifeline/+/up")
        target = MqttTarget(broker.host, broker.port, "lifeline/{device}/up")

        before_ns = time.time_ns()
        with _fleet(district, signals, brokers={"air": target}) as fleet:
            messages = [json.loads(payload) for payload in reader.wait_for(9)]
        counted = fleet.counted()
        after_ns = time.time_ns()

    manholes = [message for message in messages if "data" in message]
    assert len(manholes) >= 5
    assert [message for message in messages if "strain" in message]
    assert {frozenset(message["data"]) for message in manholes} == {frozenset({"ch4", "temp", "bat", "tilt", "water"})}
    assert all(before_ns // 1_000_000 <= message["ts"] <= after_ns // 1_000_000 for message in manholes)
    assert counted.messages >= 9
    assert fleet.failed is None


@pytest.mark.slow
def test_time_may_go_faster_than_real_time(district: Inventory, tmp_path: Path, connect: Any) -> None:
    with NatsBroker(tmp_path) as broker, connect(broker, "reader") as reader:
        reader.subscribe("lifeline/+/up")
        target = MqttTarget(broker.host, broker.port, "lifeline/{device}/up")

        began = time.monotonic()
        with _fleet(district, _steady(district), brokers={"air": target}, speed=60.0):
            messages = [json.loads(payload) for payload in reader.wait_for(200)]
        took_seconds = time.monotonic() - began

    stamps = np.array([message["ts"] for message in messages if "data" in message]) / 1000.0
    assert len(messages) >= 200
    assert stamps.max() - stamps.min() > 10 * took_seconds


def test_a_device_that_is_asked_holds_its_registers(district: Inventory) -> None:
    fleet = _fleet(district, _steady(district), lines={"pumps": 0})
    with fleet, ModbusTcpClient(fleet.host, port=fleet.ports["pumps"]) as client:
        meter_says = client.read_holding_registers(0, count=10, device_id=1)
        gauge_says = client.read_input_registers(2000, count=6, device_id=2)

    ((_, first, words),) = registers_of(district.devices["meter-1"].profile, CONSTANTS)
    assert first == 0
    assert meter_says.registers == words[:10]
    assert not gauge_says.isError()


def test_another_signal_is_followed_from_the_next_request_on(district: Inventory) -> None:
    signals = _steady(district)
    fleet = _fleet(district, signals, lines={"pumps": 0})
    with fleet, ModbusTcpClient(fleet.host, port=fleet.ports["pumps"]) as client:
        signals[f"{METER}.signal_quality"] = Constant(11.0)

        says = client.read_holding_registers(91, count=1, device_id=1)

    assert says.registers == [11]


def test_a_dead_device_does_not_answer_and_its_neighbour_does(district: Inventory) -> None:
    dead = Fault(0, "dead", "meter-1")
    fleet = _fleet(district, _steady(district), dead, lines={"pumps": 0})
    with fleet:
        with ModbusTcpClient(fleet.host, port=fleet.ports["pumps"], timeout=30, retries=0) as patient:
            alive = patient.read_input_registers(2000, count=2, device_id=2)
        with (
            ModbusTcpClient(fleet.host, port=fleet.ports["pumps"], timeout=0.2, retries=0) as impatient,
            pytest.raises(Exception, match="No response"),
        ):
            impatient.read_holding_registers(0, count=1, device_id=1)

    assert not alive.isError()


def test_a_device_may_answer_with_an_exception(district: Inventory) -> None:
    fleet = _fleet(district, _steady(district), lines={"pumps": 0})
    with fleet, ModbusTcpClient(fleet.host, port=fleet.ports["pumps"]) as client:
        fleet.behave("meter-1", Behaviour(exception=6))

        says = client.read_holding_registers(0, count=1, device_id=1)

    assert says.isError()
    assert says.exception_code == 6


def test_a_port_that_is_taken_is_said_and_nothing_stays_open(district: Inventory) -> None:
    with ModbusServer() as other:
        fleet = _fleet(district, _steady(district), lines={"pumps": other.port})

        with pytest.raises(Unreachable, match=f"port {other.port} .* is taken"):
            fleet.listen()

    fleet.stop()


def test_what_is_done_between_two_reports_is_done_in_the_fleets_own_thread(district: Inventory) -> None:
    with _fleet(district, _steady(district), lines={"pumps": 0}) as fleet:
        where = fleet.between(lambda: threading.current_thread().name).result(WAIT_SECONDS)
        refused = fleet.between(lambda: int("no number"))

        with pytest.raises(ValueError, match="no number"):
            refused.result(WAIT_SECONDS)

    assert where == "fleet"
    with pytest.raises(Unreachable, match="does not listen"):
        fleet.between(lambda: None)


def test_nobody_listens_once_it_has_stopped(district: Inventory) -> None:
    fleet = _fleet(district, _steady(district), lines={"pumps": 0})
    with fleet:
        port = fleet.ports["pumps"]

    with socket.socket() as probe:
        assert probe.connect_ex((fleet.host, port)) != 0


GAS = {"ch4": 1.25, "temperature": 17.5, "battery": 3.612, "tilt": 0.6, "immersion": 0.0}
SAID = {"ch4": 1.25, "temp": 17.5, "bat": 3612, "tilt": 0.6, "water": 0}


@pytest.mark.slow
def test_mosquitto_sub_reads_the_fleet_as_it_truly_is(
    district: Inventory, tmp_path: Path, need: Callable[[str], str]
) -> None:
    program, signals = need("mosquitto_sub"), _steady(district)
    signals |= {f"A-gas-1.gas-1.{point}": Constant(value) for point, value in GAS.items()}
    with MosquittoBroker(need("mosquitto"), tmp_path) as broker:
        target = MqttTarget(broker.host, broker.port, "lifeline/{device}/up")
        where = ["-h", broker.host, "-p", str(broker.port), "-q", "1"]
        asks = [program, *where, "-t", "lifeline/gas-1/up", "-C", "3", "-W", "10", "-v"]

        before_ns = time.time_ns()
        with _fleet(district, signals, brokers={"air": target}):
            heard = subprocess.run(asks, capture_output=True, text=True, check=True)
        after_ns = time.time_ns()

    topics = {line.split(" ", 1)[0] for line in heard.stdout.splitlines()}
    payloads = [json.loads(line.split(" ", 1)[1]) for line in heard.stdout.splitlines()]
    assert topics == {"lifeline/gas-1/up"}
    assert [payload["data"] for payload in payloads] == [SAID] * 3
    assert all(before_ns // 1_000_000 <= payload["ts"] <= after_ns // 1_000_000 for payload in payloads)


def test_local_time_is_that_of_the_site(district: Inventory) -> None:
    assert utc_offset_seconds(district, NEW_YEAR) == 28_800.0


def test_a_pace_tells_how_long_to_wait_in_real_seconds() -> None:
    pace = Pace(SystemClock(), start_ns=NEW_YEAR, speed=60.0)

    seconds = pace.seconds_until(NEW_YEAR + 600 * SECOND)

    assert 9.0 < seconds <= 10.0
