"""Published = in history = in the database, counted over distinct (channel, time), through real servers.

A real MQTT broker, a real Modbus server and VictoriaMetrics; on the way the database stops and the gateway is killed.
A register has no acknowledgement: what was polled and not yet on disk at the kill was never collected, so that of
Modbus it is asked that history and database agree and that the line showed every value in them.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from gateway.health import Health
from gateway.history import History
from gateway.settings import HistorySettings
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from simulators.servers.registers import Behaviour
from simulators.servers.victoria_metrics import VictoriaMetrics
from tests.processes import GatewayProcess, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]

DEVICES = 10
ROUNDS = 400
ROUND_SECONDS = 0.05
UNITS = (1, 2)
POLL_SECONDS = 0.1
PRESSURE = 256
"""Where the transmitter keeps its pressure, in bar, as a float32 over two registers."""

Points = dict[tuple[str, int], float]
"""(channel, time in ms) → value."""


def value_of(device: int, number: int) -> float:
    return (device * 1_000 + number) % 977 / 50


class Publisher:
    """Publishes numbered rounds at QoS 1, one message a device, until each is acknowledged by the broker."""

    def __init__(self, port: int) -> None:
        self.published: Points = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
        self._client.max_inflight_messages_set(200)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._start_ms = time.time_ns() // 1_000_000

    def rounds(self, first: int, last: int) -> None:
        """Publish some rounds and return when the broker has acknowledged them all."""
        sent = []
        for number in range(first, last):
            time_ms = self._start_ms + round(number * ROUND_SECONDS * 1_000)
            for device in range(DEVICES):
                value = value_of(device, number)
                body = f'{{"ts": {time_ms}, "data": {{"ch4": {value}}}}}'
                sent.append(self._client.publish(f"all/gas-{device}/up", body, qos=1))
                self.published[f"MH-{device}.gas-{device}.ch4", time_ms] = value
            threading.Event().wait(ROUND_SECONDS)
        for message in sent:
            message.wait_for_publish(30)
            assert message.is_published()

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()


class Line:
    """Two transmitters on one Modbus line whose pressure changes all the time; notes every value it showed."""

    def __init__(self, server: ModbusServer) -> None:
        self.shown: dict[int, set[float]] = {unit: set() for unit in UNITS}
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)

    def start(self) -> None:
        """Begin to change."""
        self._show(0)
        self._thread.start()

    def silence(self) -> None:
        """Answer nothing from now on: what was answered is what was published."""
        self._stop.set()
        self._thread.join()
        for unit in UNITS:
            self._server.behave(unit, Behaviour(is_silent=True))

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(POLL_SECONDS / 3):
            number += 1
            self._show(number)

    def _show(self, number: int) -> None:
        for unit in UNITS:
            packed = struct.pack(">f", unit + number % 4_096 / 4_096)
            (bar,) = struct.unpack(">f", packed)
            self.shown[unit].add(round(bar * 0.1, 9))
            words = [int.from_bytes(packed[place : place + 2], "big") for place in (0, 2)]
            self._server.put(unit, "holding", PRESSURE, [*words, 0, 0])


def write_site(folder: Path, broker_port: int, modbus_port: int, influxdb_url: str) -> Path:
    site = {
        "site": {"id": "all", "http_port": 0},
        "collectors": {
            "broker": {
                "kind": "mqtt",
                "host": "127.0.0.1",
                "port": broker_port,
                "topics": ["all/{device}/up"],
                "in_flight": 200,
            },
            "line": {"kind": "modbus_tcp", "host": "127.0.0.1", "port": modbus_port, "poll_seconds": POLL_SECONDS},
        },
        "assets": {f"MH-{i}": {"kind": "manhole", "lifeline": "gas"} for i in range(DEVICES)}
        | {f"P-{unit}": {"kind": "pipe", "lifeline": "water"} for unit in UNITS},
        "devices": {
            f"gas-{i}": {"profile": "gas/manhole_methane", "collector": "broker", "asset": f"MH-{i}"}
            for i in range(DEVICES)
        }
        | {
            f"pressure-{unit}": {
                "profile": "water/keller_36xw",
                "collector": "line",
                "unit": unit,
                "asset": f"P-{unit}",
            }
            for unit in UNITS
        },
        "stores": {"influxdb": {"url": influxdb_url, "org": "city", "bucket": "lifeline", "timeout_seconds": 2}},
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site, sort_keys=False))
    return path


def polled(gateway: GatewayProcess, name: str) -> float:
    return gateway.count("collector:line", name)


def in_history(state: Path, point: str) -> Points:
    """Return what the history holds of all channels of a point; fail on a time held twice."""
    history = History.open(state / "history", settings=HistorySettings(), health=Health())
    rows: Points = {}
    try:
        for channel, number in history.channels().items():
            if channel.endswith(f".{point}"):
                columns = history.read(number, 0, 2**62)
                assert len(set(columns.time_ns.tolist())) == len(columns.time_ns)
                for time_ns, value in zip(columns.time_ns.tolist(), columns.value.tolist(), strict=True):
                    rows[channel, time_ns // 1_000_000] = value
    finally:
        history.close()
    return rows


def in_database(database: VictoriaMetrics, metric: str) -> Points:
    return {
        (channel, time_ms): value
        for channel, points in database.points(metric).items()
        for time_ms, value in points.items()
    }


@pytest.fixture(params=["nats-server", "mosquitto"])
def broker_port(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str], str]) -> Iterator[int]:
    broker: NatsBroker | MosquittoBroker
    if request.param == "mosquitto":
        broker = MosquittoBroker(need("mosquitto"), tmp_path / "broker")
    else:
        broker = NatsBroker(tmp_path / "broker", ack_wait_seconds=2)
    with broker:
        yield broker.port


def test_what_was_published_is_in_history_and_in_the_database(
    broker_port: int, tmp_path: Path, need: Callable[[str], str]
) -> None:
    database = VictoriaMetrics(need("victoria-metrics"), tmp_path / "database")
    with database, ModbusServer() as server:
        line = Line(server)
        line.start()
        site = write_site(tmp_path, broker_port, server.port, database.url)
        gateway = GatewayProcess(site, tmp_path / "state", log=tmp_path / "gateway.log")
        publisher = Publisher(broker_port)
        try:
            gateway.start()
            gateway.wait_ready()
            publisher.rounds(0, ROUNDS // 4)
            database.stop()
            publisher.rounds(ROUNDS // 4, ROUNDS // 2)
            gateway.kill()
            gateway.start()
            publisher.rounds(ROUNDS // 2, 3 * ROUNDS // 4)
            gateway.wait_ready()
            database.start()
            publisher.rounds(3 * ROUNDS // 4, ROUNDS)

            line.silence()
            # A line asks one thing at a time: once it waited in vain, what was answered before has arrived.
            unanswered = polled(gateway, "failed")
            wait_until(lambda: polled(gateway, "failed") >= unanswered + 2, 60, "polls without an answer")
            wait_until(lambda: polled(gateway, "sent") == polled(gateway, "received"), 60, "the journal")
            wait_until(lambda: gateway.kept("ch4") >= len(publisher.published), 60, "the broker to deliver")
            gateway.wait_drained()
            wait_until(lambda: gateway.metric("lifeline_influxdb_behind_records") == 0, 60, "the database to catch up")
            assert gateway.stop() == 0
        finally:
            gateway.kill()
            publisher.close()
        gas, stored_gas = in_history(tmp_path / "state", "ch4"), in_database(database, "combustible_gas_value")
        water, stored_water = in_history(tmp_path / "state", "pressure"), in_database(database, "water_pressure_value")

    assert gas == publisher.published
    assert stored_gas == publisher.published
    assert water.keys() == stored_water.keys()
    # VictoriaMetrics keeps 15 digits.
    assert stored_water == pytest.approx(water, rel=1e-14)
    assert len(water) > ROUNDS * ROUND_SECONDS / POLL_SECONDS / 2
    for (channel, _), bar in water.items():
        assert round(bar, 9) in line.shown[int(channel.split(".")[0].removeprefix("P-"))]
    print(f"{len(gas)} messages and {len(water)} polls: published, in history and in the database")
