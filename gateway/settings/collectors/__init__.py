"""The kinds of collectors of a site file: one file a kind, one line each in `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.settings.collectors.contract import CollectorSettings, Kind, Surroundings
from gateway.settings.collectors.modbus_kinds import ModbusSettings, period_seconds
from gateway.settings.collectors.modbus_rtu import MODBUS_RTU, ModbusRtuSettings
from gateway.settings.collectors.modbus_server import MODBUS_SERVER, ModbusServerSettings
from gateway.settings.collectors.modbus_tcp import (
    MODBUS_RTU_OVER_TCP,
    MODBUS_TCP,
    ModbusRtuOverTcpSettings,
    ModbusTcpSettings,
)
from gateway.settings.collectors.mqtt import MQTT, MqttSettings

KINDS: Mapping[str, Kind] = {
    "mqtt": MQTT,
    "modbus_tcp": MODBUS_TCP,
    "modbus_rtu": MODBUS_RTU,
    "modbus_rtu_over_tcp": MODBUS_RTU_OVER_TCP,
    "modbus_server": MODBUS_SERVER,
}
"""The word after `kind:` → how that kind is written, read and checked."""

__all__ = [
    "KINDS",
    "CollectorSettings",
    "Kind",
    "ModbusRtuOverTcpSettings",
    "ModbusRtuSettings",
    "ModbusServerSettings",
    "ModbusSettings",
    "ModbusTcpSettings",
    "MqttSettings",
    "Surroundings",
    "period_seconds",
]
