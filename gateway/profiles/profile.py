"""What a device model offers: its points, how each is read, and frames that prove it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Importance: TypeAlias = Literal["high", "normal", "low"]
RegisterKind: TypeAlias = Literal["holding", "input"]
RegisterType: TypeAlias = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
ByteOrder: TypeAlias = Literal["ABCD", "CDAB", "BADC", "DCBA"]
TimeFormat: TypeAlias = Literal["s", "ms", "us", "ns", "iso8601"]


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Where a Modbus point lies. `address` starts at 0, as in the request on the wire."""

    kind: RegisterKind
    address: int
    type: RegisterType
    byte_order: ByteOrder = "ABCD"

    @property
    def count(self) -> int:
        """The number of 16-bit registers."""
        return {"16": 1, "32": 2, "64": 4}[self.type[-2:]]


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


@dataclass(frozen=True, slots=True)
class Frame:
    """A golden frame: bytes as the device sends them and the canonical values that they mean.

    For Modbus `request` and `reply` are RTU frames with their CRC (as manuals print them); for JSON `reply` is the
    payload and `request` is empty. A missing value is NaN.
    """

    request: bytes
    reply: bytes
    values: Mapping[str, float]
    time_ns: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One device model."""

    id: str
    title: str
    lifeline: str
    protocol: Literal["modbus", "json"]
    source: str
    points: Mapping[str, Point]
    frames: tuple[Frame, ...]
    time_path: tuple[str, ...] | None = None
    time_format: TimeFormat = "ms"
    max_gap_registers: int = 8
    """Registers that may be read for nothing to save a request."""
    max_block_registers: int = 125
