"""The site file as people write it: the allowed keys, types and ranges of each part, references apart."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.documents import Document, Path
from gateway.inventory import LadderOf
from gateway.profiles import Importance, Lifeline, PollClass

Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Delay = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Day = Annotated[date, Field(strict=False)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Text = Annotated[str, Field(min_length=1)]
Vote = Annotated[int, Field(ge=1, le=16)]
Level = Literal["blue", "yellow", "orange", "red"]


class Written(BaseModel):
    """A part of the file: no other keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenSite(Written):
    """Who this box is."""

    id: Annotated[Text, Field(examples=["demo-district"])]
    name: str = ""
    timezone: str = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"
    http_host: str = "127.0.0.1"
    # 0 lets the system choose, which is what tests and the demo want.
    http_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    clock: Literal["auto", "ntp"] = "auto"
    holidays: list[Day] = []
    workdays: list[Day] = []


class WrittenAsset(Written):
    """What the city owns."""

    kind: Annotated[Text, Field(examples=["manhole"])]
    lifeline: Annotated[Lifeline, Field(examples=["gas"])]
    name: str = ""
    location: Annotated[tuple[Number, Number], Field(strict=False)] | None = None
    relations: dict[str, list[str]] = {}
    along_metres: Number | None = None
    wave_m_s: Annotated[float, Field(ge=50, le=1_500)] | None = None


class WrittenWrite(Written):
    """One point of a device that may be written, and what to."""

    values: Annotated[list[Number], Field(min_length=1)] | None = None
    range: Annotated[tuple[Number, Number], Field(strict=False)] | None = None
    role: Literal["officer", "engineer", "admin"] = "engineer"


class WrittenDevice(Written):
    """The box that reports."""

    profile: Annotated[Text, Field(examples=["gas/manhole_methane"])]
    collector: Annotated[Text, Field(examples=["district"])]
    asset: Annotated[Text, Field(examples=["MH-0231"])]
    unit: Annotated[int, Field(ge=1, le=255)] | None = None
    report_seconds: Seconds | None = None
    station: Text | None = None
    calibration: dict[str, dict[str, Number]] = Field(default_factory=dict)
    writes: dict[str, WrittenWrite] = Field(default_factory=dict)
    clock: Literal["trust", "correct", "ignore"] = "trust"
    clock_seconds: Seconds | None = None
    latency_seconds: Delay = 0.0


class WrittenChannel(Written):
    """What one channel has otherwise than its profile says."""

    span: Annotated[tuple[Number, Number], Field(strict=False)] | None = None
    span_tolerance: Annotated[float, Field(ge=0, le=10)] | None = None
    spike_limit: Seconds | None = None
    rate_limit: Seconds | None = None
    report_seconds: Seconds | None = None
    fresh_seconds: Seconds | None = None
    reorder_seconds: Delay | None = None
    stuck_seconds: Seconds | None = None
    importance: Importance | None = None
    title: Text | None = None
    poll: PollClass | None = None
    fast_above: Number | None = None
    fast_below: Number | None = None


class WrittenLadder(Written):
    """The limits of one hazard."""

    quantity: str | None = None
    channel: str | None = None
    asset: str | None = None
    hazard: Annotated[Text, Field(examples=["gas_leak"])]
    direction: Literal["above", "below"] = "above"
    rungs: Annotated[dict[Level, Number], Field(min_length=1, examples=[{"red": 100.0}])]
    deadband: Delay = 0.0
    on_seconds: Delay = 0.0
    off_seconds: Delay = 0.0
    ahead_seconds: Delay = 0.0
    of: LadderOf = "value"
    window_seconds: Seconds | None = None
    band_hz: Annotated[tuple[Seconds, Seconds], Field(strict=False)] | None = None
    latch_seconds: Seconds | None = None
    course: Literal["none", "day", "week"] | None = None
    votes: Annotated[tuple[Vote, Vote], Field(strict=False)] | None = None
    basis: Annotated[Text, Field(examples=["GB/T 50493-2019"])]


class WrittenJournal(Written):
    """The durable buffer."""

    cap_bytes: Annotated[int, Field(ge=16_000_000)] = 1_000_000_000
    segment_bytes: Annotated[int, Field(ge=1_000_000)] = 64_000_000
    reserve_bytes: Annotated[int, Field(ge=1_000_000)] = 4_000_000
    flush_seconds: Annotated[float, Field(ge=0.01, le=10)] | None = None
    flush_readings: Annotated[int, Field(ge=1)] = 1_000
    quarantine_bytes: Annotated[int, Field(ge=100_000)] = 8_000_000
    readers: list[Literal["history", "detection", "influxdb"]] = ["history", "detection"]
    storage: Literal["disk", "flash"] = "disk"
    raw_bytes: Annotated[int, Field(ge=0, le=4_000_000_000)] = 64_000_000
    at_cap: Literal["thin", "hold", "drop_oldest"] = "thin"


class WrittenHistory(Written):
    """The embedded history."""

    cap_bytes: Annotated[int, Field(ge=16_000_000)] = 4_000_000_000


class WrittenInfluxdb(Written):
    """An InfluxDB 2 server, or one that takes its write API."""

    url: Annotated[Text, Field(examples=["http://192.168.30.5:8086"])]
    org: Annotated[Text, Field(examples=["city"])]
    bucket: Annotated[Text, Field(examples=["lifeline"])]
    token_env: Text | None = None
    token_file: Text | None = None
    batch_points: Annotated[int, Field(ge=1, le=50_000)] = 5_000
    timeout_seconds: Annotated[float, Field(ge=0.1, le=300)] = 10.0
    backfill_readings_per_second: Annotated[float, Field(ge=100, le=1_000_000)] = 10_000
    read: bool = False


class WrittenStores(Written):
    """Where readings are kept."""

    journal: WrittenJournal = WrittenJournal()
    history: WrittenHistory = WrittenHistory()
    influxdb: WrittenInfluxdb | None = None


_ID = re.compile(r"[\w:-]{1,64}")


def check_id(document: Document, path: Path, name: str) -> bool:
    """Add a fault when a name cannot be an id: ids are joined by dots and stand in topics and file names."""
    if _ID.fullmatch(name):
        return True
    at_key = path in document.key_places and path[-1] == name
    message = f"{name!r:.80} is no id"
    document.fault(path, message, "use up to 64 letters, digits, '_', '-' and ':'", at_key=at_key)
    return False
