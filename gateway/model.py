"""What travels through the gateway: readings, batches and the records of the journal.

Columns are numpy arrays of equal length, never changed once they are in a batch. Times are int nanoseconds UTC.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

SECOND = 1_000_000_000
"""One second in nanoseconds."""

Int32s: TypeAlias = NDArray[np.int32]
Int64s: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bytes8: TypeAlias = NDArray[np.uint8]
Flags16: TypeAlias = NDArray[np.uint16]


class Quality(IntEnum):
    """QARTOD's primary flags (IOOS Manual for Real-Time Quality Control)."""

    GOOD = 1
    UNKNOWN = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Flag(IntFlag):
    """What else is known of a reading; bits of a uint16."""

    NONE = 0
    LATE = 1
    BACKFILL = 2
    NO_SOURCE_TIME = 4
    TIME_UNSURE = 8
    CORRECTED = 16
    AFTER_TIMEOUT = 32
    SENTINEL = 64
    CLAMPED = 128
    MAINTENANCE = 256
    DRILL = 512


class Reading(NamedTuple):
    """One value of one point of one device, in the point's canonical unit, as a decoder gives it.

    `time_ns` is None when the payload carries no time of its own; `value` is NaN when `quality` is MISSING.
    """

    point: str
    time_ns: int | None
    value: float
    quality: int = 1
    flags: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Many readings as columns, with when and on which boot of this box they were received."""

    channel: Int32s
    time_ns: Int64s
    value: Floats
    quality: Bytes8
    flags: Flags16
    received_ns: int
    monotonic_ns: int
    boot_id: str

    def __len__(self) -> int:
        return len(self.channel)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Batch:
        """Return the batch of the given rows (positions or a mask)."""
        return replace(
            self,
            channel=self.channel[rows],
            time_ns=self.time_ns[rows],
            value=self.value[rows],
            quality=self.quality[rows],
            flags=self.flags[rows],
        )


def batch_of(rows: Iterable[tuple[int, int, float, int, int]], received: Instant) -> Batch:
    """Build a batch from (channel, time_ns, value, quality, flags) rows."""
    channel, time_ns, value, quality, flags = zip(*rows, strict=True) if (rows := list(rows)) else ((), (), (), (), ())
    return Batch(
        np.array(channel, np.int32),
        np.array(time_ns, np.int64),
        np.array(value, np.float64),
        np.array(quality, np.uint8),
        np.array(flags, np.uint16),
        received.utc_ns,
        received.monotonic_ns,
        received.boot_id,
    )


class Instant(NamedTuple):
    """One moment as this box sees it: UTC, monotonic time, and the boot the monotonic time belongs to."""

    utc_ns: int
    monotonic_ns: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Bytes that became no reading, kept with the reason; `source` names collector and topic or device."""

    source: str
    reason: str
    detail: str
    payload: bytes
    received_ns: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """A text that a device told of itself (serial number, firmware, state in words)."""

    device: str
    point: str
    text: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class ClockCorrection:
    """A device's clock was found off by `offset_ns` (device minus gateway) from `since_ns` on."""

    device: str
    offset_ns: int
    since_ns: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """On this boot, this monotonic time was this UTC time."""

    boot_id: str
    monotonic_ns: int
    utc_ns: int


@dataclass(frozen=True, slots=True)
class Receipts:
    """Hashes of the messages without a time of their own that this commit holds, 16 bytes each, in order.

    A redelivered message (DUP set) whose hash is among a client's newest is the same message again.
    """

    collector: str
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing arrived, yet time passed: the journal writes one every 10 s, and detectors advance on it."""

    received_ns: int


class RawFrame(NamedTuple):
    """The bytes of one message or reply as they came."""

    device: str
    """Empty when nobody knows whose it is."""
    address: str
    """The topic, or the request that was answered: `holding 0 10` is ten registers from 0 on."""
    payload: bytes
    time_ns: int
    """The time that readings without one of their own got; 0 when the payload carries a time."""


@dataclass(frozen=True, slots=True)
class RawFrames:
    """What a collector received, for the raw ring; it is put with what became of it and never journaled."""

    collector: str
    received_ns: int
    frames: tuple[RawFrame, ...]


Record: TypeAlias = Batch | Quarantine | Attribute | ClockCorrection | Anchor | Receipts | Tick | RawFrames
"""What is put; the journal holds all of it but raw frames."""


class Put(Protocol):
    """All that a collector knows of the house."""

    def __call__(self, records: Sequence[Record], *, urgent: bool = False) -> Awaitable[None]:
        """Journal the records as one whole; awaiting it returns when they are on disk.

        The awaitables of one caller complete in the order of its calls. `urgent` commits now instead of at the end
        of the flush window: a collector says so when half of its in-flight window waits. Calling must happen on
        the event loop's thread; the records are taken over at the call, whether or not the result is awaited.
        """
        ...
