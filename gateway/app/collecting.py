"""Settings of a collector to the collector itself: one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.clock import Clock
from gateway.collectors import CollectedDevice, Collector
from gateway.collectors.modbus_tcp import ModbusTcpCollector
from gateway.collectors.mqtt import MqttCollector
from gateway.collectors.stations import StationsCollector
from gateway.health import Health
from gateway.journal import Journal
from gateway.settings import CollectorSettings, ModbusTcpSettings, MqttSettings, StationsSettings


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a collector may be given beside its settings and devices."""

    clock: Clock
    health: Health
    journal: Journal
    max_waiting: int
    """Messages that one collector may have waiting for the journal; above it sockets are not read."""


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
    )


def _modbus_tcp(settings: ModbusTcpSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return ModbusTcpCollector(settings, devices, clock=place.clock, health=place.health)


def _stations(settings: StationsSettings, devices: Sequence[CollectedDevice], place: Workplace) -> Collector:
    return StationsCollector(settings, devices, clock=place.clock, health=place.health)


BUILDERS: Mapping[str, Callable[[Any, Sequence[CollectedDevice], Workplace], Collector]] = {
    "mqtt": _mqtt,
    "hj212": _stations,
    "sl651": _stations,
    "szy206": _stations,
    "gbt26875_3": _stations,
    "modbus_tcp": _modbus_tcp,
}
"""The word after `kind:` in the site file → how its collector is made."""
