"""DL/T 645-2007 and -1997 electricity meters: what they answer, and how they are asked.

[FE…] 68 A0…A5 68 C L data CS 16      A low byte first in BCD; 33 is added to every byte of data
data: item (4 bytes low first in 2007, 2 in 1997), then values low byte first in BCD
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import ClassVar, NamedTuple

from gateway.codecs.checksums import sum8
from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected, Unreadable
from gateway.codecs.meter_frame import END, START, MeterStream, body_of
from gateway.codecs.written_times import bcd_digits
from gateway.errors import DecodeError
from gateway.model import Quality

_LENGTH_AT, _SECOND_START = 9, 7
_ADDED = 0x33
_READ, _READ_REPLY, _READ_MORE = 0x11, 0x91, 0xB1
_READ_1997, _READ_REPLY_1997 = 0x01, 0x81
_MINUS = 0x80
_MISSING = int(Quality.MISSING)


class _Item(NamedTuple):
    """How the values of an item are written, and where the letters of the phases go."""

    fields: tuple[str, ...]
    size: int
    decimals: int
    unit: str
    is_signed: bool = False


def _phases(name: str) -> tuple[str, str, str]:
    return (f"{name}_a", f"{name}_b", f"{name}_c")


# DL/T 645-2007 annex A, tables A.1 and A.3; ...FF00 asks for all phases at once.
_ITEMS_2007: Mapping[str, _Item] = {
    "00000000": _Item(("energy",), 4, 2, "kW.h", is_signed=True),
    "00010000": _Item(("energy_in",), 4, 2, "kW.h"),
    "00020000": _Item(("energy_out",), 4, 2, "kW.h"),
    "0201FF00": _Item(_phases("voltage"), 2, 1, "V"),
    "02010100": _Item(("voltage_a",), 2, 1, "V"),
    "02010200": _Item(("voltage_b",), 2, 1, "V"),
    "02010300": _Item(("voltage_c",), 2, 1, "V"),
    "0202FF00": _Item(_phases("current"), 3, 3, "A", is_signed=True),
    "02020100": _Item(("current_a",), 3, 3, "A", is_signed=True),
    "02020200": _Item(("current_b",), 3, 3, "A", is_signed=True),
    "02020300": _Item(("current_c",), 3, 3, "A", is_signed=True),
    "0203FF00": _Item(("power", *_phases("power")), 3, 4, "kW", is_signed=True),
    "02030000": _Item(("power",), 3, 4, "kW", is_signed=True),
    "02030100": _Item(("power_a",), 3, 4, "kW", is_signed=True),
    "02030200": _Item(("power_b",), 3, 4, "kW", is_signed=True),
    "02030300": _Item(("power_c",), 3, 4, "kW", is_signed=True),
    "0206FF00": _Item(("power_factor", *_phases("power_factor")), 2, 3, "1", is_signed=True),
    "02060000": _Item(("power_factor",), 2, 3, "1", is_signed=True),
    "02800002": _Item(("frequency",), 2, 2, "Hz"),
}
# DL/T 645-1997 annex A.
_ITEMS_1997: Mapping[str, _Item] = {
    "9010": _Item(("energy_in",), 4, 2, "kW.h"),
    "9020": _Item(("energy_out",), 4, 2, "kW.h"),
    "B611": _Item(("voltage_a",), 2, 0, "V"),
    "B612": _Item(("voltage_b",), 2, 0, "V"),
    "B613": _Item(("voltage_c",), 2, 0, "V"),
    "B621": _Item(("current_a",), 2, 2, "A"),
    "B622": _Item(("current_b",), 2, 2, "A"),
    "B623": _Item(("current_c",), 2, 2, "A"),
    "B630": _Item(("power",), 3, 4, "kW"),
}


@dataclass(frozen=True, slots=True)
class Dlt645Head:
    """What was asked for, and what kind of frame this is."""

    control: int
    item: str


class Dlt645Decoder:
    """Decodes the frames of one line."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._options = options
        self._stream = MeterStream(_LENGTH_AT, self.decode, _SECOND_START)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._stream.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._stream.noise

    def feed(self, data: bytes) -> list[Message[Dlt645Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._stream.feed(data)

    def close(self) -> list[Message[Dlt645Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._stream.close()

    def decode(self, frame: bytes) -> Message[Dlt645Head]:
        """Return what one frame says; requests and refusals say no value. A meter tells no time."""
        body = body_of(frame, _LENGTH_AT)
        if body[_SECOND_START] != START:
            raise DecodeError("frame", f"no second 68: {body[:10].hex(' ')}")
        control = body[8]
        data = bytes((byte - _ADDED) & 0xFF for byte in body[_LENGTH_AT + 1 :])
        station = body[6:0:-1].hex().upper()
        size, items = (2, _ITEMS_1997) if control & 0x1F == _READ_1997 else (4, _ITEMS_2007)
        name = data[:size][::-1].hex().upper()
        head = Dlt645Head(control, name)
        message: Message[Dlt645Head] = Message(station, head, [], [], [], None)
        if control not in {_READ_REPLY, _READ_MORE, _READ_REPLY_1997}:
            return message
        item = items.get(name)
        if item is None:
            detail = f"{len(data) - size} bytes of an item that is not known"
            return Message(station, head, [], [], [Rejected(name, "unsupported", detail)], None)
        return _read(message, item, data[size:])


def _read(message: Message[Dlt645Head], item: _Item, data: bytes) -> Message[Dlt645Head]:
    readings: list[FieldReading] = []
    rejected: list[Rejected] = []
    for number, field in enumerate(item.fields):
        piece = data[number * item.size : (number + 1) * item.size]
        if len(piece) < item.size:
            if not number:
                rejected.append(Rejected(field, "short", f"{len(data)} bytes"))
            break
        if piece.count(0xFF) == len(piece):
            readings.append(FieldReading(field, None, nan, item.unit, _MISSING))
            continue
        is_negative = item.is_signed and bool(piece[-1] & _MINUS)
        top = piece[-1] & ~_MINUS if item.is_signed else piece[-1]
        try:
            size = int(bcd_digits(bytes([top]) + piece[-2::-1]))
        except DecodeError as error:
            rejected.append(Rejected(field, error.reason, error.detail))
            continue
        readings.append(
            FieldReading(field, None, float((-size if is_negative else size) / 10**item.decimals), item.unit)
        )
    return Message(message.station, message.head, readings, [], rejected, None)


def read_request(station: str, item: str) -> bytes:
    """Return the request for an item (2007), wake-up bytes included; `station` as its label shows it.

    >>> read_request("071801024091", "00010000").hex()
    'fefefefe6891400201180768110433333433a516'
    """
    address = bytes.fromhex(station.zfill(12))[::-1]
    data = bytes((byte + _ADDED) & 0xFF for byte in bytes.fromhex(item)[::-1])
    body = bytes([START]) + address + bytes([START, _READ, len(data)]) + data
    return b"\xfe\xfe\xfe\xfe" + body + bytes([sum8(body), END])
