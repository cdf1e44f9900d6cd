"""A device profile as people write it: the allowed keys, types and ranges, references apart."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.profiles.profile import Importance, PackedType, ProtocolName, TimeFormat
from gateway.profiles.registers import PollClass
from gateway.profiles.written_registers import (
    Number,
    Written,
    WrittenCalibration,
    WrittenCounter,
    WrittenModbus,
    WrittenRegister,
    WrittenSentinel,
)

Lifeline = Literal["gas", "water", "drainage", "heating", "bridge", "tunnel", "utility_tunnel", "slope", "road"]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Span = Annotated[tuple[Number, Number], Field(strict=False)]
QualityName = Literal["GOOD", "UNKNOWN", "SUSPECT", "FAIL", "MISSING"]


class WrittenPacked(Written):
    """Where a point lies in packed bytes."""

    offset: Annotated[int, Field(ge=0, le=65_535)]
    type: PackedType = "u16"
    order: Literal["big", "little"] = "big"
    size: Annotated[int, Field(ge=1, le=8)] | None = None
    bit: Annotated[int, Field(ge=0, le=63)] | None = None
    bits: Annotated[int, Field(ge=1, le=63)] = 1


class WrittenSamples(Written):
    """An array of values in one field."""

    step_seconds: Seconds | None = None
    step_path: str | list[str] | None = None
    start_path: str | list[str] | None = None


class WrittenPoint(Written):
    """One value that a device model offers."""

    quantity: str = ""
    unit: str = ""
    path: str | list[str] | None = None
    register_: Annotated[WrittenRegister | None, Field(alias="register")] = None
    packed: WrittenPacked | None = None
    samples: WrittenSamples | None = None
    from_text: bool = False
    scale: Number = 1.0
    offset: Number = 0.0
    sentinels: list[Number | WrittenSentinel] = Field(default_factory=list)
    span: Span | None = None
    span_tolerance: Annotated[float, Field(ge=0, le=10)] = 0.1
    spike_limit: Seconds | None = None
    rate_limit: Seconds | None = None
    report_seconds: Seconds = 60.0
    stuck_seconds: Seconds | None = None
    importance: Importance = "normal"
    title: str = ""
    is_text: bool = False
    calibration: WrittenCalibration | None = None
    counter: WrittenCounter | None = None
    poll: PollClass = "normal"
    fast_above: Number | None = None
    fast_below: Number | None = None
    is_alone: bool = False


class WrittenTime(Written):
    """Where a payload's own time stands."""

    path: str | list[str]
    format: TimeFormat = "ms"


class WrittenFrame(Written):
    """Bytes that prove the profile."""

    source: Annotated[str, Field(min_length=1)]
    request: str = ""
    reply: Annotated[str, Field(min_length=1)]
    time: str | None = None
    values: dict[str, Number | None] = Field(default_factory=dict)
    texts: dict[str, str] = Field(default_factory=dict)
    qualities: dict[str, QualityName] = Field(default_factory=dict)
    calibration: dict[str, dict[str, Number]] = Field(default_factory=dict)


class WrittenProfile(Written):
    """A device profile as people write it."""

    id: Annotated[str, Field(pattern=r"^[a-z_]+/[a-z0-9_]+$")]
    title: Annotated[str, Field(min_length=1, examples=["a meter"])]
    lifeline: Annotated[Lifeline, Field(examples=["gas"])]
    protocol: Annotated[ProtocolName, Field(examples=["json"])]
    model: str = ""
    source: Annotated[str, Field(min_length=1, examples=["its manual"])]
    time: WrittenTime | None = None
    max_gap_registers: Annotated[int, Field(ge=0, le=124)] = 8
    max_block_registers: Annotated[int, Field(ge=1, le=125)] = 125
    modbus: WrittenModbus | None = None
    points: Annotated[dict[str, WrittenPoint], Field(min_length=1)]
    frames: Annotated[list[WrittenFrame], Field(min_length=1)]
