"""The checksums of the field's protocols, table-driven: a byte costs one look-up."""

from __future__ import annotations

import sys
from functools import cache

_POLYNOMIAL = 0xA001
_SL427_POLYNOMIAL = 0xE5


def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ polynomial if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC16 = _table(_POLYNOMIAL)


def crc16_modbus(data: bytes) -> int:
    """Return the CRC-16 of MODBUS over Serial Line V1.02, 6.2.2, which SL 651 uses too.

    >>> f"{crc16_modbus(bytes.fromhex('01030000000a')):04X}"
    'CDC5'
    """
    crc = 0xFFFF
    table = _CRC16
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


def crc16_hj212(data: bytes) -> int:
    """Return the CRC-16 of HJ 212-2017 appendix A, whose register takes each byte in behind its shift.

    Only the register's high byte meets the next byte, so a step is one look-up, and two bytes at a time are one too.

    >>> head = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&"
    >>> f"{crc16_hj212(head + b'RtdInterval=30&&'):04X}"
    '1C80'
    """
    if not data:
        return 0xFFFF
    high = 0xFF
    pairs = _high_after_two()
    # All but the last byte in pairs; the last one gives the whole register.
    count = (len(data) - 1) // 2
    for pair in memoryview(data)[: 2 * count].cast("H"):
        high = pairs[pair ^ high]
    for byte in data[2 * count : -1]:
        high = _CRC16[high ^ byte] >> 8
    return _CRC16[high ^ data[-1]]


@cache
def _high_after_two() -> bytes:
    """Return the high byte after two bytes, at [first ^ high | second << 8]; big-endian machines swap the two."""
    high = bytes(value >> 8 for value in _CRC16)
    rows = [high.translate(bytes(high[after ^ second] for after in range(256))) for second in range(256)]
    table = b"".join(rows)
    if sys.byteorder == "little":
        return table
    return bytes(table[(place >> 8) | ((place & 0xFF) << 8)] for place in range(1 << 16))


def crc8_sl427(data: bytes) -> int:
    """Return the CRC-8 of SL/T 427-2021 (x7 + x6 + x5 + x2 + 1, high bit first, from 0).

    >>> f"{crc8_sl427(bytes.fromhex('B34406070001C0AAAAAAAAAA004040000000000101')):02X}"
    'E5'
    """
    crc = 0
    table = _crc8_table()
    for byte in data:
        crc = table[crc ^ byte]
    return crc


@cache
def _crc8_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = ((value << 1) ^ _SL427_POLYNOMIAL) & 0xFF if value & 0x80 else value << 1
        table.append(value)
    return tuple(table)


def sum8(data: bytes) -> int:
    """Return the sum of the bytes modulo 256, as CJ/T 188, DL/T 645 and GB/T 26875.3 send it."""
    return sum(data) & 0xFF
