"""One Modbus RTU frame by itself, to look at: a reply does not say which registers it holds.

Profiles and collectors know what they asked for and use `modbus_registers`; here registers are counted from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gateway.codecs.checksums import crc16_modbus
from gateway.codecs.contract import CodecOptions, FieldReading, Message
from gateway.errors import DecodeError

_LEAST_BYTES, _REQUEST_BYTES = 5, 8
_REFUSED = 0x80
_BIT_READS, _REGISTER_READS = (1, 2), (3, 4)


@dataclass(frozen=True, slots=True)
class ModbusHead:
    """The function of a frame."""

    function: int


class ModbusRtuDecoder:
    """Decodes frames as manuals print them; a serial line's pauses between frames are not in the bytes."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._is_lenient = options.is_lenient

    def decode(self, frame: bytes) -> Message[ModbusHead]:
        """Return the registers or bits of a reply, as `register-0`, `bit-0` …; a request says no value."""
        if len(frame) < _LEAST_BYTES:
            raise DecodeError("short frame", f"{len(frame)} bytes")
        body, crc = frame[:-2], int.from_bytes(frame[-2:], "little")
        wanted = crc16_modbus(body)
        if crc != wanted:
            shown = wanted.to_bytes(2, "little").hex(" ")
            raise DecodeError("CRC", f"ends in {frame[-2:].hex(' ')}, but the frame gives {shown}")
        unit, function = frame[0], frame[1]
        if function & _REFUSED:
            raise DecodeError(f"exception {body[2]}", f"unit {unit} refuses function {function & ~_REFUSED}")
        readings: list[FieldReading] = []
        if function in _BIT_READS + _REGISTER_READS and len(body) == 3 + body[2]:
            readings = _values(function, body[3:])
        elif len(frame) != _REQUEST_BYTES:
            raise DecodeError("length", f"{len(frame)} bytes are neither request nor reply of function {function}")
        return Message(str(unit), ModbusHead(function), readings, [], [], None)


def _values(function: int, data: bytes) -> list[FieldReading]:
    if function in _BIT_READS:
        return [
            FieldReading(f"bit-{bit}", None, float(data[bit // 8] >> bit % 8 & 1), "1") for bit in range(8 * len(data))
        ]
    if len(data) % 2:
        raise DecodeError("length", f"{len(data)} bytes are no whole registers")
    registers = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
    return [FieldReading(f"register-{number}", None, float(value), "1") for number, value in enumerate(registers)]
