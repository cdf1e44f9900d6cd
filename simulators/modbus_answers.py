"""What a Modbus device answers, from its registers and the bytes of a request alone; no socket, no library.

    request  | transaction 2 | protocol 2 | length 2 | unit 1 | function 1 | address 2 | count 2 |
    reply    | transaction 2 | protocol 2 | length 2 | unit 1 | function 1 | bytes 1   | ...     |

MODBUS Messaging on TCP/IP Implementation Guide 1.0b, 3.1.3; Application Protocol 1.1b3, 6.1-6.4 and 7.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from gateway.profiles import RegisterKind
from simulators.devices import Block

_KINDS: dict[int, RegisterKind] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_BITS = (1, 2)
_MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_HEADER = struct.Struct(">HHHB")
_ASKS = struct.Struct(">BHH")


class Said(NamedTuple):
    """What a device does about a request."""

    frame: bytes | None
    """Its reply, None for silence."""
    after_seconds: float = 0.0
    """How long it takes; longer than its master waits makes the reply late."""
    hangs_up: bool = False
    """Whether the connection breaks instead, as on a line that is cut."""


def unit_of(frame: bytes) -> int:
    """Return the unit that a Modbus TCP request asks."""
    return frame[6]


def answer(frame: bytes, blocks: Sequence[Block]) -> bytes:
    """Return the Modbus TCP reply of a device with these registers; what it does not have is exception 2.

    >>> answer(bytes.fromhex("0001 0000 0006 07 03 0002 0001"), [("holding", 0, [10, 11, 12])]).hex(" ")
    '00 01 00 00 00 05 07 03 02 00 0c'
    """
    transaction, _, _, unit = _HEADER.unpack_from(frame)
    if len(frame) < _HEADER.size + _ASKS.size:
        body = bytes([frame[_HEADER.size] | 0x80, _ILLEGAL_FUNCTION])
    else:
        function, address, count = _ASKS.unpack_from(frame, _HEADER.size)
        body = _body(function, address, count, blocks)
    return _HEADER.pack(transaction, 0, len(body) + 1, unit) + body


def refusal(frame: bytes, exception: int) -> bytes:
    """Return the exception with which a request is answered.

    >>> refusal(bytes.fromhex("0001 0000 0006 07 03 0002 0001"), 6).hex(" ")
    '00 01 00 00 00 03 07 83 06'
    """
    transaction, _, _, unit = _HEADER.unpack_from(frame)
    return _HEADER.pack(transaction, 0, 3, unit) + bytes([frame[_HEADER.size] | 0x80, exception])


def without_last_registers(reply: bytes, missing: int) -> bytes:
    """Return a reply that has fewer registers than were asked for, as some devices send; an exception stays.

    >>> without_last_registers(bytes.fromhex("0001 0000 0007 07 03 04 000b 000c"), 1).hex(" ")
    '00 01 00 00 00 05 07 03 02 00 0b'
    """
    transaction, _, _, unit = _HEADER.unpack_from(reply)
    function = reply[_HEADER.size]
    if function & 0x80:
        return reply
    kept = reply[_HEADER.size + 2 : max(_HEADER.size + 2, len(reply) - 2 * missing)]
    return _HEADER.pack(transaction, 0, len(kept) + 3, unit) + bytes([function, len(kept)]) + kept


def _body(function: int, address: int, count: int, blocks: Sequence[Block]) -> bytes:
    if function not in _KINDS:
        return bytes([function | 0x80, _ILLEGAL_FUNCTION])
    if not 1 <= count <= _MOST[function]:
        return bytes([function | 0x80, _ILLEGAL_VALUE])
    held: dict[int, int] = {}
    for kind, first, words in blocks:
        if kind == _KINDS[function]:
            held.update(enumerate(words, first))
    wanted = range(address, address + count)
    if any(place not in held for place in wanted):
        return bytes([function | 0x80, _ILLEGAL_ADDRESS])
    if function in _BITS:
        packed = bytearray((count + 7) // 8)
        for number, place in enumerate(wanted):
            packed[number // 8] |= (held[place] & 1) << number % 8
        return bytes([function, len(packed), *packed])
    return bytes([function, 2 * count]) + b"".join(struct.pack(">H", held[place]) for place in wanted)
