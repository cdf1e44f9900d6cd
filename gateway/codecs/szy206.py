"""SZY 206-2016 and SL/T 427-2021: stations of water resources that dial in.

    68 L 68 | C [DIVS] A(5) AFN data [Tp(5 or 7)] | CS 16      L counts what stands between the bars
    C    D7 up, D6 split (DIVS counts down to 1), D5-4 frame count, D3-0 what is reported
    A    region (3 BCD) and station (2, low byte first), or 00 and eight digits
    data values of one kind, low byte first in BCD, then alarms (2) and state (2); AA is "no value"
    Tp   second minute hour day [month year] delay; SZY 206 leaves month and year out (5 bytes)

A picture's packets have L = 01 and their length (2, low byte first) behind AFN; they are passed by.

Rule 1: values come in as many sets as the length holds. Rule 2: a time without month and year is not guessed at: the
reading takes its time of receipt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import ClassVar, NamedTuple

from gateway.codecs.checksums import crc8_sl427
from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected, Unreadable
from gateway.codecs.splitting import NOT_A_FRAME, FrameSplitter
from gateway.codecs.written_times import bcd_digits, bcd_time_ns
from gateway.errors import DecodeError
from gateway.model import Quality

_START, _END = 0x68, 0x16
_FRAME_BYTES = 5
_LEAST_USER_DATA = 7
_PICTURE_LENGTH, _PICTURE_HEAD = 0x01, 13
"""What stands for L in a picture's packet, and the bytes before its data."""
_NO_VALUE = 0xAA
_REPORT, _LINK_TEST = 0xC0, 0x02
_UP, _SPLIT = 0x80, 0x40
_STATE_BYTES, _LONG_TIME, _SHORT_TIME = 4, 7, 5
_NEGATIVE = 0xF
_MISSING = int(Quality.MISSING)


@dataclass(frozen=True, slots=True)
class Szy206Head:
    """What kind of frame this is, and what an answer repeats."""

    control: int
    address: bytes
    function: int
    split: int | None
    """What is left to come of a split message, this frame included; None when it is whole."""

    @property
    def is_up(self) -> bool:
        """Whether a station sent it."""
        return bool(self.control & _UP)


class _Value(NamedTuple):
    """One value of a set: its bytes, decimals, unit, and whether its highest half byte is a sign (F is minus)."""

    field: str
    size: int
    decimals: int
    unit: str
    is_signed: bool = False


# SL/T 427-2021, 7.3.22, tables 33 to 47.
_SETS: Mapping[int, tuple[_Value, ...]] = {
    0x1: (_Value("rain", 3, 1, "mm"),),
    0x2: (_Value("level", 4, 3, "m", is_signed=True),),
    0x3: (_Value("flow", 5, 3, "m3/s"), _Value("volume", 5, 0, "m3")),
    0x4: (_Value("velocity", 3, 3, "m/s", is_signed=True),),
    0x5: (_Value("gate", 3, 2, "m"),),
    0x6: (_Value("power", 3, 0, "kW"),),
    0x7: (_Value("pressure", 3, 0, "hPa"), _Value("wind", 3, 2, "m/s"), _Value("air_temperature", 2, 1, "Cel", True)),  # noqa: FBT003 - is_signed
    0x8: (_Value("energy", 4, 2, "kW.h"),),
    0x9: (_Value("water_temperature", 2, 1, "Cel"),),
    0xB: (_Value("soil_moisture", 2, 1, "%"), _Value("soil_depth", 2, 0, "cm")),
    0xC: (_Value("evaporation", 3, 1, "mm"),),
    0xF: (_Value("water_pressure", 4, 2, "kPa"),),
}
_QUALITY_KIND = 0xA
_VOLTAGE_FUNCTION, _VOLTAGE = 0x84, (_Value("voltage", 2, 2, "V"),)
_QUALITY_MASK, _QUALITY_SIZE = 5, 4


class Szy206Decoder:
    """Decodes the frames of one connection."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._options = options
        self._splitter = FrameSplitter((b"\x68",), _measure, _is_whole, self.decode)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._splitter.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._splitter.noise

    def feed(self, data: bytes) -> list[Message[Szy206Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._splitter.feed(data)

    def close(self) -> list[Message[Szy206Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._splitter.close()

    def decode(self, frame: bytes) -> Message[Szy206Head]:
        """Return what one frame says."""
        user = _user_data(frame)
        control = user[0]
        split, at = (user[1], 2) if control & _SPLIT else (None, 1)
        address, function, data = user[at : at + 5], user[at + 5 : at + 6], user[at + 6 :]
        if not function:
            raise DecodeError("short frame", f"{len(user)} bytes of user data")
        head = Szy206Head(control, address, function[0], split)
        station = station_of(address)
        message: Message[Szy206Head] = Message(station, head, [], [], [], None)
        if not head.is_up or split is not None or not data:
            return message
        return self._report(message, data)

    def _report(self, message: Message[Szy206Head], data: bytes) -> Message[Szy206Head]:
        head = message.head
        kind = head.control & 0xF
        if head.function not in {_REPORT, _VOLTAGE_FUNCTION}:
            return message
        values = _VOLTAGE if head.function == _VOLTAGE_FUNCTION else _SETS.get(kind, ())
        if head.function == _REPORT and kind == _QUALITY_KIND:
            values, data = _quality_values(data), data[_QUALITY_MASK:]
        if not values:
            detail = f"values of kind {kind:X} are not known"
            return Message(message.station, head, [], [], [Rejected(f"kind {kind:X}", "unsupported", detail)], None)
        size = sum(value.size for value in values)
        sets, time_ns = self._layout(message.station, len(data), size, data)
        readings: list[FieldReading] = []
        rejected: list[Rejected] = []
        for number in range(sets):
            for said in _read_set(values, data[number * size : (number + 1) * size], number):
                if isinstance(said, Rejected):
                    rejected.append(said)
                else:
                    readings.append(said._replace(time_ns=time_ns))
        state = data[sets * size : sets * size + _STATE_BYTES]
        readings.append(FieldReading("alarms", time_ns, float(int.from_bytes(state[:2], "little")), "1"))
        readings.append(FieldReading("state", time_ns, float(int.from_bytes(state[2:], "little")), "1"))
        return Message(message.station, head, readings, [], rejected, time_ns)

    def _layout(self, station: str, length: int, size: int, data: bytes) -> tuple[int, int | None]:
        """Return how many sets of values there are, and the time behind them."""
        for time_bytes in (0, _LONG_TIME, _SHORT_TIME):
            room = length - _STATE_BYTES - time_bytes
            if room >= size and room % size == 0:
                if time_bytes == _LONG_TIME:
                    return room // size, bcd_time_ns(self._options.zone_of(station), data[-2:-8:-1])
                if time_bytes == 0 or _is_short_time(data[-_SHORT_TIME:]):
                    return room // size, None
        raise DecodeError("length", f"{length} bytes do not hold values of {size} bytes and their state")


def reply_to(head: Szy206Head, now: datetime) -> bytes:
    """Return the confirmation of a frame whose content is on disk (SL/T 427, table 52): state 0 and the centre's time.

    `now` is the time of the station's own zone: stations set their clocks by it.
    """
    if not head.is_up:
        return b""
    control = bytes([head.control & ~_UP & 0xF0]) + (b"" if head.split is None else bytes([head.split]))
    time = bytes.fromhex(f"{now:%S%M%H%d%m%y}") + b"\0"
    user = control + head.address + bytes([head.function]) + b"\0" + time
    return bytes([_START, len(user), _START]) + user + bytes([crc8_sl427(user), _END])


def station_of(address: bytes) -> str:
    """Return the station as its label shows it: region and number, or the eight digits behind 00.

    >>> station_of(bytes.fromhex("5303810D00")), station_of(bytes.fromhex("0012345678"))
    ('53038100013', '12345678')
    """
    if address[0] == 0:
        return address[1:].hex().upper()
    return f"{address[:3].hex().upper()}{int.from_bytes(address[3:5], 'little'):05}"


def _quality_values(data: bytes) -> tuple[_Value, ...]:
    """Return the parameters of water quality that the mask of five bytes names (7.3.22 i)."""
    mask = int.from_bytes(data[:_QUALITY_MASK], "little")
    return tuple(_Value(f"quality_{bit}", _QUALITY_SIZE, 0, "") for bit in range(40) if mask >> bit & 1)


def _read_set(values: tuple[_Value, ...], data: bytes, number: int) -> Iterator[FieldReading | Rejected]:
    """Yield the values of one set; those of a second instrument are flow2, volume2 and so on."""
    at = 0
    for value in values:
        field = f"{value.field}{number + 1 if number else ''}"
        piece = data[at : at + value.size]
        at += value.size
        try:
            known, unit = _number(value, piece)
        except DecodeError as error:
            yield Rejected(field, error.reason, error.detail)
            continue
        if known is None:
            yield FieldReading(field, None, nan, unit, _MISSING)
        else:
            yield FieldReading(field, None, known, unit)


def _number(value: _Value, piece: bytes) -> tuple[float | None, str]:
    """Return a value and its unit; AA in every byte is no value."""
    if piece.count(_NO_VALUE) == len(piece):
        return None, value.unit
    top, unit, is_negative = piece[-1], value.unit, False
    if value.field == "flow":
        # The last byte: sign in the high half, unit in the low (00 m3/s, 11 m3/h; table 35).
        is_negative, unit = top >> 4 & 0b11 == 0b11, "m3/h" if top & 0b11 == 0b11 else "m3/s"  # noqa: PLR2004
        top = 0
    elif value.field == "wind":
        top &= 0x0F  # the high half is the direction, 0-8
    elif value.is_signed:
        is_negative, top = top >> 4 == _NEGATIVE, top & 0x0F
    digits = bcd_digits(bytes([top]) + piece[-2::-1])
    size = int(digits)
    return float((-size if is_negative else size) / 10**value.decimals), unit


def _is_short_time(data: bytes) -> bool:
    second, minute, hour, day = data[:4]
    return second <= 0x59 and minute <= 0x59 and hour <= 0x23 and 1 <= day <= 0x31  # noqa: PLR2004 - BCD of a clock


def _user_data(frame: bytes) -> bytes:
    if len(frame) < _FRAME_BYTES + _LEAST_USER_DATA or frame[0] != _START or frame[2] != _START:
        raise DecodeError("frame", f"no 68 L 68: {frame[:8].hex(' ')}")
    size = _measure(bytearray(frame), 0)
    if len(frame) != size:
        raise DecodeError("length", f"says {size} bytes, has {len(frame)}")
    if frame[-1] != _END:
        raise DecodeError("end", f"ends in {frame[-1]:02x}, not 16")
    user = frame[3:-2]
    if crc8_sl427(user) != frame[-2]:
        raise DecodeError("CRC", f"{frame[-2]:02X}, but the frame gives {crc8_sl427(user):02X}")
    return user


def _measure(buffer: bytearray, start: int) -> int | None:
    if len(buffer) < start + 3:
        return None
    if buffer[start + 2] != _START:
        return NOT_A_FRAME
    if buffer[start + 1] == _PICTURE_LENGTH:
        if len(buffer) < start + _PICTURE_HEAD:
            return None
        return _PICTURE_HEAD + int.from_bytes(buffer[start + 11 : start + 13], "little") + 2
    if buffer[start + 1] < _LEAST_USER_DATA:
        return NOT_A_FRAME
    return buffer[start + 1] + _FRAME_BYTES


def _is_whole(buffer: bytearray, start: int, size: int) -> bool:
    return buffer[start + size - 1] == _END
