"""What a device of a profile sends for given true values: JSON payloads and Modbus registers.

Written from the profile and the protocol alone; shares no code with the decoders that it is used to test.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from gateway.model import SECOND
from gateway.profiles import FieldPlace, Point, Profile, RegisterKind, RegisterPlace
from simulators.patterns import PATTERNS
from simulators.registers import range_of, words_of

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | int | None"
Block: TypeAlias = tuple[RegisterKind, int, list[int]]
"""Registers of one kind from an address on."""

_FLOATS = frozenset({"float32", "float64"})
_DECIMALS = 3


def raw_of(point: Point, value: float) -> float | int | None:
    """Return what stands on the wire for a canonical value; NaN becomes the device's word for "no value"."""
    place = point.place
    if math.isnan(value):
        if point.sentinels:
            word = point.sentinels[0]
            return word if isinstance(place, RegisterPlace) and place.type in _FLOATS else int(word)
        is_float = isinstance(place, RegisterPlace) and place.type in _FLOATS
        return math.nan if is_float else None
    raw = (_uncalibrated(point, (value - point.shift) / point.factor) - point.offset) / point.scale
    if not isinstance(place, RegisterPlace):
        return _rounded(point, raw)
    if place.type in _FLOATS:
        return raw
    if point.counter is not None:
        raw %= point.counter.rollover
    low, high = range_of(place)
    return min(high, max(low, round(raw)))


def resolved(point: Point, value: float) -> float:
    """Return the canonical value that is left of a true value once the device has rounded it for the wire.

    >>> from gateway.profiles import Point, RegisterPlace
    >>> resolved(Point("co", "carbon_monoxide", "[ppm]", RegisterPlace("input", 0, "uint16"), scale=0.5), 12.3)
    12.5
    """
    raw = raw_of(point, value)
    if raw is None or math.isnan(value) or raw in point.sentinels:
        return math.nan
    if isinstance(point.place, RegisterPlace) and point.place.type == "float32":
        raw = struct.unpack("<f", struct.pack("<f", raw))[0]
    value = raw * point.scale + point.offset
    if point.calibration is not None:
        c0, c1, c2, c3 = point.calibration.coefficients()
        value = c0 + c1 * value + c2 * value**2 + c3 * value**3
    return value * point.factor + point.shift


def payload_of(
    profile: Profile, values: Mapping[str, float], time_ns: int, waves: Mapping[str, Sequence[float]] | None = None
) -> bytes:
    """Return the JSON message of a device with the given points, in canonical units.

    An array has the samples that `waves` gives, or else the one value.
    """
    waves = waves or {}
    if profile.protocol != "json":
        raise ValueError(f"{profile.id} speaks {profile.protocol}, which no simulated device does yet")
    root: Json = {}
    for name, value in values.items():
        point = profile.points[name]
        if isinstance(point.place, FieldPlace):
            told: Json = [raw_of(point, one) for one in waves[name]] if name in waves else None
            root = _placed(root, point.place.path, told or _written(point, raw_of(point, value)))
    if profile.time_path is not None:
        root = _placed(root, profile.time_path, _time_of(profile, time_ns))
    return json.dumps(root, separators=(",", ":"), allow_nan=False).encode()


def registers_of(profile: Profile, values: Mapping[str, float]) -> list[Block]:
    """Return the registers of a device with the given points, one block a kind, without holes between points."""
    blocks: dict[RegisterKind, dict[int, int]] = {}
    for name, value in values.items():
        point = profile.points[name]
        if isinstance(point.place, RegisterPlace):
            registers = blocks.setdefault(point.place.kind, {})
            for place, word in enumerate(words_of(point.place, raw_of(point, value)), point.place.address):
                # Bit fields share a register.
                registers[place] = registers.get(place, 0) | word
    return [
        (kind, min(registers), [registers.get(address, 0) for address in range(min(registers), max(registers) + 1)])
        for kind, registers in blocks.items()
    ]


def _uncalibrated(point: Point, value: float) -> float:
    """Return what a unit measures for a value that its constants make of it."""
    if point.calibration is None:
        return value
    constants = {name: number for name, number in point.calibration.constants.items() if number is not None}
    gain, zero = constants.get("gain", 1.0), constants.get("zero", 0.0)
    if point.calibration.form == "linear":
        return value / gain + zero
    if point.calibration.form == "square":
        return math.sqrt(max(0.0, value / gain + zero * zero))
    raise ValueError(f"{point.name} has a polynomial, which nobody turns round here")


def _written(point: Point, raw: float | None) -> Json:
    told: Json = str(raw) if point.from_text and raw is not None else raw
    return [told] if point.samples is not None else told


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
