"""What a device model offers: its points, how each is read, and frames that prove it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from gateway.profiles.calibration import Calibration
from gateway.profiles.registers import Counter, Meaning, ModbusHints, PollClass, RegisterPlace

Importance: TypeAlias = Literal["high", "normal", "low"]
ProtocolName: TypeAlias = Literal[
    "modbus", "json", "hj212", "sl651", "szy206", "cjt188", "dlt645", "gbt26875_3",
    "cbor", "packed", "senml", "senml_cbor", "milesight", "decentlab", "sparkplug",
    "ctwing", "onenet", "sensorthings", "lifeline_push",
]  # fmt: skip
"""How a device speaks; the points of all but Modbus and packed bytes lie in named fields."""
TEXT_PROTOCOLS: frozenset[ProtocolName] = frozenset(
    {"json", "hj212", "senml", "ctwing", "onenet", "sensorthings", "lifeline_push"}
)
"""Those whose golden frames are written as text, not as hex."""
TREE_PROTOCOLS: frozenset[ProtocolName] = frozenset({"json", "cbor"})
"""Those whose payloads are nested maps and arrays, with their time wherever the profile says."""
PAYLOAD_PROTOCOLS: frozenset[ProtocolName] = TREE_PROTOCOLS | {
    "packed", "senml", "senml_cbor", "milesight", "decentlab", "ctwing", "onenet", "sensorthings", "lifeline_push",
}  # fmt: skip
"""Those whose messages are whole in themselves, whoever carries them: MQTT, HTTP or UDP."""
TimeFormat: TypeAlias = Literal["s", "ms", "us", "ns", "iso8601"]


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a JSON point lies: the keys from the outermost to the value; a digit string indexes an array."""

    path: tuple[str, ...]


PackedType: TypeAlias = Literal["u8", "i8", "u16", "i16", "u24", "i24", "u32", "i32", "u64", "i64", "f32", "f64", "bcd"]


@dataclass(frozen=True, slots=True)
class PackedPlace:
    """Where a point lies in packed bytes."""

    offset: int
    type: PackedType = "u16"
    is_little: bool = False
    size: int = 2
    """Bytes, which the type implies but for BCD."""
    bit: int | None = None
    """The lowest bit of the field, 0 the least significant; None takes the whole value."""
    bits: int = 1


@dataclass(frozen=True, slots=True)
class Samples:
    """A field that holds an array of values, a waveform: when the first was taken, and how far apart they are."""

    step_seconds: float | None = None
    step_path: tuple[str, ...] | None = None
    """Where the payload says the step, in the unit of its times; instead of `step_seconds`."""
    start_path: tuple[str, ...] | None = None
    """Where the first value's time stands; None is the payload's own time."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value that a device model offers.

    The canonical value is `(raw * scale + offset)` converted from `unit` to the quantity's canonical unit by `factor`
    and `shift`, which loading fills in: value = (raw * scale + offset) * factor + shift.
    """

    name: str
    quantity: str
    unit: str
    place: RegisterPlace | FieldPlace | PackedPlace
    scale: float = 1.0
    offset: float = 0.0
    factor: float = 1.0
    shift: float = 0.0
    sentinels: tuple[float, ...] = ()
    """Raw values that mean "no value"."""
    span: tuple[float, float] | None = None
    """Physical range in the canonical unit; outside it a reading is FAIL."""
    span_tolerance: float = 0.1
    """A reading outside by less than this share of the span is clamped to its edge instead."""
    spike_limit: float | None = None
    """A value that stands out of its two neighbours by more, in the canonical unit, is a spike."""
    rate_limit: float | None = None
    """Nothing real changes faster than this, in the canonical unit per minute."""
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
    from_text: bool = False
    """Its number comes written as a text, e.g. "3.42"."""
    samples: Samples | None = None

    def own(self, constants: Mapping[str, float]) -> Point:
        """Return the point of one unit, with its constants; ValueError names what does not fit."""
        if self.calibration is None:
            raise ValueError(f"{self.name} has no calibration")
        return replace(self, calibration=self.calibration.of_unit(constants))


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
    calibration: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Point → constants of the unit that sent it."""


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
    model: str = ""
    """The maker's own name of the model, where a payload's meaning depends on it (Milesight, Decentlab)."""

    def calibrated(self, constants: Mapping[str, Mapping[str, float]]) -> Profile:
        """Return the profile of one unit, with its own constants by point; ValueError names what does not fit."""
        points = dict(self.points)
        for name, own in constants.items():
            point = points.get(name)
            if point is None or point.calibration is None:
                raise ValueError(f"{self.id} has no calibration for {name!r:.60}")
            points[name] = point.own(own)
        for name, point in points.items():
            if point.calibration is not None and (missing := point.calibration.missing()):
                raise ValueError(f"{name} needs the constants of this unit: {', '.join(missing)}")
        return replace(self, points=points) if constants else self
