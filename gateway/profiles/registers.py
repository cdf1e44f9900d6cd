"""Where a Modbus point lies, what its bits mean, and how a model wants to be asked. Data only.

Addresses start at 0, as in the request on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

RegisterKind: TypeAlias = Literal["holding", "input", "coil", "discrete"]
RegisterType: TypeAlias = Literal[
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
    "bcd16",
    "bcd32",
    "bcd64",
    "bool",
    "text",
]
ByteOrder: TypeAlias = Literal["ABCD", "CDAB", "BADC", "DCBA"]
PollClass: TypeAlias = Literal["fast", "normal", "slow"]
Meaning: TypeAlias = Literal["invalid", "maintenance", "fault", "over_range", "comm_fault", "warming_up"]
"""What a status bit or a sentinel says of a value; `gateway.codecs.modbus_status` maps it to quality."""

BIT_KINDS = ("coil", "discrete")
"""The kinds of which each address holds one bit."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bits of a register that add `scale` times their number to the value: metres, BCD centimetres."""

    bits: tuple[int, int]
    """First and last bit, bit 0 is the lowest of the value."""
    scale: float = 1.0
    is_bcd: bool = False
    most: float | None = None
    """A larger number is no value: the gauge's metre byte is 0, 1 or 2."""


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Where a Modbus point lies and how its bits make a number."""

    kind: RegisterKind
    address: int
    type: RegisterType
    byte_order: ByteOrder = "ABCD"
    bits: tuple[int, int] | None = None
    """First and last bit of a bit field, bit 0 is the lowest; of an `int` type it is signed."""
    parts: tuple[Part, ...] = ()
    words: int = 1
    """Registers of a text."""

    @property
    def count(self) -> int:
        """The number of 16-bit registers, or of bits for a coil."""
        if self.type == "text":
            return self.words
        return {"16": 1, "32": 2, "64": 4}.get(self.type[-2:], 1)


@dataclass(frozen=True, slots=True)
class Counter:
    """A total that starts again from 0 at `rollover` raw counts, or when somebody resets it."""

    rollover: float
    reset_below: float = 0.0
    """After a fall to at most this many raw counts it was reset; after any other it rolled over."""


@dataclass(frozen=True, slots=True)
class StatusRule:
    """What some bits of a status point say of other points."""

    point: str
    bits: tuple[int, int]
    values: tuple[int, ...]
    """The rule holds when the bits form one of these numbers."""
    means: Meaning
    of: tuple[str, ...]
    is_unless: bool = False
    """The rule holds when the bits form none of `values` instead: "any fault bit", "no longer measuring"."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Registers that must not be touched, not even to save a request."""

    kind: RegisterKind
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What must be asked or written before the values are fresh, and how long the device then needs."""

    kind: RegisterKind
    address: int
    count: int = 1
    value: int | None = None
    """Written when given; a write needs the site's `writes: {warm_up: …}` like any other."""
    settle_seconds: float = 0.0
    every: Literal["poll", "connection"] = "poll"


@dataclass(frozen=True, slots=True)
class SerialDefaults:
    """The line settings a device leaves the works with."""

    baud: int = 9_600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: int = 1


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be written; nothing is unless a site file allows it."""

    place: RegisterPlace
    scale: float = 1.0
    offset: float = 0.0
    title: str = ""


@dataclass(frozen=True, slots=True)
class ModbusHints:
    """How a device model wants to be read."""

    max_gap_bits: int = 64
    max_block_bits: int = 2_000
    forbidden: tuple[Hole, ...] = ()
    request_delay_seconds: float = 0.0
    """The least quiet time between a reply and the next request to this model."""
    timeout_seconds: float | None = None
    """How long a reply may take, where not as the collector says: a reading may start a measurement."""
    warm_up: WarmUp | None = None
    serial: SerialDefaults | None = None
    statuses: tuple[StatusRule, ...] = ()
    commands: Mapping[str, Command] = field(default_factory=dict)
