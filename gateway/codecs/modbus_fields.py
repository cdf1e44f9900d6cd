"""Bytes of registers, already in big-endian order, to raw numbers: whole values, bit fields, BCD and composites.

A BCD digit above 9, or a part above its most, makes NaN: no value.

    0x0142  water gauge: high byte metres, low byte BCD centimetres    1 * 100 + 42 = 142
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.model import Floats
from gateway.profiles import Point, RegisterPlace

_LAST_DIGIT = 9
_PRINTABLE = 0x20


class Numbers:
    """The raw numbers of points of one wire type."""

    def __init__(self, points: Sequence[Point], wire_type: np.dtype[np.generic]) -> None:
        self._points = points
        self._type = wire_type
        places = [_place(point) for point in points]
        self._is_plain = not any(place.bits or place.parts or place.type.startswith("bcd") for place in places)

    def __call__(self, sent: NDArray[np.uint8]) -> Floats:
        """Return a number for each row of bytes."""
        if self._is_plain:
            return sent.view(self._type)[:, 0].astype(np.float64)
        return numbers_of(self._points, sent, self._type)


def numbers_of(points: Sequence[Point], sent: NDArray[np.uint8], wire_type: np.dtype[np.generic]) -> Floats:
    """Return a number for each point and row of bytes, one by one."""
    whole = np.ascontiguousarray(sent).view(wire_type)[:, 0].tolist()
    return np.array([_number(_place(point), raw) for point, raw in zip(points, whole, strict=True)], np.float64)


def unsigned(wire_type: str) -> str:
    """Return the unsigned type of the same width."""
    return wire_type.replace("i", "u")


def text_of(sent: bytes) -> str | None:
    """Return the text of registers, without padding; None when it is none.

    >>> text_of(bytes.fromhex("5655004400000000"))
    'VU'
    """
    sent = sent.split(b"\0", 1)[0].strip(b" \xff")
    try:
        text = sent.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    return text if all(ord(character) >= _PRINTABLE for character in text) else None


def bcd(raw: int) -> float:
    """Return the number that the hex digits spell; NaN when one of them is no digit.

    >>> bcd(0x1234), bcd(0x12A4)
    (1234.0, nan)
    """
    number, place = 0, 1
    while raw:
        raw, digit = divmod(raw, 16)
        if digit > _LAST_DIGIT:
            return float("nan")
        number += digit * place
        place *= 10
    return float(number)


def _number(place: RegisterPlace, raw: float) -> float:
    if place.parts:
        return _composed(place, int(raw))
    if place.bits is not None:
        low, high = place.bits
        width = high - low + 1
        field = int(raw) >> low & (1 << width) - 1
        is_negative = place.type.startswith("i") and field >> width - 1
        return float(field - (1 << width) if is_negative else field)
    return bcd(int(raw)) if place.type.startswith("bcd") else float(raw)


def _composed(place: RegisterPlace, raw: int) -> float:
    total = 0.0
    for part in place.parts:
        low, high = part.bits
        field = raw >> low & (1 << high - low + 1) - 1
        number = bcd(field) if part.is_bcd else float(field)
        if part.most is not None and number > part.most:
            return float("nan")
        total += number * part.scale
    return total


def _place(point: Point) -> RegisterPlace:
    assert isinstance(point.place, RegisterPlace)  # noqa: S101 - a block has no other points
    return point.place
