"""The kinds of collectors of a site file: one file a kind, one line each in `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.settings.collectors.box import BOX, BoxSettings
from gateway.settings.collectors.contract import CollectorSettings, Kind, Surroundings
from gateway.settings.collectors.http_push import HTTP_PUSH, HttpPushSettings
from gateway.settings.collectors.meters import (
    CJT188,
    DLT645,
    Cjt188Settings,
    Dlt645Settings,
    Meter,
    MetersSettings,
    check_meter_of,
)
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
from gateway.settings.collectors.opcua import OPCUA, OpcuaSettings, check_nodes_of
from gateway.settings.collectors.stations import (
    GBT26875_3,
    HJ212,
    SL651,
    SZY206,
    Gbt26875Settings,
    Hj212Settings,
    Sl651Settings,
    Station,
    StationsSettings,
    Szy206Settings,
    check_station_of,
)
from gateway.settings.collectors.udp import UDP, UdpSettings

KINDS: Mapping[str, Kind] = {
    "mqtt": MQTT,
    "modbus_tcp": MODBUS_TCP,
    "modbus_rtu": MODBUS_RTU,
    "modbus_rtu_over_tcp": MODBUS_RTU_OVER_TCP,
    "modbus_server": MODBUS_SERVER,
    "hj212": HJ212,
    "sl651": SL651,
    "szy206": SZY206,
    "gbt26875_3": GBT26875_3,
    "cjt188": CJT188,
    "dlt645": DLT645,
    "opcua": OPCUA,
    "http_push": HTTP_PUSH,
    "udp": UDP,
    "box": BOX,
}
"""The word after `kind:` → how that kind is written, read and checked."""

__all__ = [
    "KINDS",
    "BoxSettings",
    "Cjt188Settings",
    "CollectorSettings",
    "Dlt645Settings",
    "Gbt26875Settings",
    "Hj212Settings",
    "HttpPushSettings",
    "Kind",
    "Meter",
    "MetersSettings",
    "ModbusRtuOverTcpSettings",
    "ModbusRtuSettings",
    "ModbusServerSettings",
    "ModbusSettings",
    "ModbusTcpSettings",
    "MqttSettings",
    "OpcuaSettings",
    "Sl651Settings",
    "Station",
    "StationsSettings",
    "Surroundings",
    "Szy206Settings",
    "UdpSettings",
    "check_meter_of",
    "check_nodes_of",
    "check_station_of",
    "period_seconds",
]
