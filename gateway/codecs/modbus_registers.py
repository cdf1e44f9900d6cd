"""Modbus register blocks to readings. Knows nothing of sockets or time.

Byte orders are named by where the bytes of the big-endian value ABCD stand on the wire; 64-bit values likewise by
words (CDAB: the last word comes first) and by bytes within words (BADC: each word's bytes are swapped):

    wire bytes      80 6B 42 12                      registers are sent high byte first
    read as CDAB    42 12 80 6B  = 36.6254 (float32)

A value is made in this order: number of the register's type, its bits or parts, sentinels, scale and offset,
calibration of the unit, canonical unit. Coils come as 0 and 1, one a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.contract import Rejected
from gateway.codecs.modbus_fields import Numbers, numbers_of, text_of, unsigned
from gateway.codecs.modbus_plan import RegisterBlock, plan
from gateway.errors import DecodeError
from gateway.model import Bytes8, Flag, Flags16, Floats, Quality, Reading
from gateway.profiles import ByteOrder, Meaning, Point, RegisterPlace, RegisterType

__all__ = ["BlockDecoder", "Columns", "RegisterBlock", "plan"]

_WIRE_TYPES: dict[RegisterType, str] = {
    "int16": ">i2",
    "uint16": ">u2",
    "int32": ">i4",
    "uint32": ">u4",
    "int64": ">i8",
    "uint64": ">u8",
    "float32": ">f4",
    "float64": ">f8",
    "bcd16": ">u2",
    "bcd32": ">u4",
    "bcd64": ">u8",
    "bool": ">u2",
}
_SENTINEL_FLAGS: dict[Meaning, Flag] = {"maintenance": Flag.MAINTENANCE, "over_range": Flag.CLAMPED}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What a block says, one row for each of its points that are numbers."""

    value: Floats
    quality: Bytes8
    flags: Flags16


class BlockDecoder:
    """Decodes the replies to one block, all points of one type at a time."""

    def __init__(self, block: RegisterBlock) -> None:
        self.points = tuple(point for point in block.points if not point.is_text)
        """The points that are numbers, in the order of the columns."""
        self._block = block
        self._texts = [point for point in block.points if point.is_text]
        self._groups = [
            _Group(block, self.points, wire_type, rows)
            for wire_type in dict.fromkeys(_wire_type(point) for point in self.points)
            if (rows := [row for row, point in enumerate(self.points) if _wire_type(point) == wire_type])
        ]

    def columns(self, registers: Sequence[int]) -> Columns:
        """Return the block's points as columns; a reply of another length than was asked for is no reply."""
        wire = self._wire(registers)
        rows = len(self.points)
        value = np.empty(rows)
        quality = np.full(rows, Quality.GOOD, np.uint8)
        flags = np.zeros(rows, np.uint16)
        for group in self._groups:
            group.decode(wire, value, flags)
        missing = ~np.isfinite(value)
        value[missing] = np.nan
        quality[missing] = Quality.MISSING
        return Columns(value, quality, flags)

    def decode(self, registers: Sequence[int]) -> list[Reading]:
        """Return the block's points as readings without a time."""
        columns = self.columns(registers)
        rows = zip(columns.value.tolist(), columns.quality.tolist(), columns.flags.tolist(), strict=True)
        return [
            Reading(point.name, None, value, quality, flags)
            for point, (value, quality, flags) in zip(self.points, rows, strict=True)
        ]

    def texts(self, registers: Sequence[int]) -> tuple[list[tuple[str, str]], list[Rejected]]:
        """Return the texts of the block as (point, text), and the points whose bytes are no text."""
        texts: list[tuple[str, str]] = []
        rejected: list[Rejected] = []
        wire = self._wire(registers) if self._texts else None
        for point in self._texts:
            assert wire is not None  # noqa: S101 - there are texts
            sent = wire[_byte_places(point, self._block.address)]
            place = _place(point)
            if place.type == "text":
                text = text_of(sent.tobytes())
            else:
                raw = numbers_of([point], sent[None, :], np.dtype(_wire_type(point)))[0]
                text = f"{raw:.15g}" if np.isfinite(raw) and raw not in point.sentinels else None
            if text is None:
                rejected.append(Rejected(point.name, "text", f"no text: {sent.tobytes().hex(' ')}"[:200]))
            elif text:
                texts.append((point.name, text))
        return texts, rejected

    def _wire(self, registers: Sequence[int]) -> NDArray[np.uint8]:
        if len(registers) != self._block.count:
            raise DecodeError("short reply", f"asked for {self._block.count} registers, got {len(registers)}")
        return np.array(registers, ">u2").view(np.uint8)


class _Group:
    """The points of one wire type within a block."""

    def __init__(self, block: RegisterBlock, all_points: Sequence[Point], wire_type: str, rows: list[int]) -> None:
        points = [all_points[row] for row in rows]
        self._rows = np.array(rows, np.intp)
        self._numbers = Numbers(points, np.dtype(wire_type))
        self._bytes = np.array([_byte_places(point, block.address) for point in points], np.intp)
        self._scale = np.array([point.scale for point in points])
        self._offset = np.array([point.offset for point in points])
        self._factor = np.array([point.factor for point in points])
        self._shift = np.array([point.shift for point in points])
        self._calibration: tuple[Floats, ...] | None = None
        if any(point.calibration for point in points):
            rows_of = [p.calibration.coefficients() if p.calibration else (0.0, 1.0, 0.0, 0.0) for p in points]
            self._calibration = tuple(np.array(column) for column in zip(*rows_of, strict=True))
        # Rounded as the device rounds them: a sentinel written as 3.4028235e38 is a float32 there.
        self._sentinels = np.full((len(points), max(len(point.sentinels) for point in points)), np.nan)
        self._sentinel_flags = np.full(self._sentinels.shape, Flag.SENTINEL, np.uint16)
        for row, point in enumerate(points):
            self._sentinels[row, : len(point.sentinels)] = point.sentinels
            for column, sentinel in enumerate(point.sentinels):
                meaning = point.meanings.get(sentinel)
                self._sentinel_flags[row, column] |= _SENTINEL_FLAGS.get(meaning, Flag.NONE) if meaning else 0
        if wire_type == ">f4":
            with np.errstate(over="ignore"):
                self._sentinels = self._sentinels.astype(np.float32).astype(np.float64)

    def decode(self, wire: NDArray[np.uint8], value: Floats, flags: Flags16) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            raw = self._numbers(wire[self._bytes])
            engineered = raw * self._scale + self._offset
            if self._calibration is not None:
                c0, c1, c2, c3 = self._calibration
                engineered = c0 + engineered * (c1 + engineered * (c2 + engineered * c3))
            value[self._rows] = engineered * self._factor + self._shift
        if self._sentinels.size:
            told = raw[:, None] == self._sentinels
            rows, columns = np.nonzero(told)
            value[self._rows[rows]] = np.nan
            flags[self._rows[rows]] = self._sentinel_flags[rows, columns]


def _wire_type(point: Point) -> str:
    place = _place(point)
    wire_type = _WIRE_TYPES.get(place.type, ">u2")
    # Bits are cut out of the unsigned number; a signed field gets its sign afterwards.
    return unsigned(wire_type) if place.bits or place.parts else wire_type


def _byte_places(point: Point, start: int) -> list[int]:
    """Return where the bytes of the big-endian value stand in the block's bytes."""
    place = _place(point)
    words = range(place.count)
    swaps_words, swaps_bytes = _SWAPS[place.byte_order]
    first = 2 * (place.address - start)
    return [
        first + 2 * word + (byte ^ swaps_bytes)
        for word in (reversed(words) if swaps_words else words)
        for byte in (0, 1)
    ]


_SWAPS: dict[ByteOrder, tuple[bool, bool]] = {
    "ABCD": (False, False),
    "CDAB": (True, False),
    "BADC": (False, True),
    "DCBA": (True, True),
}


def _place(point: Point) -> RegisterPlace:
    if not isinstance(point.place, RegisterPlace):
        raise TypeError(f"{point.name} lies in no register")
    return point.place
