"""The site file: from YAML to one checked, frozen `Site`. Knows nothing of sockets or databases."""

from gateway.settings.site import (
    CollectorSettings,
    HistorySettings,
    JournalSettings,
    ModbusTcpSettings,
    MqttSettings,
    Site,
)

__all__ = [
    "CollectorSettings",
    "HistorySettings",
    "JournalSettings",
    "ModbusTcpSettings",
    "MqttSettings",
    "Site",
]
