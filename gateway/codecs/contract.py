"""What every decoder gives: the readings it could make, and what it could not, each with its reason.

A codec comes in two kinds. A `Decoder` knows the profile of its device and gives readings of its points. A
`FrameDecoder` knows its protocol alone and gives messages in the protocol's own words; a profile maps them later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from gateway.errors import DecodeError
from gateway.model import Reading

Head = TypeVar("Head")
"""What a protocol's frame says of itself: who, what kind, in answer to what."""
Head_co = TypeVar("Head_co", covariant=True)

_BEIJING = ZoneInfo("Asia/Shanghai")


class Rejected(NamedTuple):
    """A point whose bytes became no reading; `reason` is a short word to count by."""

    point: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one payload says; a point that it got wrong costs only itself."""

    readings: list[Reading]
    texts: list[tuple[str, str]]
    """(point, text) of the points that are texts, attributes of the device."""
    rejected: list[Rejected]
    time_ns: int | None
    """The payload's own time, None when it carries none."""


class Decoder(Protocol):
    """Bytes in, readings out."""

    def decode(self, payload: bytes) -> Decoded:
        """Return what the payload says, or raise DecodeError when it says nothing."""
        ...


class FieldReading(NamedTuple):
    """One value under the name and in the unit that the protocol gives it, before a profile maps it to a point.

    `unit` is UCUM, empty when the protocol does not say; `value` is NaN when `quality` is MISSING.
    """

    field: str
    time_ns: int | None
    value: float
    unit: str = ""
    quality: int = 1
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Message(Generic[Head_co]):
    """What one frame says."""

    station: str
    """The station's own id, as its label shows it; empty when the frame does not carry one."""
    head: Head_co
    readings: list[FieldReading]
    texts: list[tuple[str, str]]
    rejected: list[Rejected]
    time_ns: int | None
    """The frame's own time: of sampling where the protocol has one, else of sending; None when it has neither."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes of a stream that are no frame, or one that says nothing; kept with the reason."""

    data: bytes
    """The first of them; long noise is cut off."""
    size: int
    error: DecodeError


@dataclass(frozen=True, slots=True)
class CodecOptions:
    """What a codec may be told beside the bytes."""

    is_lenient: bool = False
    """Accept known deviations, e.g. another checksum than the standard's, and say which it was."""
    zone: tzinfo = _BEIJING
    """The zone of times that a protocol writes without one."""
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    """Station in capitals → its zone, where it is another."""

    model: str = ""
    """The maker's own name of the model, for payloads whose meaning depends on it."""

    def zone_of(self, station: str) -> tzinfo:
        """Return the zone in which a station's times are."""
        return self.zones.get(station.upper(), self.zone) if self.zones else self.zone


class FrameDecoder(Protocol[Head_co]):
    """One frame in, one message out."""

    is_text: ClassVar[bool]
    """Whether frames are printable lines; those of other codecs are shown in hex."""

    def decode(self, frame: bytes) -> Message[Head_co]:
        """Return what the frame says, or raise DecodeError when it says nothing."""
        ...


class StreamDecoder(FrameDecoder[Head_co], Protocol[Head_co]):
    """A frame decoder that also cuts a byte stream into frames; fed byte by byte or whole, it says the same."""

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them; bounded by the protocol's longest frame."""
        ...

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame; they are not held."""
        ...

    def feed(self, data: bytes) -> Sequence[Message[Head_co] | Unreadable]:
        """Take bytes from the stream and return what they completed, in order; never raises."""
        ...

    def close(self) -> Sequence[Message[Head_co] | Unreadable]:
        """Return what the end of the stream leaves of an unfinished frame."""
        ...
