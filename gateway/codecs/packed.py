"""Packed bytes to readings, as the profile places them: offset, type, order, bits. Knows no protocol.

A payload shorter than a point's last byte costs that point alone; longer ones are taken, as firmware grows.
"""

from __future__ import annotations

import struct
from math import isfinite, nan
from typing import NamedTuple

from gateway.codecs.contract import Decoded, Rejected
from gateway.errors import DecodeError
from gateway.model import Flag, Quality, Reading
from gateway.profiles import PackedPlace, Point, Profile

_MISSING, _SENTINEL = int(Quality.MISSING), int(Flag.SENTINEL)


class _Target(NamedTuple):
    point: Point
    place: PackedPlace
    sentinels: frozenset[float]


class PackedDecoder:
    """Decodes the payloads of one device model."""

    def __init__(self, profile: Profile) -> None:
        self._targets = [
            _Target(point, point.place, frozenset(point.sentinels))
            for point in profile.points.values()
            if isinstance(point.place, PackedPlace) and not point.is_text
        ]

    def decode(self, payload: bytes) -> Decoded:
        """Return what the payload says, or raise DecodeError when it says nothing."""
        readings: list[Reading] = []
        rejected: list[Rejected] = []
        for target in self._targets:
            read = _read(target, payload)
            if isinstance(read, Reading):
                readings.append(read)
            else:
                rejected.append(read)
        if not readings:
            raise DecodeError("length", f"{len(payload)} bytes hold no point")
        return Decoded(readings, [], rejected, None)


def _read(target: _Target, payload: bytes) -> Reading | Rejected:
    point, place = target.point, target.place
    data = payload[place.offset : place.offset + place.size]
    if len(data) < place.size:
        return Rejected(point.name, "length", f"bytes {place.offset}-{place.offset + place.size - 1} of {len(payload)}")
    raw: float
    if place.type == "bcd":
        digits = (data[::-1] if place.is_little else data).hex()
        if not digits.isdecimal():
            return Rejected(point.name, "BCD", digits)
        raw = int(digits)
    elif place.type in ("f32", "f64"):
        (raw,) = struct.unpack(f"{'<' if place.is_little else '>'}{'f' if place.type == 'f32' else 'd'}", data)
    else:
        raw = int.from_bytes(data, "little" if place.is_little else "big", signed=place.type.startswith("i"))
        if place.bit is not None:
            raw = raw >> place.bit & ((1 << place.bits) - 1)
    if raw in target.sentinels:
        return Reading(point.name, None, nan, _MISSING, _SENTINEL)
    value = (raw * point.scale + point.offset) * point.factor + point.shift
    if not isfinite(value):
        return Rejected(point.name, "value", "no number")
    return Reading(point.name, None, value)
