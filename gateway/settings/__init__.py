"""The site file: from YAML to one checked, frozen `Site`. Knows nothing of sockets or databases."""

from gateway.settings.collectors import KINDS, CollectorSettings, ModbusTcpSettings, MqttSettings
from gateway.settings.hazards import HAZARDS, Hazard
from gateway.settings.loading import Checked, check_site, load_site
from gateway.settings.site import (
    HistorySettings,
    InfluxdbSettings,
    JournalSettings,
    Site,
)

__all__ = [
    "HAZARDS",
    "KINDS",
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
