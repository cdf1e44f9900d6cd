"""`lifeline probe` against real servers: what a device sent, what it means, and what it says when nobody answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.cli import main
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.nats_broker import NatsBroker
from simulators.servers.registers import Behaviour
from simulators.servers.serial_pair import SerialPair

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def line() -> Iterator[ModbusServer]:
    with ModbusServer() as server:
        # KELLER 36XW: 0.35 MPa as 3.5 bar at 256, 14.25 Cel at 258.
        server.put(2, "holding", 256, [0x4060, 0x0000, 0x4164, 0x0000])
        # A pressure of 50 bar is beyond the span; the temperature channel failed.
        server.put(3, "holding", 256, [0x4248, 0x0000, 0x7FC0, 0x0000])
        server.put(8, "holding", 256, [0, 0, 0, 0])
        server.behave(8, Behaviour(is_silent=True))
        yield server


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsBroker]:
    with NatsBroker(tmp_path_factory.mktemp("nats")) as nats:
        yield nats


def site_file(folder: Path, modbus_port: int, mqtt_port: int) -> str:
    path = folder / "site.yaml"
    path.write_text(
        f"""
site: {{id: probed}}
collectors:
  line: {{kind: modbus_tcp, host: 127.0.0.1, port: {modbus_port}, timeout_seconds: 0.5}}
  district: {{kind: mqtt, host: 127.0.0.1, port: {mqtt_port}, topics: ["up/{{device}}"]}}
assets:
  P-1: {{kind: pipe, lifeline: water}}
  MH-1: {{kind: manhole, lifeline: gas}}
devices:
  right: {{profile: water/keller_36xw, collector: line, unit: 2, asset: P-1}}
  wrong: {{profile: water/keller_36xw, collector: line, unit: 3, asset: P-1}}
  away: {{profile: water/keller_36xw, collector: line, unit: 9, asset: P-1}}
  silent: {{profile: water/keller_36xw, collector: line, unit: 8, asset: P-1}}
  gas-1: {{profile: gas/manhole_methane, collector: district, asset: MH-1}}
  gas-2: {{profile: gas/manhole_methane, collector: district, asset: MH-1}}
"""
    )
    return str(path)


@pytest.fixture
def site(tmp_path: Path, line: ModbusServer, broker: NatsBroker) -> str:
    return site_file(tmp_path, line.port, broker.port)


def publish(broker: NatsBroker, topic: str, payload: str) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(topic, payload, qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_a_modbus_device_shows_registers_values_units_and_quality(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["probe", site, "right"])

    head, _, pressure, temperature = capsys.readouterr().out.splitlines()
    assert exit_code == 0
    assert head.startswith("right (water/keller_36xw), Modbus 127.0.0.1:")
    assert pressure.split() == ["pressure", "256:", "4060", "0000", "0.35", "MPa", "GOOD"]
    assert temperature.split() == ["temperature", "258:", "4164", "0000", "14.25", "Cel", "GOOD"]


def test_values_that_are_not_good_are_findings(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["probe", site, "wrong", "--json"])

    pressure, temperature = json.loads(capsys.readouterr().out)["points"]
    assert exit_code == 1
    assert (pressure["value"], pressure["quality"], pressure["fault"]) == (5.0, "FAIL", "outside -0.1 to 3")
    assert (temperature["value"], temperature["quality"], temperature["raw"]) == (None, "MISSING", "258: 7fc0 0000")


def test_a_converter_that_reaches_no_device_is_unavailable(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["probe", site, "away"])

    assert exit_code == 69
    assert "exception 11: gateway target does not respond" in capsys.readouterr().out


def test_a_device_that_does_not_answer_is_unavailable(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["probe", site, "silent"])

    assert exit_code == 69
    assert "unit 8 does not answer: no reply within 0.5 s (check power, wiring" in capsys.readouterr().err


def test_an_mqtt_device_shows_its_payload_and_what_it_means(
    site: str, broker: NatsBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = '{"ts":1767225600000,"data":{"ch4":1.4,"temp":"warm","bat":3612,"tilt":0.6}}'
    publish(broker, "up/gas-1", payload)

    exit_code = main(["probe", site, "gas-1", "--seconds", "5", "--json"])

    found = json.loads(capsys.readouterr().out)
    points = {point["point"]: point for point in found["points"]}
    assert exit_code == 1
    assert found["payload"] == payload
    assert (points["ch4"]["value"], points["ch4"]["unit"], points["ch4"]["quality"]) == (1.4, "%{LEL}", "GOOD")
    assert points["ch4"]["channel"] == "MH-1.gas-1.ch4"
    assert points["battery"]["value"] == 3.612
    assert points["temperature"]["value"] is None
    assert "warm" in points["temperature"]["fault"] or "text" in points["temperature"]["fault"]
    assert points["immersion"]["fault"] == "not in the message"


def test_an_mqtt_device_that_says_nothing_is_unavailable(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["probe", site, "gas-2", "--seconds", "0.5"])

    assert exit_code == 69
    assert "gas-2 said nothing on 127.0.0.1:" in capsys.readouterr().err


def test_probing_leaves_no_session_at_the_broker_and_no_thread_behind(site: str, broker: NatsBroker) -> None:
    publish(broker, "up/gas-1", '{"ts":1767225600000,"data":{"ch4":1.4}}')
    threads = threading.active_count()

    main(["probe", site, "gas-1", "--seconds", "5"])

    assert threading.active_count() == threads


def test_a_broker_that_is_away_is_unavailable(
    tmp_path: Path, line: ModbusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["probe", site_file(tmp_path, line.port, 1), "gas-1"])

    assert exit_code == 69
    assert "the broker 127.0.0.1:1" in capsys.readouterr().err


def test_a_device_that_the_site_does_not_have_is_a_configuration_fault(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["probe", site, "rihgt"])

    assert exit_code == 78
    assert "there is no device 'rihgt' (did you mean 'right'?)" in capsys.readouterr().err


def test_a_device_on_a_serial_line_is_read_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SerialPair() as wire, ModbusServer(framing="rtu", device=wire.theirs) as server:
        server.put(1, "holding", 256, [0x4060, 0, 0x4164, 0])
        path = tmp_path / "site.yaml"
        path.write_text(
            "site: {id: here}\n"
            f"collectors: {{wells: {{kind: modbus_rtu, port: {wire.ours}}}}}\n"
            "assets: {P-1: {kind: pipe, lifeline: water}}\n"
            "devices: {p1: {profile: water/keller_36xw, collector: wells, unit: 1, asset: P-1}}\n"
        )

        exit_code = main(["probe", str(path), "p1", "--json"])

    points = {each["point"]: each["value"] for each in json.loads(capsys.readouterr().out)["points"]}
    assert exit_code == 0
    assert points == {"pressure": pytest.approx(0.35), "temperature": pytest.approx(14.25)}
