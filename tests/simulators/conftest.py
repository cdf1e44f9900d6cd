"""A plain MQTT client, apart from the gateway's own, and a small district."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.inventory import Asset, Channel, Device, Inventory
from gateway.profiles import read_profile

WAIT_SECONDS = 60.0


class Broker(Protocol):
    host: str
    port: int

    @property
    def pid(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Client:
    """A client with a persistent session."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.received: list[bytes] = []
        self._subscribed = threading.Event()
        self._connected = threading.Event()
        self._more = threading.Condition()
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._paho.on_connect = self._on_connect
        self._paho.on_subscribe = self._on_subscribe
        self._paho.on_message = self._on_message
        self._paho.connect(broker.host, broker.port)
        self._paho.loop_start()
        assert self._connected.wait(WAIT_SECONDS)

    def subscribe(self, topic: str) -> None:
        self._paho.subscribe(topic, qos=1)
        assert self._subscribed.wait(WAIT_SECONDS)

    def publish(self, topic: str, payload: bytes) -> None:
        """Return when the broker has acknowledged."""
        self._paho.publish(topic, payload, qos=1).wait_for_publish(WAIT_SECONDS)

    def wait_for(self, count: int) -> list[bytes]:
        with self._more:
            self._more.wait_for(lambda: len(self.received) >= count, WAIT_SECONDS)
            return list(self.received)

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def _on_connect(
        self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: Properties | None
    ) -> None:
        if not code.is_failure:
            self._connected.set()

    def _on_subscribe(
        self, _client: paho.Client, _data: object, _mid: int, _codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        self._subscribed.set()

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._more:
            self.received.append(bytes(message.payload))
            self._more.notify_all()


@pytest.fixture
def connect() -> Callable[[Broker, str], AbstractContextManager[Client]]:
    """Open a session under a name; leaving the block disconnects and the session stays."""

    @contextmanager
    def session(broker: Broker, name: str) -> Iterator[Client]:
        client = Client(broker, name)
        try:
            yield client
        finally:
            client.close()

    return session


@pytest.fixture
def district() -> Inventory:
    """Two manholes and a bridge on the broker `air`, a meter and a level gauge on the line `pumps`."""
    written = [
        ("gas-1", "gas/manhole_methane", "air", None),
        ("gas-2", "gas/manhole_methane", "air", None),
        ("node-1", "bridge/structural_node", "air", None),
        ("meter-1", "water/tuf2000m", "pumps", 1),
        ("level-2", "drainage/vegapuls", "pumps", 2),
    ]
    devices = {
        name: Device(name, read_profile(profile), collector, f"A-{name}", unit)
        for name, profile, collector, unit in written
    }
    assets = {
        device.asset: Asset(device.asset, "place", device.profile.lifeline, device.asset, None, {})
        for device in devices.values()
    }
    channels = [
        Channel(
            f"{device.asset}.{device.id}.{point.name}",
            device.asset,
            device.id,
            point.name,
            point.quantity,
            point.unit,
            point.span,
            60.0,
            180.0,
            0.0,
            point.stuck_seconds,
            point.importance,
            point.title,
            (),
        )
        for device in devices.values()
        for point in device.profile.points.values()
    ]
    return Inventory("d", "D", "Asia/Shanghai", assets, devices, {channel.id: channel for channel in channels})
