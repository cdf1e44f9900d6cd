"""What the centre answers an SL 651 station (6.6.3): only made once the readings are on disk.

7E7E station(5) center(1) password(2) function(1) 8008 STX serial(2) time(6) EOT|ESC CRC
EOT ends the talk, ESC asks the station to stay on line, NAK names the packets that have not come
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from gateway.codecs.checksums import crc16_modbus
from gateway.codecs.sl651 import wire
from gateway.codecs.sl651.wire import Sl651Head

_KEEP_ALIVE = 0x2F


class Ending(IntEnum):
    """What the station shall do after the answer."""

    HANG_UP = wire.EOT
    STAY = wire.ESC


def reply_to(head: Sl651Head, now: datetime, ending: Ending) -> bytes:
    """Return the answer to a frame whose content is on disk; empty when none is due.

    `now` is the time of the station's own zone: stations set their clocks by it.
    """
    if not head.is_up or not head.is_last or head.function == _KEEP_ALIVE:
        return b""
    if head.missing:
        return b"".join(_frame(head, now, wire.NAK, packet) for packet in head.missing[:16])
    return _frame(head, now, ending, head.packet)


def _frame(head: Sl651Head, now: datetime, end: int, packet: int) -> bytes:
    numbers = f"{head.packets << 12 | packet:06X}" if head.packets else ""
    body = f"{numbers}{head.serial or 0:04X}{now:%y%m%d%H%M%S}"
    length = len(body) if head.is_ascii else len(body) // 2
    fields = f"{head.station}{head.center:02X}{head.password}{head.function:02X}{0x8000 | length:04X}"
    start = bytes([wire.SYN if head.packets else wire.STX])
    if head.is_ascii:
        frame = wire.ASCII_MARK + fields.encode() + start + body.encode() + bytes([end])
        return frame + f"{_crc(head, frame):04X}".encode()
    frame = wire.HEX_MARK + bytes.fromhex(fields) + start + bytes.fromhex(body) + bytes([end])
    return frame + _crc(head, frame).to_bytes(2)


def _crc(head: Sl651Head, frame: bytes) -> int:
    """Return the checksum in the byte order that the station itself uses."""
    crc = crc16_modbus(frame)
    return crc if head.checksum == "sl651" else crc >> 8 | (crc & 0xFF) << 8
