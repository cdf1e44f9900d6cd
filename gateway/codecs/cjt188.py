"""CJ/T 188-2004 water, gas and heat meters: what they answer, and how they are asked.

    [FE…] 68 T A0…A6 C L data CS 16      A and numbers low byte first in BCD; T: 10 cold water, 20 heat, 30 gas
    data: DI0 DI1 SER, then for 901F: total(4) unit [settled(4) unit] time(7) status(2); heat meters have nine values

Meters differ: some send DI as 1F 90, some the time with the century first, some leave everything behind the total out,
one (C = A1) writes each unit before its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import ClassVar

from gateway.codecs.checksums import sum8
from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected, Unreadable
from gateway.codecs.meter_frame import END, START, MeterStream, body_of
from gateway.codecs.written_times import bcd_digits, local_ns
from gateway.errors import DecodeError
from gateway.model import Quality

_LENGTH_AT = 10
_READ, _READ_ADDRESS = 0x01, 0x03
_REPLY, _REFUSAL, _UNITS_FIRST = 0x81, 0x40, 0xA1
_READING_ITEMS = (b"\x90\x1f", b"\x1f\x90")
_HEAT_TYPES = range(0x20, 0x30)
_MISSING = int(Quality.MISSING)
# CJ/T 188-2004 table 4 and its successor; the factor makes the unit one that we have.
_UNITS: Mapping[int, tuple[str, float]] = {
    0x02: ("kW.h", 0.001),
    0x05: ("kW.h", 1.0),
    0x08: ("MW.h", 1.0),
    0x0A: ("MW.h", 100.0),
    0x01: ("MJ", 1e-6),
    0x0B: ("MJ", 0.001),
    0x0E: ("MJ", 1.0),
    0x11: ("GJ", 1.0),
    0x13: ("GJ", 100.0),
    0x14: ("W", 1.0),
    0x17: ("kW", 1.0),
    0x1A: ("MW", 1.0),
    0x29: ("L", 1.0),
    0x2C: ("m3", 1.0),
    0x32: ("L/h", 1.0),
    0x35: ("m3/h", 1.0),
}
_CENTURY = 0x20


@dataclass(frozen=True, slots=True)
class Cjt188Head:
    """Who speaks, and in answer to what."""

    meter_type: int
    control: int
    item: bytes

    @property
    def is_refusal(self) -> bool:
        """Whether the meter says no."""
        return bool(self.control & _REPLY & 0x80 and self.control & _REFUSAL)


class Cjt188Decoder:
    """Decodes the frames of one line."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._options = options
        self._stream = MeterStream(_LENGTH_AT, self.decode)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._stream.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._stream.noise

    def feed(self, data: bytes) -> list[Message[Cjt188Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._stream.feed(data)

    def close(self) -> list[Message[Cjt188Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._stream.close()

    def decode(self, frame: bytes) -> Message[Cjt188Head]:
        """Return what one frame says; requests and refusals say no value."""
        body = body_of(frame, _LENGTH_AT)
        meter_type, control, data = body[1], body[9], body[_LENGTH_AT + 1 :]
        station = body[8:1:-1].hex().upper()
        head = Cjt188Head(meter_type, control, data[:2])
        message: Message[Cjt188Head] = Message(station, head, [], [], [], None)
        if data[:2] not in _READING_ITEMS or control not in {_REPLY, _UNITS_FIRST}:
            return message
        said = _Said(self._options, station)
        values = data[3:]
        if control == _UNITS_FIRST:
            said.units_first(values)
        elif meter_type in _HEAT_TYPES:
            said.heat(values)
        else:
            said.volume(values)
        return said.message(head)


class _Said:
    """Gathers what a meter's reading says."""

    def __init__(self, options: CodecOptions, station: str) -> None:
        self._zone = options.zone_of(station)
        self._station = station
        self._values: list[tuple[str, float | None, str]] = []
        self._rejected: list[Rejected] = []
        self._time_ns: int | None = None

    def message(self, head: Cjt188Head) -> Message[Cjt188Head]:
        readings = [
            FieldReading(field, self._time_ns, nan if value is None else value, unit, _MISSING if value is None else 1)
            for field, value, unit in self._values
        ]
        return Message(self._station, head, readings, [], self._rejected, self._time_ns)

    def volume(self, data: bytes) -> None:
        """total(4) [unit [settled(4) unit] [time(7)]] status(2)."""
        self._number("total", data[:4], 2, data[4:5] if len(data) > 6 else b"")  # noqa: PLR2004 - total and status
        if len(data) >= 12:  # noqa: PLR2004 - two values with units, and the status
            self._number("settled", data[5:9], 2, data[9:10])
        if len(data) >= 19:  # noqa: PLR2004 - the time, too
            self._time(data[10:17])
        self._status(data)

    def heat(self, data: bytes) -> None:
        """Nine values as CJ/T 188 table A.4 orders them, time and status."""
        at = 0
        for field in ("settled_energy", "energy", "power", "flow", "volume"):
            decimals = 4 if field == "flow" else 2
            self._number(field, data[at : at + 4], decimals, data[at + 4 : at + 5])
            at += 5
        for field, unit in (("supply_temperature", "Cel"), ("return_temperature", "Cel"), ("hours", "h")):
            self._number(field, data[at : at + 3], 0 if unit == "h" else 2, b"", unit)
            at += 3
        self._time(data[at : at + 7])
        self._status(data)

    def units_first(self, data: bytes) -> None:
        """Unit before value, three times: total, settled, flow; then time and status."""
        for number, field in enumerate(("total", "settled", "flow")):
            piece = data[5 * number : 5 * number + 5]
            self._number(field, piece[1:], 4 if field == "flow" else 2, piece[:1])
        self._time(data[15:22])
        self._status(data)

    def _number(self, field: str, data: bytes, decimals: int, code: bytes, unit: str = "") -> None:
        if not data:
            return
        factor = 1.0
        if code:
            unit, factor = _UNITS.get(code[0], ("", 1.0))
            if not unit:
                self._rejected.append(Rejected(field, "unit", f"unknown unit {code.hex()}"))
                return
        if data.count(0xFF) == len(data):
            self._values.append((field, None, unit))
            return
        try:
            value = int(bcd_digits(data[::-1])) / 10**decimals * factor
        except DecodeError as error:
            self._rejected.append(Rejected(field, error.reason, error.detail))
            return
        self._values.append((field, value, unit))

    def _time(self, data: bytes) -> None:
        """Take the meter's clock; zeros are a meter without one."""
        if len(data) < 7 or not any(data):  # noqa: PLR2004 - bytes of a time
            return
        written = data[::-1] if data[-1] == _CENTURY else data
        if written[0] != _CENTURY:
            self._rejected.append(Rejected("time", "time", data.hex(" ")))
            return
        try:
            digits = bcd_digits(written)
            fields = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
            self._time_ns = local_ns(self._zone, *fields)
        except DecodeError as error:
            self._rejected.append(Rejected("time", error.reason, error.detail))

    def _status(self, data: bytes) -> None:
        if len(data) >= 6:  # noqa: PLR2004 - total and status
            self._values.append(("status", float(int.from_bytes(data[-2:], "little")), "1"))


def read_request(meter_type: int, station: str, serial: int = 0) -> bytes:
    """Return the request for a meter's reading, wake-up bytes included; `station` as its label shows it.

    >>> read_request(0x10, "00000805000001").hex()
    'fefefe68100100000508000001031f90003916'
    """
    address = bytes.fromhex(station.zfill(14))[::-1]
    body = bytes([START, meter_type]) + address + bytes([_READ, 3, 0x1F, 0x90, serial & 0xFF])
    return b"\xfe\xfe\xfe" + body + bytes([sum8(body), END])
