"""The site file: from YAML to one checked, frozen `Site`. Knows nothing of sockets or databases."""

from gateway.settings.collectors import (
    KINDS,
    CollectorSettings,
    ModbusRtuOverTcpSettings,
    ModbusRtuSettings,
    ModbusServerSettings,
    ModbusSettings,
    ModbusTcpSettings,
    MqttSettings,
    period_seconds,
)
from gateway.settings.hazards import HAZARDS, Hazard
from gateway.settings.loading import Checked, check_site, load_site
from gateway.settings.site import (
    AtCap,
    HistorySettings,
    InfluxdbSettings,
    JournalSettings,
    Site,
)

__all__ = [
    "HAZARDS",
    "KINDS",
    "AtCap",
    "Checked",
    "CollectorSettings",
    "Hazard",
    "HistorySettings",
    "InfluxdbSettings",
    "JournalSettings",
    "ModbusRtuOverTcpSettings",
    "ModbusRtuSettings",
    "ModbusServerSettings",
    "ModbusSettings",
    "ModbusTcpSettings",
    "MqttSettings",
    "Site",
    "check_site",
    "load_site",
    "period_seconds",
]
