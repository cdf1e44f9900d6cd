"""The site file: from YAML to one checked, frozen `Site`. Knows nothing of sockets or databases."""

from gateway.settings.hazards import HAZARDS, Hazard
from gateway.settings.loading import Checked, check_site, load_site
from gateway.settings.site import (
    CollectorSettings,
    HistorySettings,
    InfluxdbSettings,
    JournalSettings,
    ModbusTcpSettings,
    MqttSettings,
    Site,
)

__all__ = [
    "HAZARDS",
    "Checked",
    "CollectorSettings",
    "Hazard",
    "HistorySettings",
    "InfluxdbSettings",
    "JournalSettings",
    "ModbusTcpSettings",
    "MqttSettings",
    "Site",
    "check_site",
    "load_site",
]
