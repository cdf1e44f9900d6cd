"""Modbus RTU frames as manuals print them: unit, function, data, CRC. Used to prove profiles, not on the network.

request    unit  01-04  address(2)  count(2)  CRC(2)        MODBUS Application Protocol V1.1b3, 6.1 to 6.4
reply      unit  03|04  bytes(1)    registers CRC(2)
reply      unit  01|02  bytes(1)    bits      CRC(2)        the first bit is the lowest of the first byte
exception  unit  81-84  code(1)     CRC(2)                  7
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.errors import DecodeError
from gateway.profiles import BIT_KINDS, RegisterKind

FUNCTIONS: dict[int, RegisterKind] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
"""The function codes that read."""
_REQUEST_BYTES = 8
_LEAST_BYTES = 5
_EXCEPTION = 0x80


class RegisterRange(NamedTuple):
    """What a request asks for and its reply says."""

    unit: int
    kind: RegisterKind
    address: int
    registers: tuple[int, ...]
    """Registers, or bits as 0 and 1."""


def crc16(data: bytes) -> int:
    """Return the CRC of MODBUS over Serial Line V1.02, 6.2.2; it is sent low byte first.

    >>> crc16(bytes.fromhex("01030000000a")).to_bytes(2, "little").hex()
    'c5cd'
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def read_exchange(request: bytes, reply: bytes) -> RegisterRange:
    """Return what one request and its reply say, or raise DecodeError."""
    asked, answered = _checked(request, "request"), _checked(reply, "reply")
    kind = FUNCTIONS.get(asked[1])
    if kind is None or len(request) != _REQUEST_BYTES:
        raise DecodeError("request", f"not a request for registers: {request.hex(' ')}")
    address, count = int.from_bytes(asked[2:4]), int.from_bytes(asked[4:6])
    if answered[0] != asked[0]:
        raise DecodeError("wrong unit", f"asked unit {asked[0]}, unit {answered[0]} replied")
    if answered[1] == asked[1] | _EXCEPTION:
        raise DecodeError(f"exception {answered[2]}", "the device refuses")
    if answered[1] != asked[1]:
        raise DecodeError("wrong function", f"asked function {asked[1]}, got {answered[1]}")
    data = answered[3:]
    is_bits = kind in BIT_KINDS
    if answered[2] != len(data) or len(data) != ((count + 7) // 8 if is_bits else 2 * count):
        raise DecodeError("short reply", f"asked for {count} registers, got {len(data)} bytes that claim {answered[2]}")
    if is_bits:
        bits = tuple(data[place // 8] >> place % 8 & 1 for place in range(count))
        return RegisterRange(asked[0], kind, address, bits)
    registers = tuple(int.from_bytes(data[place : place + 2]) for place in range(0, len(data), 2))
    return RegisterRange(asked[0], kind, address, registers)


def _checked(frame: bytes, what: str) -> bytes:
    if len(frame) < _LEAST_BYTES:
        raise DecodeError("short frame", f"the {what} has {len(frame)} bytes")
    body, crc = frame[:-2], int.from_bytes(frame[-2:], "little")
    if crc != crc16(body):
        raise DecodeError(
            "CRC", f"the {what} ends in {frame[-2:].hex(' ')}, not {crc16(body).to_bytes(2, 'little').hex(' ')}"
        )
    return body
