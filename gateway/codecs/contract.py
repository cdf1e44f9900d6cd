"""What every decoder gives: the readings it could make, and the points it could not, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gateway.model import Reading


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
