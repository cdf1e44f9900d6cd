"""What becomes of the elements of an SL 651 body, in either encoding: values, texts, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan

from gateway.codecs.contract import FieldReading, Rejected
from gateway.codecs.sl651.elements import Element
from gateway.codecs.written_times import bcd_digits
from gateway.errors import DecodeError
from gateway.model import SECOND, Quality

_MISSING = int(Quality.MISSING)
FIVE_MINUTES_NS = 300 * SECOND
NO_RAIN_VALUE, NO_LEVEL_VALUE = 0xFF, 0xFFFF
"""What F4 and F5-FC write for "no value" (table C.1)."""


@dataclass(slots=True)
class BodyRead:
    """What a body says."""

    serial: int
    send_ns: int
    """When it was sent."""
    time_ns: int
    """The observation time that holds for the elements that follow; that of sending until one is named."""
    station: str = ""
    readings: list[FieldReading] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def value(self, element: Element, value: float | None, time_ns: int | None = None) -> None:
        """Add a value; None is "no value"."""
        at = self.time_ns if time_ns is None else time_ns
        if value is None:
            self.readings.append(FieldReading(element.symbol, at, nan, element.unit, _MISSING))
        else:
            self.readings.append(FieldReading(element.symbol, at, value, element.unit))

    def series(self, element: Element, values: list[float | None], step_ns: int) -> None:
        """Add values of a series that begins at the observation time."""
        for number, value in enumerate(values):
            self.value(element, value, self.time_ns + number * step_ns)

    def wrong(self, element: Element, reason: str, detail: str) -> None:
        """Add an element that is no value."""
        self.rejected.append(Rejected(element.symbol, reason, detail))


def rain_values(data: bytes) -> list[float | None]:
    """Return the rain of five-minute periods in mm, a byte of 0.1 mm each.

    >>> rain_values(bytes.fromhex("0500FF"))
    [0.5, 0.0, None]
    """
    return [None if byte == NO_RAIN_VALUE else byte / 10 for byte in data]


def level_values(data: bytes) -> list[float | None]:
    """Return levels in m, two bytes of 0.01 m each.

    >>> level_values(bytes.fromhex("000CFFFF"))
    [0.12, None]
    """
    numbers = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data) - 1, 2)]
    return [None if number == NO_LEVEL_VALUE else number / 100 for number in numbers]


def bcd_number(data: bytes, decimals: int) -> float | None:
    r"""Return a BCD number; all FF is no value, FF before digits a minus sign (6.6.2.2).

    >>> bcd_number(bytes.fromhex("00000127"), 3), bcd_number(bytes.fromhex("FF0125"), 1), bcd_number(b"\xff\xff", 1)
    (0.127, -12.5, None)
    """
    if not data:
        raise DecodeError("size", "no bytes")
    if data.count(0xFF) == len(data):
        return None
    is_negative = data[0] == 0xFF  # noqa: PLR2004 - the sign
    size = int(bcd_digits(data[1:] if is_negative else data))
    return float((-size if is_negative else size) / 10**decimals)
