"""Which registers to ask for together. Knows nothing of sockets or time.

    points:         |flow   |       |velocity|sound  |  two blocks when the gap is wider than `max_gap`,
    registers:       0   1   2   3   4   5    6   7     else one request for 0-7

A block never crosses a forbidden hole or a cut (where the device was seen to refuse a longer one), never is longer than
the protocol or the model allows, and never splits a point, whose words must be of one moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gateway.profiles import BIT_KINDS, ModbusHints, Point, RegisterKind, RegisterPlace

Cut: TypeAlias = tuple[RegisterKind, int]
"""A kind and an address at which a block must begin."""

_NO_HINTS = ModbusHints()
MOST_REGISTERS, MOST_BITS = 125, 2_000
"""What one request may ask for (MODBUS Application Protocol V1.1b3, 6.1 to 6.4)."""


@dataclass(frozen=True, slots=True)
class RegisterBlock:
    """Neighbouring registers, or bits, that one request reads, and the points that lie in them."""

    kind: RegisterKind
    address: int
    count: int
    points: tuple[Point, ...]

    @property
    def place(self) -> tuple[RegisterKind, int, int]:
        """Kind, address and count: what a request names."""
        return (self.kind, self.address, self.count)

    @property
    def request_bytes(self) -> int:
        """The bytes of its RTU request."""
        return 8

    @property
    def reply_bytes(self) -> int:
        """The bytes of its RTU reply."""
        return 5 + ((self.count + 7) // 8 if self.kind in BIT_KINDS else 2 * self.count)


class _Caps(NamedTuple):
    gap: int
    block: int


def plan(
    points: Iterable[Point],
    max_gap: int = 8,
    max_block: int = MOST_REGISTERS,
    *,
    hints: ModbusHints = _NO_HINTS,
    cuts: Collection[Cut] = (),
) -> list[RegisterBlock]:
    """Cover the points with few requests; neighbours share one when at most `max_gap` registers lie idle between."""
    placed = [(point.place, point) for point in points if isinstance(point.place, RegisterPlace)]
    blocks: list[RegisterBlock] = []
    for kind in sorted({place.kind for place, _ in placed}):
        mine = sorted(
            (pair for pair in placed if pair[0].kind == kind), key=lambda pair: (pair[0].address, pair[0].count)
        )
        is_bits = kind in BIT_KINDS
        caps = _Caps(hints.max_gap_bits, hints.max_block_bits) if is_bits else _Caps(max_gap, max_block)
        walls = sorted({address for cut, address in cuts if cut == kind})
        holes = [(hole.first, hole.last) for hole in hints.forbidden if hole.kind == kind]
        blocks += _blocks(kind, mine, caps, walls, holes)
    return blocks


def bisected(block: RegisterBlock) -> list[Cut]:
    """Return where to cut a block that was refused: behind its idle registers, else in the middle, else nowhere.

    Many devices refuse a block that touches a register they do not have, or that is longer than their buffer.
    """
    starts: list[int] = []
    gaps: list[int] = []
    end = block.address
    for point in block.points:
        place = point.place
        assert isinstance(place, RegisterPlace)  # noqa: S101 - a block has no other points
        if place.address >= end:
            starts.append(place.address)
        if place.address > end:
            gaps.append(place.address)
        end = max(end, place.address + place.count)
    cuts = gaps or ([starts[len(starts) // 2]] if len(starts) > 1 else [])
    return [(block.kind, address) for address in cuts]


def _blocks(
    kind: RegisterKind,
    placed: list[tuple[RegisterPlace, Point]],
    caps: _Caps,
    walls: list[int],
    holes: list[tuple[int, int]],
) -> list[RegisterBlock]:
    blocks: list[RegisterBlock] = []
    group: list[Point] = []
    start = end = 0

    def close() -> None:
        if group:
            blocks.append(RegisterBlock(kind, start, end - start, tuple(group)))
            group.clear()

    for place, point in placed:
        if point.is_alone:
            blocks.append(RegisterBlock(kind, place.address, place.count, (point,)))
            continue
        new_end = max(end, place.address + place.count)
        is_apart = (
            place.address - end > caps.gap
            or new_end - start > caps.block
            or any(start < wall <= place.address for wall in walls)
            or any(first < place.address and last >= end for first, last in holes)
        )
        if group and is_apart:
            close()
        if not group:
            start, new_end = place.address, place.address + place.count
        group.append(point)
        end = new_end
    close()
    return sorted(blocks, key=lambda block: block.address)
