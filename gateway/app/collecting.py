"""Settings of a collector to the collector itself: one line a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.clock import Clock, Stamps
from gateway.collectors import CollectedDevice, Collector
from gateway.collectors.box import BoxCollector
from gateway.collectors.meters import MetersCollector
from gateway.collectors.modbus_lateness import PollLateness
from gateway.collectors.modbus_line import ModbusLine
from gateway.collectors.modbus_listener import ModbusListener
from gateway.collectors.modbus_memory import LineMemory
from gateway.collectors.mqtt import MqttCollector
from gateway.collectors.opcua import OpcuaCollector
from gateway.collectors.stations import StationsCollector
from gateway.collectors.udp import UdpCollector
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.journal import Journal
from gateway.settings import (
    BoxSettings,
    CollectorSettings,
    HttpPushSettings,
    MetersSettings,
    ModbusServerSettings,
    ModbusSettings,
    MqttSettings,
    OpcuaSettings,
    StationsSettings,
    UdpSettings,
)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a collector may be given beside its settings and devices."""

    clock: Clock
    health: Health
    journal: Journal
    max_waiting: int
    """Messages that one collector may have waiting for the journal; above it sockets are not read."""
    state: Path | None = None
    """The gateway's folder, for what a collector has learned."""
    polls: PollLateness = field(default_factory=PollLateness)
    keeps_raw: bool = False
    """Whether collectors put what they receive as it came, too."""


def collected_by(collector: str, inventory: Inventory, numbers: Mapping[str, int]) -> list[CollectedDevice]:
    """Return the devices of a collector, each with its points' channel numbers."""
    points: dict[str, dict[str, int]] = defaultdict(dict)
    for channel in inventory.channels.values():
        points[channel.device][channel.point] = numbers[channel.id]
    return [
        CollectedDevice(device, points[device.id])
        for device in inventory.devices.values()
        if device.collector == collector
    ]


def make_collector(settings: CollectorSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    """Return the collector for these settings."""
    return BUILDERS[settings.kind](settings, devices, place)


def _mqtt(settings: MqttSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return MqttCollector(
        settings,
        devices,
        clock=place.clock,
        health=place.health,
        recent=place.journal.recent_receipts(settings.id, 2 * settings.in_flight),
        max_waiting=place.max_waiting,
        keeps_raw=place.keeps_raw,
    )


def _modbus_line(settings: ModbusSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return ModbusLine(
        settings,
        devices,
        clock=place.clock,
        health=place.health,
        memory=_learned(settings, place),
        lateness=place.polls,
        keeps_raw=place.keeps_raw,
    )


def _modbus_server(settings: ModbusServerSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return ModbusListener(
        settings,
        devices,
        clock=place.clock,
        health=place.health,
        memory=_learned(settings, place),
        lateness=place.polls,
        keeps_raw=place.keeps_raw,
    )


def _learned(settings: ModbusSettings, place: Workplace) -> LineMemory:
    place.health.gauge("poll_start_error_p99_seconds", place.polls.p99_seconds)
    return LineMemory(place.state and place.state / "modbus" / f"{settings.id.replace(':', '_')}.json")


def _stations(settings: StationsSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return StationsCollector(settings, devices, clock=place.clock, health=place.health)


def _http_push(settings: HttpPushSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    from gateway.collectors.http_push import HttpPushCollector  # noqa: PLC0415 - h11 only where something is pushed

    return HttpPushCollector(settings, devices, clock=place.clock, health=place.health)


def _udp(settings: UdpSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return UdpCollector(settings, devices, clock=place.clock, health=place.health)


def _opcua(settings: OpcuaSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return OpcuaCollector(settings, devices, clock=place.clock, health=place.health)


def _box(settings: BoxSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    clock = place.clock

    def tell() -> dict[str, dict[str, float | None]]:
        return {"clock": clock.state() if isinstance(clock, Stamps) else {}}

    return BoxCollector(settings, devices, tell=tell, clock=clock, health=place.health)


def _meters(settings: MetersSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return MetersCollector(settings, devices, clock=place.clock, health=place.health)


BUILDERS: Mapping[str, Callable[[Any, Sequence[CollectedDevice], Workplace], Collector]] = {
    "mqtt": _mqtt,
    "hj212": _stations,
    "sl651": _stations,
    "szy206": _stations,
    "gbt26875_3": _stations,
    "cjt188": _meters,
    "dlt645": _meters,
    "opcua": _opcua,
    "http_push": _http_push,
    "udp": _udp,
    "box": _box,
    "modbus_tcp": _modbus_line,
    "modbus_rtu": _modbus_line,
    "modbus_rtu_over_tcp": _modbus_line,
    "modbus_server": _modbus_server,
}
"""The word after `kind:` in the site file → how its collector is made."""
