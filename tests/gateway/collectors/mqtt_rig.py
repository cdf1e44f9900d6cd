"""What the tests of the MQTT collector share."""

from __future__ import annotations

from gateway.clock import SystemClock
from gateway.collectors.backoff import Backoff
from gateway.collectors.mqtt import MqttCollector
from gateway.settings import MqttSettings
from tests.gateway.collectors.rig import (
    Broker,
    Link,
    RecordingJournal,
    WatchedHealth,
    gas_devices,
)

NOW_MS = 1_760_000_000_000
TOPIC = "lifeline/gas-1/up"


def mqtt_settings(broker: Broker | Link, in_flight: int = 20, keepalive_seconds: float = 30) -> MqttSettings:
    return MqttSettings(
        "district",
        broker.host,
        broker.port,
        client_id="lifeline-test-district",
        topics=("lifeline/{device}/up",),
        in_flight=in_flight,
        keepalive_seconds=keepalive_seconds,
    )


def mqtt_collector(
    settings: MqttSettings,
    health: WatchedHealth,
    *,
    recent: tuple[bytes, ...] = (),
    max_waiting: int = 5_000,
    devices: int = 1,
) -> MqttCollector:
    return MqttCollector(
        settings,
        gas_devices(count=devices),
        clock=SystemClock(),
        health=health,
        recent=recent,
        max_waiting=max_waiting,
        backoff=Backoff(0.02, 0.1, seed=1),
    )


def numbered(count: int, start: int = 0) -> list[tuple[str, bytes]]:
    return [(TOPIC, b'{"ts":%d,"ch4":%d}' % (NOW_MS + n, n)) for n in range(start, start + count)]


def values(journal: RecordingJournal) -> list[float]:
    return [value for _, _, value in journal.rows]
