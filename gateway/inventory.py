"""All assets, devices and channels of one site, after profiles and overrides are put together. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.profiles import Importance, Profile

LEVELS = ("blue", "yellow", "orange", "red")
"""The four levels of an early warning, from the lowest (突发事件应对法: 四级蓝 三级黄 二级橙 一级红)."""


@dataclass(frozen=True, slots=True)
class Asset:
    """What the city owns: a pipe, a manhole, a bridge."""

    id: str
    kind: str
    lifeline: str
    name: str
    location: tuple[float, float] | None
    """Longitude and latitude in degrees, WGS-84."""
    relations: Mapping[str, tuple[str, ...]]
    """Relation → ids of other assets, e.g. {"near": ("MH-2",), "part_of": ("DMA-3",)}."""
    along_metres: float | None = None
    """Where it stands along the main that it is part of, from an end of it."""
    wave_m_s: float | None = None
    """Of a main: how fast pressure waves run in it."""


@dataclass(frozen=True, slots=True)
class WriteRule:
    """What one point of a device may be set to, and who may."""

    values: tuple[float, ...] = ()
    """The values allowed, in the unit of the profile; empty when `range` says it."""
    range: tuple[float, float] | None = None
    role: Literal["officer", "engineer", "admin"] = "engineer"

    def allows(self, value: float) -> bool:
        """Tell whether a value may be written."""
        return value in self.values or (self.range is not None and self.range[0] <= value <= self.range[1])


@dataclass(frozen=True, slots=True)
class Device:
    """The box that reports."""

    id: str
    profile: Profile
    collector: str
    asset: str
    unit: int | None = None
    """Modbus unit id; None for MQTT, where the device's id stands in the topic."""
    station: str | None = None
    """The station it sits behind, for collectors that stations dial into."""
    writes: Mapping[str, WriteRule] = field(default_factory=dict)
    """Point or command → what it may be set to; nothing else is ever written."""
    clock: Literal["trust", "correct", "ignore"] = "trust"
    """`correct`: times are set right by the offset found; `ignore`: readings take their time of receipt."""
    clock_seconds: float = 60.0
    """A clock that is off by more is wrong."""
    latency_seconds: float = 0.0
    """How long its readings take to get here; its clock is not behind by that."""


LadderOf: TypeAlias = Literal[
    "value",
    "rate",
    "trend",
    "step",
    "shift",
    "cusum",
    "outlier",
    "band",
    "departure",
    "novelty",
    "line",
    "rms",
    "peak",
    "crest",
]
"""What rungs are compared with; `gateway.settings.ladder_kinds` says in which unit."""


@dataclass(frozen=True, slots=True)
class Course:
    """The ordinary course that a channel is compared with, and the days on which it is another."""

    of: Literal["none", "day", "week"] = "day"
    utc_offset_seconds: int = 0
    """Where a day begins; standard time all year."""
    holidays: tuple[int, ...] = ()
    """Days since 1970-01-01 that are like Sundays."""
    workdays: tuple[int, ...] = ()
    """Days at a weekend that are worked."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The limits of one hazard, each rung with its level; a value beyond the red rung is red."""

    name: str
    hazard: str
    direction: Literal["above", "below"]
    rungs: Mapping[str, float]
    """Level → limit in the canonical unit, at least one; missing levels are skipped."""
    deadband: float
    on_seconds: float
    off_seconds: float
    basis: str
    quantity: str | None = None
    channel: str | None = None
    asset: str | None = None
    """Of a derived quantity: the one asset it is for; None means every asset that has a model of it."""
    ahead_seconds: float = 0.0
    """A value that surely heads for danger is judged by where it will be in that time; 0 takes it as it is."""
    of: LadderOf = "value"
    """What the rungs are compared with, in its own unit."""
    window_seconds: float | None = None
    """How much of the past one judgement takes in; None leaves it to the kind."""
    band_hz: tuple[float, float] | None = None
    """Where a spectral line is looked for."""
    latch_seconds: float | None = None
    """A step that has lasted so long is there to stay."""
    course: Course = Course()
    """For shifts."""
    votes: tuple[int, int] = (1, 1)
    """(3, 5): a level counts when three of the last five judgements reach it."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of one asset in one unit, from one point of one device; its id is `asset.device.point`.

    The id gets `~2` (`~3`, …) when unit, scale or quantity changed since the journal first numbered it.
    """

    id: str
    asset: str
    device: str
    point: str
    quantity: str
    unit: str
    span: tuple[float, float] | None
    report_seconds: float
    fresh_seconds: float
    reorder_seconds: float
    stuck_seconds: float | None
    importance: Importance
    title: str
    ladders: tuple[Ladder, ...]
    span_tolerance: float = 0.1
    """A reading outside the span by less than this share of it is taken as the span's edge."""
    spike_limit: float | None = None
    """A value that stands out of its two neighbours by more is a spike; None looks for none."""
    rate_limit: float | None = None
    """A change faster than this, in the canonical unit per minute, is too fast to be real; None looks for none."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """One site."""

    site: str
    name: str
    timezone: str
    assets: Mapping[str, Asset]
    devices: Mapping[str, Device]
    channels: Mapping[str, Channel]
    ladders: tuple[Ladder, ...] = ()
    """The ladders over derived quantities; those over measured ones stand with their channels."""
