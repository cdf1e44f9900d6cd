"""What a device of a profile sends for given true values: JSON payloads and Modbus registers.

Written from the profile and the protocol alone; shares no code with the decoders that it is used to test.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from gateway.model import SECOND
from gateway.profiles import FieldPlace, Point, Profile, RegisterKind, RegisterPlace
from simulators.patterns import PATTERNS

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | int | None"
Block: TypeAlias = tuple[RegisterKind, int, list[int]]
"""Registers of one kind from an address on."""

_STRUCT = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
_DECIMALS = 3


def raw_of(point: Point, value: float) -> float | int | None:
    """Return what stands on the wire for a canonical value; NaN becomes the device's word for "no value"."""
    if math.isnan(value):
        if point.sentinels:
            return int(point.sentinels[0])
        is_float = isinstance(point.place, RegisterPlace) and point.place.type.startswith("float")
        return math.nan if is_float else None
    raw = ((value - point.shift) / point.factor - point.offset) / point.scale
    if isinstance(point.place, FieldPlace):
        return _rounded(point, raw)
    if point.place.type.startswith("float"):
        return raw
    bits = point.place.count * 16
    low, high = (0, (1 << bits) - 1) if point.place.type.startswith("u") else (-1 << bits - 1, (1 << bits - 1) - 1)
    return min(high, max(low, round(raw)))


def resolved(point: Point, value: float) -> float:
    """Return the canonical value that is left of a true value once the device has rounded it for the wire.

    >>> from gateway.profiles import Point, RegisterPlace
    >>> resolved(Point("co", "carbon_monoxide", "[ppm]", RegisterPlace("input", 0, "uint16"), scale=0.5), 12.3)
    12.5
    """
    raw = raw_of(point, value)
    if raw is None or math.isnan(value):
        return math.nan
    if isinstance(point.place, RegisterPlace) and point.place.type == "float32":
        raw = struct.unpack("<f", struct.pack("<f", raw))[0]
    return (raw * point.scale + point.offset) * point.factor + point.shift


def payload_of(profile: Profile, values: Mapping[str, float], time_ns: int) -> bytes:
    """Return the JSON message of a device with the given points, in canonical units."""
    root: Json = {}
    for name, value in values.items():
        point = profile.points[name]
        if isinstance(point.place, FieldPlace):
            root = _placed(root, point.place.path, raw_of(point, value))
    if profile.time_path is not None:
        root = _placed(root, profile.time_path, _time_of(profile, time_ns))
    return json.dumps(root, separators=(",", ":"), allow_nan=False).encode()


def registers_of(profile: Profile, values: Mapping[str, float]) -> list[Block]:
    """Return the registers of a device with the given points, one block a kind, without holes between points."""
    blocks: dict[RegisterKind, dict[int, int]] = {}
    for name, value in values.items():
        point = profile.points[name]
        if isinstance(point.place, RegisterPlace):
            words = _words(point.place, raw_of(point, value))
            registers = blocks.setdefault(point.place.kind, {})
            registers.update({point.place.address + place: word for place, word in enumerate(words)})
    return [
        (kind, min(registers), [registers.get(address, 0) for address in range(min(registers), max(registers) + 1)])
        for kind, registers in blocks.items()
    ]


def _words(place: RegisterPlace, raw: float | None) -> list[int]:
    """Lay a value into registers: A is the highest byte, as in the order's name (CDAB: the low word comes first)."""
    if raw is None:
        raise ValueError(f"{place.type} at {place.address} has no word for a missing value")
    packed = struct.pack(">" + _STRUCT[place.type], raw)
    words = [packed[start : start + 2] for start in range(0, len(packed), 2)]
    if place.byte_order in {"CDAB", "DCBA"}:
        words.reverse()
    if place.byte_order in {"BADC", "DCBA"}:
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


def _rounded(point: Point, raw: float) -> float | int:
    pattern = PATTERNS.get(point.quantity)
    decimals = pattern.decimals if pattern else _DECIMALS
    # A finer unit on the wire needs fewer digits after the point: 3.612 V are 3612 mV.
    decimals = max(0, decimals + math.ceil(math.log10(abs(point.factor * point.scale))))
    return round(raw, decimals) if decimals and not float(raw).is_integer() else round(raw)


def _time_of(profile: Profile, time_ns: int) -> Json:
    if profile.time_format == "iso8601":
        moment = datetime.fromtimestamp(time_ns // SECOND, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % SECOND // 1_000_000:03d}Z"
    return time_ns // {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}[profile.time_format]


def _placed(node: Json, path: Iterable[str], value: Json) -> Json:
    """Return the tree with a value at a path; a number in the path makes an array."""
    first, *rest = path
    if first.isdigit():
        items = node if isinstance(node, list) else []
        place = int(first)
        items.extend([None] * (place + 1 - len(items)))
        items[place] = _placed(items[place], rest, value) if rest else value
        return items
    fields = node if isinstance(node, dict) else {}
    fields[first] = _placed(fields.get(first), rest, value) if rest else value
    return fields
