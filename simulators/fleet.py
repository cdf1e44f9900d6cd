"""A simulated device for every device of a site, speaking its real protocol to real servers.

MQTT devices publish at QoS 1 as a device would; Modbus devices change their registers and wait to be asked.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.clock import Clock
from gateway.inventory import Channel, Device, Inventory
from gateway.model import SECOND
from simulators.devices import payload_of, registers_of
from simulators.servers.modbus_server import ModbusServer
from simulators.signals import Signal, healthy

_MAX_QUEUED_MESSAGES = 10_000
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MqttTarget:
    """Where devices of one collector publish; the topic has one `{device}` level."""

    host: str
    port: int
    topic: str


class Fleet:
    """All devices of a site; a block of it runs them.

    `brokers` and `lines` are by collector id; a device whose collector is in neither stays dark.
    """

    def __init__(
        self,
        inventory: Inventory,
        signals: Mapping[str, Signal],
        *,
        clock: Clock,
        brokers: Mapping[str, MqttTarget],
        lines: Mapping[str, ModbusServer],
        period_seconds: float = 2.0,
    ) -> None:
        self._clock = clock
        self._brokers = brokers
        self._lines = lines
        self._period_ns = round(period_seconds * SECOND)
        self._signals = dict(signals)
        self._devices = [
            device for device in inventory.devices.values() if device.collector in brokers or device.collector in lines
        ]
        self._channels: dict[str, list[Channel]] = {device.id: [] for device in self._devices}
        for channel in inventory.channels.values():
            if channel.device in self._channels:
                self._channels[channel.device].append(channel)
        self._clients: dict[str, paho.Client] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def set_signal(self, channel: str, signal: Signal) -> None:
        """Let a channel follow another signal from its next report on."""
        self._signals[channel] = signal

    def fill_registers(self) -> None:
        """Give every Modbus device its first registers, so that a collector may ask before the fleet has started."""
        for device in self._devices:
            if device.collector in self._lines:
                self._report(device)

    def start(self) -> None:
        """Let all devices report."""
        self.fill_registers()
        for collector, target in self._brokers.items():
            client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"fleet-{collector}")
            client.max_inflight_messages_set(100)
            client.max_queued_messages_set(_MAX_QUEUED_MESSAGES)
            client.connect_async(target.host, target.port)
            client.loop_start()
            self._clients[collector] = client
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let every device fall silent."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()
        self._clients.clear()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        """Report each device once a period, spread evenly, as devices that know nothing of each other would."""
        begin_ns = self._clock.now().monotonic_ns
        count = max(1, len(self._devices))
        due = [(begin_ns + self._period_ns * place // count, place) for place in range(len(self._devices))]
        while due and not self._stopping.is_set():
            when_ns, place = due[0]
            wait_seconds = (when_ns - self._clock.now().monotonic_ns) / SECOND
            if wait_seconds > 0 and self._stopping.wait(wait_seconds):
                return
            heapq.heapreplace(due, (when_ns + self._period_ns, place))
            self._report(self._devices[place])

    def _report(self, device: Device) -> None:
        now_ns = self._clock.now().utc_ns
        moment = np.array([now_ns], np.int64)
        values = {
            channel.point: float(self._signals[channel.id].at(moment)[0]) for channel in self._channels[device.id]
        }
        if device.collector in self._lines:
            line, unit = self._lines[device.collector], device.unit or 1
            for kind, address, words in registers_of(device.profile, values):
                line.put(unit, kind, address, words)
        else:
            topic = self._brokers[device.collector].topic.format(device=device.id)
            self._clients[device.collector].publish(topic, payload_of(device.profile, values, now_ns), qos=1)


def healthy_signals(inventory: Inventory, *, at_ns: int, seed: str = "") -> dict[str, Signal]:
    """Return a good day for every channel of a site, in the site's local time."""
    offset = utc_offset_seconds(inventory, at_ns)
    return {channel.id: healthy(channel, offset, seed) for channel in inventory.channels.values()}


def utc_offset_seconds(inventory: Inventory, at_ns: int) -> float:
    """Return how far local time of the site is ahead of UTC; summer time does not begin within a simulation."""
    offset = datetime.fromtimestamp(at_ns / SECOND, UTC).astimezone(ZoneInfo(inventory.timezone)).utcoffset()
    return offset.total_seconds() if offset else 0.0
