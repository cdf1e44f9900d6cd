"""Modbus register blocks to readings, and which blocks to ask for. Knows nothing of sockets or time.

Byte orders are named by where the bytes of the big-endian value ABCD stand on the wire; 64-bit values likewise by
words (CDAB: the last word comes first) and by bytes within words (BADC: each word's bytes are swapped):

    wire bytes      80 6B 42 12                      registers are sent high byte first
    read as CDAB    42 12 80 6B  = 36.6254 (float32)

    points:         |flow   |       |velocity|sound  |  two blocks when the gap is wider than `max_gap`,
    registers:       0   1   2   3   4   5    6   7     else one request for 0-7
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.errors import DecodeError
from gateway.model import Bytes8, Flag, Flags16, Floats, Quality, Reading
from gateway.profiles import ByteOrder, Point, RegisterKind, RegisterPlace, RegisterType

_WIRE_TYPES: dict[RegisterType, str] = {
    "int16": ">i2",
    "uint16": ">u2",
    "int32": ">i4",
    "uint32": ">u4",
    "int64": ">i8",
    "uint64": ">u8",
    "float32": ">f4",
    "float64": ">f8",
}


@dataclass(frozen=True, slots=True)
class RegisterBlock:
    """Neighbouring registers that one request reads, and the points that lie in them."""

    kind: RegisterKind
    address: int
    count: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What a block says, one row for each of its points."""

    value: Floats
    quality: Bytes8
    flags: Flags16


def plan(points: Iterable[Point], max_gap: int = 8, max_block: int = 125) -> list[RegisterBlock]:
    """Cover the points with few requests; neighbours share one when at most `max_gap` registers lie idle between."""
    placed = [(point.place, point) for point in points if isinstance(point.place, RegisterPlace)]
    blocks: list[RegisterBlock] = []
    for kind in sorted({place.kind for place, _ in placed}):
        group: list[Point] = []
        start = end = 0
        for place, point in sorted(
            (pair for pair in placed if pair[0].kind == kind), key=lambda pair: (pair[0].address, pair[0].count)
        ):
            new_end = max(end, place.address + place.count)
            if group and (place.address - end > max_gap or new_end - start > max_block):
                blocks.append(RegisterBlock(kind, start, end - start, tuple(group)))
                group = []
            if not group:
                start, new_end = place.address, place.address + place.count
            group.append(point)
            end = new_end
        blocks.append(RegisterBlock(kind, start, end - start, tuple(group)))
    return blocks


class BlockDecoder:
    """Decodes the replies to one block, all points of one type at a time."""

    def __init__(self, block: RegisterBlock) -> None:
        self._block = block
        self._groups = [
            _Group(block, wire_type, rows)
            for wire_type in dict.fromkeys(_wire_type(point) for point in block.points)
            if (rows := [row for row, point in enumerate(block.points) if _wire_type(point) == wire_type])
        ]

    def columns(self, registers: Sequence[int]) -> Columns:
        """Return the block's points as columns; a reply of another length than was asked for is no reply."""
        if len(registers) != self._block.count:
            raise DecodeError("short reply", f"asked for {self._block.count} registers, got {len(registers)}")
        wire = np.array(registers, ">u2").view(np.uint8)
        rows = len(self._block.points)
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
            for point, (value, quality, flags) in zip(self._block.points, rows, strict=True)
        ]


class _Group:
    """The points of one wire type within a block."""

    def __init__(self, block: RegisterBlock, wire_type: str, rows: list[int]) -> None:
        points = [block.points[row] for row in rows]
        self._rows = np.array(rows, np.intp)
        self._type = np.dtype(wire_type)
        self._bytes = np.array([_byte_places(point, block.address) for point in points], np.intp)
        self._scale = np.array([point.scale for point in points])
        self._offset = np.array([point.offset for point in points])
        self._factor = np.array([point.factor for point in points])
        self._shift = np.array([point.shift for point in points])
        # Rounded as the device rounds them: a sentinel written as 3.4028235e38 is a float32 there.
        self._sentinels = np.full((len(points), max(len(point.sentinels) for point in points)), np.nan)
        for row, point in enumerate(points):
            self._sentinels[row, : len(point.sentinels)] = point.sentinels
        if self._type == np.dtype(">f4"):
            with np.errstate(over="ignore"):
                self._sentinels = self._sentinels.astype(np.float32).astype(np.float64)

    def decode(self, wire: NDArray[np.uint8], value: Floats, flags: Flags16) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            raw = wire[self._bytes].view(self._type)[:, 0].astype(np.float64)
            value[self._rows] = (raw * self._scale + self._offset) * self._factor + self._shift
        if self._sentinels.size:
            told = (raw[:, None] == self._sentinels).any(axis=1)
            value[self._rows[told]] = np.nan
            flags[self._rows[told]] = Flag.SENTINEL


def _wire_type(point: Point) -> str:
    return _WIRE_TYPES[_place(point).type]


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
