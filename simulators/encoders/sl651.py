"""SL 651-2014 in HEX/BCD: timed reports (function 32H) of hydrological stations.

    7E7E  center(1) station(5) password(2) 32  length(2)  02  body  03  CRC16(2, high first)
    body  serial(2)  sent(6)  F1F1 station(5) kind(1)  F0F0 observed(5)  element(1) bytes<<3|decimals  BCD ...

Tables 6 to 10 and C.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulators.encoders.sending import Sending

_CENTER, _PASSWORD, _TIMED, _KIND = 0x01, b"\x12\x34", 0x32, 0x48
_STX, _ETX = b"\x02", b"\x03"
_STATION_DIGITS = 10


class _Element(NamedTuple):
    id: int
    bytes: int
    decimals: int


_ELEMENTS: Mapping[str, _Element] = {
    "C": _Element(0x03, 2, 1),
    "PJ": _Element(0x20, 3, 1),
    "PN05": _Element(0x22, 3, 1),
    "PT": _Element(0x26, 3, 1),
    "Q": _Element(0x27, 5, 3),
    "VT": _Element(0x38, 2, 2),
    "Z": _Element(0x39, 4, 3),
    "DO": _Element(0x47, 2, 1),
    "NH4N": _Element(0x4C, 3, 2),
}
"""Symbol → what table C.1 says of it."""
_SERIES = frozenset({"DRP", "DRZ1"})
"""Elements of hourly reports alone, which this station does not make."""


def sl651(sending: Sending) -> bytes:
    """Return one frame; ValueError for an element that no simulated station has."""
    station = bytes.fromhex(sending.station.rjust(_STATION_DIGITS, "0"))
    local = sending.local()
    body = bytearray((sending.sequence % 0xFFFF + 1).to_bytes(2, "big"))
    body += bytes.fromhex(f"{local:%y%m%d%H%M%S}") + b"\xf1\xf1" + station + bytes([_KIND])
    # The time of observation has no seconds.
    body += b"\xf0\xf0" + bytes.fromhex(f"{local:%y%m%d%H%M}")
    for symbol, value in sending.fields():
        if symbol in _SERIES:
            continue
        element = _ELEMENTS.get(symbol)
        if element is None:
            raise ValueError(f"{sending.profile.id}: no simulated SL 651 station has the element {symbol!r}")
        body += bytes([element.id, element.bytes << 3 | element.decimals]) + _bcd(element, value)
    head = b"\x7e\x7e" + bytes([_CENTER]) + station + _PASSWORD + bytes([_TIMED]) + len(body).to_bytes(2, "big")
    frame = head + _STX + bytes(body) + _ETX
    return frame + _crc(frame).to_bytes(2, "big")


def _bcd(element: _Element, value: float) -> bytes:
    digits = round(abs(value) * 10**element.decimals)
    if value < 0:
        # FF before the digits is a minus sign (6.6.2.2).
        return b"\xff" + bytes.fromhex(f"{digits:0{2 * element.bytes - 2}d}"[-(2 * element.bytes - 2) :])
    return bytes.fromhex(f"{digits:0{2 * element.bytes}d}"[-2 * element.bytes :])


def _crc(data: bytes) -> int:
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register
