"""The site file: from YAML to one checked, frozen `Site`. Knows nothing of sockets or databases."""

from gateway.settings.collectors import (
    KINDS,
    CollectorSettings,
    Gbt26875Settings,
    Hj212Settings,
    ModbusRtuOverTcpSettings,
    ModbusRtuSettings,
    ModbusServerSettings,
    ModbusSettings,
    ModbusTcpSettings,
    MqttSettings,
    OpcuaSettings,
    Sl651Settings,
    Station,
    StationsSettings,
    Szy206Settings,
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
    "Gbt26875Settings",
    "Hazard",
    "HistorySettings",
    "Hj212Settings",
    "InfluxdbSettings",
    "JournalSettings",
    "ModbusRtuOverTcpSettings",
    "ModbusRtuSettings",
    "ModbusServerSettings",
    "ModbusSettings",
    "ModbusTcpSettings",
    "MqttSettings",
    "OpcuaSettings",
    "Site",
    "Sl651Settings",
    "Station",
    "StationsSettings",
    "Szy206Settings",
    "check_site",
    "load_site",
    "period_seconds",
]
