"""One box as its site file describes it, after checking. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from gateway.inventory import Inventory
from gateway.settings.collectors import CollectorSettings

AtCap: TypeAlias = Literal["thin", "hold", "drop_oldest"]
"""What happens when the journal is full."""


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """How the journal keeps its promise."""

    cap_bytes: int = 1_000_000_000
    segment_bytes: int = 64_000_000
    reserve_bytes: int = 4_000_000
    flush_seconds: float = 0.2
    flush_readings: int = 1_000
    quarantine_bytes: int = 8_000_000
    readers: tuple[str, ...] = ("history", "detection")
    """The readers that hold segments back, at the cap too."""
    yielding: tuple[str, ...] = ()
    """The readers that hold segments back only while there is room under the cap."""
    storage: Literal["disk", "flash"] = "disk"
    raw_bytes: int = 64_000_000
    """How much of the last frames is kept as they came; 0 keeps none."""
    at_cap: AtCap = "thin"
    """Thin the least important channels, hold acknowledgements back, or give the oldest readings up."""


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How much the embedded history keeps."""

    cap_bytes: int = 4_000_000_000


@dataclass(frozen=True, slots=True)
class InfluxdbSettings:
    """The InfluxDB 2 server that readings are copied to."""

    url: str
    org: str
    bucket: str
    token: str | None = field(default=None, repr=False)
    """Resolved from the environment or a file; never written in the site file itself, never printed."""
    batch_points: int = 5_000
    timeout_seconds: float = 10.0
    backfill_readings_per_second: float = 10_000.0
    """What an outage left behind is written so fast at most."""
    read: bool = False
    """Whether the page reads the past from here instead of from the embedded history."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that one site file says."""

    id: str
    name: str
    timezone: str
    language: Literal["zh", "en"]
    http_host: str
    http_port: int
    collectors: Mapping[str, CollectorSettings]
    inventory: Inventory
    journal: JournalSettings
    history: HistorySettings
    influxdb: InfluxdbSettings | None = None
    clock: Literal["auto", "ntp"] = "auto"
    """When this box's clock is believed: `ntp` only when network time has set it."""
    source: Path | None = None
