"""The kinds of collectors of a site file: one file a kind, one line each in `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.settings.collectors.contract import CollectorSettings, Kind, Surroundings
from gateway.settings.collectors.modbus_tcp import MODBUS_TCP, ModbusTcpSettings
from gateway.settings.collectors.mqtt import MQTT, MqttSettings

KINDS: Mapping[str, Kind] = {
    "mqtt": MQTT,
    "modbus_tcp": MODBUS_TCP,
}
"""The word after `kind:` → how that kind is written, read and checked."""

__all__ = ["KINDS", "CollectorSettings", "Kind", "ModbusTcpSettings", "MqttSettings", "Surroundings"]
