"""How a device lays a raw number into its registers: byte orders, BCD, bit fields, composites.

Written from the profile alone; shares no code with the decoders that it is used to test.
"""

from __future__ import annotations

import math
import struct

from gateway.profiles import Part, RegisterPlace

_STRUCT = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
    "bcd16": "H",
    "bcd32": "I",
    "bcd64": "Q",
}


def range_of(place: RegisterPlace) -> tuple[int, int]:
    """Return the lowest and the highest raw number that a place holds.

    >>> range_of(RegisterPlace("input", 0, "bcd16")), range_of(RegisterPlace("input", 0, "int16"))
    ((0, 9999), (-32768, 32767))
    """
    if place.type == "bool":
        return 0, 1
    if place.parts:
        return 0, round(sum(_most(part) * part.scale for part in place.parts))
    if place.type.startswith("bcd"):
        return 0, 10 ** (place.count * 4) - 1
    bits = place.bits[1] - place.bits[0] + 1 if place.bits else place.count * 16
    return (0, (1 << bits) - 1) if place.type.startswith("u") else (-1 << bits - 1, (1 << bits - 1) - 1)


def words_of(place: RegisterPlace, raw: float | None) -> list[int]:
    """Lay a value into registers: A is the highest byte, as in the order's name (CDAB: the low word comes first)."""
    if place.type == "bool":
        return [int(raw or 0)]
    if raw is None and (place.parts or place.type.startswith("bcd")):
        # FF is neither a digit nor a metre.
        return [0xFFFF] * place.count
    if raw is None:
        raise ValueError(f"{place.type} at {place.address} has no word for a missing value")
    if place.type.startswith("float"):
        packed = struct.pack(">" + _STRUCT[place.type], raw)
    else:
        packed = struct.pack(">" + _STRUCT[place.type].upper(), _whole(place, int(raw)))
    words = [packed[start : start + 2] for start in range(0, len(packed), 2)]
    if place.byte_order in {"CDAB", "DCBA"}:
        words.reverse()
    if place.byte_order in {"BADC", "DCBA"}:
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


def _whole(place: RegisterPlace, raw: int) -> int:
    """Return the bits of a whole place as an unsigned number."""
    if place.parts:
        return _composed(place, raw)
    if place.bits:
        low, high = place.bits
        return (raw & (1 << high - low + 1) - 1) << low
    if place.type.startswith("bcd") and raw < 10 ** (place.count * 4):
        return int(str(raw), 16)
    return raw & (1 << place.count * 16) - 1


def _composed(place: RegisterPlace, raw: int) -> int:
    """Give each part, the one that weighs most first, as much as it can hold."""
    whole, left = 0, float(raw)
    for part in sorted(place.parts, key=lambda part: -part.scale):
        number = min(_most(part), math.floor(left / part.scale))
        left -= number * part.scale
        whole |= (int(str(number), 16) if part.is_bcd else number) << part.bits[0]
    return whole


def _most(part: Part) -> int:
    width = part.bits[1] - part.bits[0] + 1
    room = 10 ** (width // 4) - 1 if part.is_bcd else (1 << width) - 1
    return room if part.most is None else min(room, int(part.most))
