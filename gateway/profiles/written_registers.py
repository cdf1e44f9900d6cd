"""The Modbus parts of a device profile as people write them: keys, types and ranges of each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.profiles.calibration import Form
from gateway.profiles.registers import ByteOrder, Meaning, RegisterKind, RegisterType

Number = Annotated[float, Field(allow_inf_nan=False)]
Address = Annotated[int, Field(ge=0, le=65_535)]
Bits = Annotated[tuple[Annotated[int, Field(ge=0, le=63)], Annotated[int, Field(ge=0, le=63)]], Field(strict=False)]


class Written(BaseModel):
    """Keys that people write: no others, and no conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenPart(Written):
    """Some bits of a register that add to the value."""

    bits: Bits
    scale: Number = 1.0
    bcd: bool = False
    most: Number | None = None


class WrittenRegister(Written):
    """Where a Modbus point lies."""

    kind: RegisterKind
    address: Address
    type: RegisterType
    byte_order: ByteOrder = "ABCD"
    bits: Bits | None = None
    parts: list[WrittenPart] = []
    words: Annotated[int, Field(ge=1, le=125)] | None = None


class WrittenCalibration(Written):
    """Constants that differ from unit to unit; `null` is one that the site file must give."""

    form: Form
    constants: dict[str, Number | None] = {}


class WrittenCounter(Written):
    """A total that starts again at 0."""

    rollover: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    reset_below: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class WrittenSentinel(Written):
    """A raw value that means "no value" for a reason."""

    value: Number
    means: Meaning


class WrittenStatus(Written):
    """What some bits of a status point say of other points."""

    point: str
    bit: Annotated[int, Field(ge=0, le=63)] | None = None
    bits: Bits | None = None
    values: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None
    unless: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None
    means: Meaning
    of: Annotated[list[str], Field(min_length=1)]


class WrittenHole(Written):
    """Registers that must not be touched."""

    kind: RegisterKind
    first: Address
    last: Address


class WrittenWarmUp(Written):
    """What must be asked before the values are fresh."""

    kind: RegisterKind = "holding"
    address: Address
    count: Annotated[int, Field(ge=1, le=125)] = 1
    write: Annotated[int, Field(ge=0, le=65_535)] | None = None
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    every: Literal["poll", "connection"] = "poll"


class WrittenSerial(Written):
    """The line settings a device leaves the works with."""

    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 9_600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class WrittenCommand(Written):
    """Something that can be written."""

    register_: Annotated[WrittenRegister, Field(alias="register")]
    scale: Number = 1.0
    offset: Number = 0.0
    title: str = ""


class WrittenModbus(Written):
    """How a device model wants to be read."""

    max_gap_bits: Annotated[int, Field(ge=0, le=1_999)] = 64
    max_block_bits: Annotated[int, Field(ge=1, le=2_000)] = 2_000
    forbidden: list[WrittenHole] = []
    request_delay_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    timeout_seconds: Annotated[float, Field(ge=0.05, le=60)] | None = None
    warm_up: WrittenWarmUp | None = None
    serial: WrittenSerial | None = None
    statuses: list[WrittenStatus] = []
    commands: dict[str, WrittenCommand] = {}
