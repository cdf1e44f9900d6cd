"""Killed with -9 at random, thirty times: every acknowledged message is in the history once, the warnings are the same.

Two gateways hear the same numbered stream from the same broker; one of them is killed. They must end up the same.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from gateway.health import Health
from gateway.history import History
from gateway.model import Quality
from gateway.settings import HistorySettings
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from tests.processes import GatewayProcess, wait_until

pytestmark = pytest.mark.fault

KILLS = int(os.environ.get("LIFELINE_KILLS", "30"))
DEVICES = 10
MESSAGES_PER_SECOND = 500
MOST_WAITING = 1_000
REORDER_SECONDS = 20
"""A message killed several times over comes again after several of the broker's time-outs of 2 s."""


def value_of(number: int) -> float:
    """Return what message `number` of one device says: quiet, with an excursion over a limit now and then."""
    place = number % 600
    if 150 <= place < 300:
        return 30.0 if (number // 600) % 2 == 0 else 60.0
    return (number * 7 % 1000) / 100


class Publisher:
    """A numbered stream at QoS 1; knows which messages the broker has acknowledged."""

    def __init__(self, port: int) -> None:
        self.acked: dict[tuple[int, int], float] = {}
        """(device, time in ms) → value of every message that the broker has acknowledged."""
        self._port = port
        self._waiting: dict[int, tuple[int, int, float]] = {}
        # paho holds a lock of its own while it calls back: only note the number there.
        self._answered: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Stop publishing and wait until the broker has acknowledged everything."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(60)
            assert not self._waiting

    def _run(self) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
        client.max_inflight_messages_set(200)
        client.on_publish = lambda _client, _userdata, mid, _reason, _properties: self._answered.put(mid)
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        number, start_ms = 0, time.time_ns() // 1_000_000
        while not self._stop.wait(DEVICES / MESSAGES_PER_SECOND):
            time_ms = start_ms + number * 1000 * DEVICES // MESSAGES_PER_SECOND
            for device in range(DEVICES):
                body = f'{{"ts": {time_ms}, "data": {{"ch4": {value_of(number)}}}}}'
                sent = client.publish(f"kill/gas-{device}/up", body, qos=1)
                self._waiting[sent.mid] = (device, time_ms, value_of(number))
            while len(self._waiting) >= MOST_WAITING or not self._answered.empty():
                self._note_answer()
            number += 1
        while self._waiting:
            self._note_answer()
        client.disconnect()
        client.loop_stop()

    def _note_answer(self) -> None:
        device, time_ms, value = self._waiting.pop(self._answered.get(timeout=30))
        self.acked[device, time_ms] = value


def write_site(folder: Path, name: str, port: int) -> Path:
    """Write the site of one of the two gateways; they differ in the client id alone."""
    site: dict[str, Any] = {
        "site": {"id": "kill", "name": "kill"},
        "collectors": {
            "broker": {
                "kind": "mqtt",
                "host": "127.0.0.1",
                "port": port,
                "client_id": f"gateway-{name}",
                "topics": ["kill/{device}/up"],
                "in_flight": 200,
            }
        },
        "assets": {f"MH-{i}": {"kind": "manhole", "lifeline": "gas", "name": f"MH-{i}"} for i in range(DEVICES)},
        "devices": {
            f"gas-{i}": {"profile": "gas/manhole_methane", "collector": "broker", "asset": f"MH-{i}"}
            for i in range(DEVICES)
        },
        # A broker that redelivers after its own time-out mixes the order; the detectors wait for it.
        "channels": {f"MH-{i}.gas-{i}.ch4": {"reorder_seconds": REORDER_SECONDS} for i in range(DEVICES)},
        "ladders": {
            "gas": {
                "quantity": "combustible_gas",
                "hazard": "gas_leak",
                "direction": "above",
                "rungs": {"yellow": 20, "orange": 50, "red": 90},
                "deadband": 2,
                "on_seconds": 1,
                "off_seconds": 2,
                "basis": "made for the test",
            }
        },
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(site, sort_keys=False))
    return path


def rows_of(state: Path) -> dict[tuple[int, int], float]:
    """Return (device, time in ms) → value as the history holds it; fail on a time held twice."""
    history = History.open(state / "history", settings=HistorySettings(), health=Health())
    rows: dict[tuple[int, int], float] = {}
    try:
        for channel, number in history.channels().items():
            if not channel.endswith(".ch4"):
                continue
            device = int(channel.split(".")[1].removeprefix("gas-"))
            columns = history.read(number, 0, 2**62)
            assert len(set(columns.time_ns.tolist())) == len(columns.time_ns)
            assert set(columns.quality.tolist()) <= {Quality.GOOD}
            for time_ns, value in zip(columns.time_ns.tolist(), columns.value.tolist(), strict=True):
                assert time_ns % 1_000_000 == 0
                rows[device, time_ns // 1_000_000] = value
    finally:
        history.close()
    return rows


def has_settled(gateway: GatewayProcess) -> bool:
    """Tell whether the gateway has read everything and the detectors have waited for the late."""
    return gateway.metric("lifeline_reader_lag_records") == 0 and gateway.metric("lifeline_detection_waiting_rows") == 0


def warnings_of(gateway: GatewayProcess) -> set[tuple[str, ...]]:
    """Return each warning (hazard, asset, peak level, start) and each step of its life by source time."""
    found: set[tuple[str, ...]] = set()
    for listed in gateway.get("/api/v1/warnings?include_closed=true")["warnings"]:
        if listed["hazard"] != "gas_leak":
            continue
        found.add((listed["hazard"], listed["asset"], listed["peak_level"], listed["start"]))
        for step in gateway.get(f"/api/v1/warnings/{listed['id']}")["steps"]:
            found.add((listed["hazard"], listed["asset"], step["kind"], step["level"], step["source_time"]))
    return found


@pytest.fixture(params=["nats-server", "mosquitto"])
def broker_port(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str], str]) -> Iterator[int]:
    broker: NatsBroker | MosquittoBroker
    if request.param == "mosquitto":
        broker = MosquittoBroker(need("mosquitto"), tmp_path / "broker")
    else:
        broker = NatsBroker(tmp_path / "broker", ack_wait_seconds=2)
    with broker:
        yield broker.port


def test_thirty_kills_lose_nothing_and_change_no_warning(broker_port: int, tmp_path: Path) -> None:
    chance = random.Random(30)
    killed = GatewayProcess(write_site(tmp_path, "killed", broker_port), tmp_path / "killed", log=tmp_path / "k.log")
    steady = GatewayProcess(write_site(tmp_path, "steady", broker_port), tmp_path / "steady", log=tmp_path / "s.log")
    publisher = Publisher(broker_port)
    try:
        for gateway in (killed, steady):
            gateway.start()
            gateway.wait_ready()
        publisher.start()

        for _ in range(KILLS):
            killed.wait_ready()
            threading.Event().wait(chance.uniform(0.0, 1.0))
            killed.kill()
            killed.start()

        publisher.stop()
        killed.wait_ready()
        for gateway in (killed, steady):
            # What was not acknowledged comes again when the broker's time-out is over.
            wait_until(lambda g=gateway: g.kept("ch4") >= len(publisher.acked), 60, "the broker to deliver")
            wait_until(lambda g=gateway: has_settled(g), REORDER_SECONDS + 60, "the stream to be worked off")
        assert warnings_of(killed) == warnings_of(steady)
        assert len({asset for _, asset, *_ in warnings_of(steady)}) == DEVICES
        assert [gateway.stop() for gateway in (killed, steady)] == [0, 0]
    finally:
        killed.kill()
        steady.kill()
        publisher.stop()

    for state in (tmp_path / "killed", tmp_path / "steady"):
        rows = rows_of(state)
        assert not publisher.acked.keys() - rows.keys()
        assert {key: rows[key] for key in publisher.acked} == publisher.acked
    print(f"{len(publisher.acked)} messages acknowledged, {KILLS} kills, 0 lost, 0 duplicated")
