"""Which registers, type, byte order, scale and offset could mean a known reading: candidates, the likeliest first.

A candidate must give the reading within half of its last digit (or the tolerance asked for). Of those, it speaks for a
candidate when chance would seldom hit it (a float, a full 32-bit number), and when makers often do it so (a scale of a
power of ten, no offset, big-endian).
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from gateway.codecs.modbus_fields import bcd
from gateway.errors import DecodeError
from gateway.profiles import ByteOrder, RegisterType

_FORMATS: dict[RegisterType, str] = {
    "float32": ">f",
    "float64": ">d",
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "bcd16": ">H",
    "bcd32": ">I",
}
_ORDERS: dict[ByteOrder, float] = {"ABCD": 0.0, "CDAB": 0.1, "BADC": 0.4, "DCBA": 0.4}
_SCALES = {1.0: 0.0, 0.1: 0.2, 0.01: 0.3, 0.001: 0.4, 10.0: 0.7, 0.0001: 0.8, 100.0: 1.0, 0.5: 1.0, 0.2: 1.0, 1e-6: 1.2}
_OFFSETS = {0.0: 0.0, -10.0: 1.6, -40.0: 1.5, -50.0: 1.7, -100.0: 1.8, -273.15: 1.5}
_HEX_LINE = re.compile(r"\s*(0x[0-9a-fA-F]+|\d+)\s*:\s*((?:[0-9a-fA-F]{4}\s*)+)$")
_NUMBER_LINE = re.compile(r"\s*\[?(0x[0-9a-fA-F]+|\d+)\]?\s*[,;:\s]\s*(0x[0-9a-fA-F]+|-?\d+)\s*(?:\(-?\d+\))?\s*$")
_MOST_LINES = 70_000
_LEAST, _LAST = -0x8000, 0xFFFF


class Candidate(NamedTuple):
    """One way to read a value out of the dump."""

    address: int
    type: RegisterType
    byte_order: ByteOrder
    scale: float
    offset: float
    value: float
    likelihood: float


def read_dump(text: str) -> dict[int, int]:
    r"""Return address → register of a dump, or raise DecodeError.

    Lines are `256: 4060 0000` (hex words, as `lifeline probe` prints them), `256,16480`, `256 0x4060`, or mbpoll's
    `[256]: 16480`; empty lines and those that begin with # or -- are skipped.

    >>> read_dump("256: 4060 0000\n300, 7")
    {256: 16480, 257: 0, 300: 7}
    """
    registers: dict[int, int] = {}
    for number, line in enumerate(text.splitlines()[:_MOST_LINES], start=1):
        if not line.strip() or line.lstrip().startswith(("#", "--")):
            continue
        if hexadecimal := _HEX_LINE.match(line):
            start = int(hexadecimal[1], 0)
            words = [int(word, 16) for word in hexadecimal[2].split()]
        elif decimal := _NUMBER_LINE.match(line):
            start, words = int(decimal[1], 0), [int(decimal[2], 0)]
        else:
            raise DecodeError(
                "dump", f"line {number} is neither '256: 4060 0000' nor '256, 16480': {line.strip()[:60]!r}"
            )
        for place, word in enumerate(words):
            if not _LEAST <= word <= _LAST or start + place > _LAST:
                raise DecodeError("dump", f"line {number}: {word} at {start + place} is no register")
            registers[start + place] = word & _LAST
    if not registers:
        raise DecodeError("dump", "there is no register in it")
    return registers


def tolerance_of(reading: str) -> float:
    """Return half of the last digit that a display shows.

    >>> tolerance_of("3.42")
    0.005
    """
    try:
        exponent = Decimal(reading).as_tuple().exponent
    except InvalidOperation:
        raise DecodeError("reading", f"{reading!r:.40} is no number") from None
    return 0.5 * 10.0**exponent if isinstance(exponent, int) else math.inf


def suggest(registers: Mapping[int, int], reading: float, tolerance: float, most: int = 10) -> list[Candidate]:
    """Return the likeliest ways to read the value out of the registers."""
    found = [
        Candidate(address, kind, order, scale, offset, raw * scale + offset, likelihood)
        for address, kind, order, raw, words in _raws(registers)
        for scale, offset, likelihood in _fits(_Raw(kind, order, raw, words), reading, tolerance)
    ]
    found.sort(key=lambda each: (-each.likelihood, each.address, each.type, each.byte_order))
    return found[:most]


def _raws(registers: Mapping[int, int]) -> Iterator[tuple[int, RegisterType, ByteOrder, float, tuple[int, ...]]]:
    for address in sorted(registers):
        for kind, form in _FORMATS.items():
            count = struct.calcsize(form) // 2
            if any(address + place not in registers for place in range(count)):
                continue
            words = tuple(registers[address + place] for place in range(count))
            for order in _ORDERS:
                if count == 1 and order in {"CDAB", "DCBA"}:
                    continue
                (raw,) = struct.unpack(form, _big_endian(words, order))
                number = bcd(raw) if kind.startswith("bcd") else float(raw)
                if math.isfinite(number):
                    yield address, kind, order, number, words


def _big_endian(words: Iterable[int], order: ByteOrder) -> bytes:
    packed = [word.to_bytes(2) for word in words]
    if order in {"CDAB", "DCBA"}:
        packed.reverse()
    if order in {"BADC", "DCBA"}:
        packed = [word[::-1] for word in packed]
    return b"".join(packed)


class _Raw(NamedTuple):
    type: RegisterType
    byte_order: ByteOrder
    number: float
    words: tuple[int, ...]


def _fits(raw: _Raw, reading: float, tolerance: float) -> Iterator[tuple[float, float, float]]:
    is_float = raw.type.startswith("float")
    for scale, against_scale in _SCALES.items():
        for offset, against_offset in _OFFSETS.items():
            error = abs(raw.number * scale + offset - reading)
            if error > tolerance * (1 + 1e-9):
                continue
            against = _ORDERS[raw.byte_order] + against_scale + against_offset
            if is_float:
                # A float that fits has found its own scale; one that must be scaled has probably not.
                against += 2.0 if scale != 1.0 else 0.0
                yield scale, offset, round(_evidence(raw.type, raw.words) - 1.5 * against - error / tolerance / 4, 3)
            else:
                yield scale, offset, round(_evidence(raw.type, raw.words) - against - error / tolerance / 4, 3)


def _evidence(kind: RegisterType, words: tuple[int, ...]) -> float:
    """Return how seldom chance makes such a number: idle words speak for nothing."""
    busy = sum(word not in (0, _LAST) for word in words)
    if kind.startswith("float"):
        return 3.0 + 0.3 * busy
    bonus = -0.6 if kind.startswith("bcd") else 0.0
    signed = -0.05 if kind.startswith("i") else 0.0
    return 1.6 + 0.5 * (busy - len(words)) + 0.3 * busy + bonus + signed
