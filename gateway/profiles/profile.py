"""What a device model offers: its points, how each is read, and frames that prove it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from gateway.profiles.calibration import Calibration
from gateway.profiles.registers import Counter, Meaning, ModbusHints, PollClass, RegisterPlace

Importance: TypeAlias = Literal["high", "normal", "low"]
ProtocolName: TypeAlias = Literal[
    "modbus", "json", "hj212", "sl651", "szy206", "cjt188", "dlt645", "gbt26875_3"
]  # fmt: skip
"""How a device speaks; the points of all but Modbus lie in named fields."""
TEXT_PROTOCOLS: frozenset[ProtocolName] = frozenset({"json", "hj212"})
"""Those whose golden frames are written as text, not as hex."""
TimeFormat: TypeAlias = Literal["s", "ms", "us", "ns", "iso8601"]


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a JSON point lies: the keys from the outermost to the value; a digit string indexes an array."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One value that a device model offers.

    The canonical value is `(raw * scale + offset)` converted from `unit` to the quantity's canonical unit by `factor`
    and `shift`, which loading fills in: value = (raw * scale + offset) * factor + shift.
    """

    name: str
    quantity: str
    unit: str
    place: RegisterPlace | FieldPlace
    scale: float = 1.0
    offset: float = 0.0
    factor: float = 1.0
    shift: float = 0.0
    sentinels: tuple[float, ...] = ()
    """Raw values that mean "no value"."""
    span: tuple[float, float] | None = None
    """Physical range in the canonical unit; outside it a reading is FAIL."""
    report_seconds: float = 60.0
    stuck_seconds: float | None = None
    importance: Importance = "normal"
    title: str = ""
    is_text: bool = False
    meanings: Mapping[float, Meaning] = field(default_factory=dict)
    """Sentinel → what it says beside "no value"."""
    calibration: Calibration | None = None
    """Constants of each single unit, applied behind scale and offset, before the conversion of units."""
    counter: Counter | None = None
    poll: PollClass = "normal"
    fast_above: float | None = None
    """At or above this canonical value the point is polled at the collector's fast rate."""
    fast_below: float | None = None
    is_alone: bool = False
    """It must be asked for in a request of its own."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A golden frame: bytes as the device sends them and the canonical values that they mean.

    For Modbus `request` and `reply` are RTU frames with their CRC (as manuals print them); for JSON `reply` is the
    payload, for the others one whole frame, and `request` is empty. A missing value is NaN.
    """

    request: bytes
    reply: bytes
    values: Mapping[str, float]
    time_ns: int | None
    source: str
    texts: Mapping[str, str] = field(default_factory=dict)
    """Point → text, of the points that are texts."""
    qualities: Mapping[str, str] = field(default_factory=dict)
    """Point → the name of its quality, where status bits make it another than GOOD or MISSING."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One device model."""

    id: str
    title: str
    lifeline: str
    protocol: ProtocolName
    source: str
    points: Mapping[str, Point]
    frames: tuple[Frame, ...]
    time_path: tuple[str, ...] | None = None
    time_format: TimeFormat = "ms"
    max_gap_registers: int = 8
    """Registers that may be read for nothing to save a request."""
    max_block_registers: int = 125
    modbus: ModbusHints = field(default_factory=ModbusHints)

    def calibrated(self, constants: Mapping[str, Mapping[str, float]]) -> Profile:
        """Return the profile of one unit, with its own constants by point; ValueError names what does not fit."""
        points = dict(self.points)
        for name, own in constants.items():
            point = points.get(name)
            if point is None or point.calibration is None:
                raise ValueError(f"{self.id} has no calibration for {name!r:.60}")
            points[name] = replace(point, calibration=point.calibration.of_unit(own))
        for name, point in points.items():
            if point.calibration is not None and (missing := point.calibration.missing()):
                raise ValueError(f"{name} needs the constants of this unit: {', '.join(missing)}")
        return replace(self, points=points) if constants else self
