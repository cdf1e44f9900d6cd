"""GB/T 26875.3-2011: fire alarm devices of buildings that report to a centre, which confirms each report.

4040 serial(2) version(2) time(6: s m h d mo y) source(6) destination(6) length(2) command(1) data CS 2323
numbers low byte first, times in plain binary; CS sums from serial to the end of data
data: type(1) count(1), then objects, each with the time at which it happened
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.codecs.checksums import sum8
from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected, Unreadable
from gateway.codecs.splitting import NOT_A_FRAME, FrameSplitter
from gateway.codecs.written_times import local_ns
from gateway.errors import DecodeError

_START, _END = b"\x40\x40", b"\x23\x23"
_HEAD_BYTES, _TAIL_BYTES = 27, 3
# 8.2.3: the data of one frame are 1,024 bytes at most.
_MOST_DATA = 1_024
_CONFIRM, _SEND, _REFUSE = 3, 2, 6
_CENTURY = 2000


@dataclass(frozen=True, slots=True)
class Gbt26875Head:
    """What an answer repeats."""

    serial: int
    version: bytes
    source: bytes
    destination: bytes
    command: int


class Gbt26875Decoder:
    """Decodes the frames of one connection."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._options = options
        self._splitter = FrameSplitter((_START,), _measure, _is_whole, self.decode)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._splitter.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._splitter.noise

    def feed(self, data: bytes) -> list[Message[Gbt26875Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._splitter.feed(data)

    def close(self) -> list[Message[Gbt26875Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._splitter.close()

    def decode(self, frame: bytes) -> Message[Gbt26875Head]:
        """Return what one frame says."""
        _check(frame)
        head = Gbt26875Head(int.from_bytes(frame[2:4], "little"), frame[4:6], frame[12:18], frame[18:24], frame[26])
        data = frame[_HEAD_BYTES:-_TAIL_BYTES]
        station = frame[17:11:-1].hex().upper()
        time_ns = _time_ns(self._options, station, frame[6:12])
        message: Message[Gbt26875Head] = Message(station, head, [], [], [], time_ns)
        if head.command != _SEND or len(data) < 2:  # noqa: PLR2004 - type and count
            return message
        read = _OBJECTS.get(data[0])
        if read is None:
            detail = f"{data[1]} objects of type {data[0]}"
            return Message(station, head, [], [], [Rejected(f"type {data[0]}", "unsupported", detail)], time_ns)
        return self._objects(message, data[1], data[2:], *read)

    def _objects(
        self,
        message: Message[Gbt26875Head],
        count: int,
        data: bytes,
        size: int,
        read: Callable[[bytes], tuple[FieldReading, str] | Rejected],
    ) -> Message[Gbt26875Head]:
        if len(data) < count * size:
            raise DecodeError("length", f"{count} objects of {size} bytes announced, {len(data)} bytes there")
        readings: list[FieldReading] = []
        texts: list[tuple[str, str]] = []
        rejected: list[Rejected] = []
        for number in range(count):
            piece = data[number * size : (number + 1) * size]
            said = read(piece)
            if isinstance(said, Rejected):
                rejected.append(said)
                continue
            reading, text = said
            try:
                time_ns = _time_ns(self._options, message.station, piece[-6:])
            except DecodeError as error:
                rejected.append(Rejected(reading.field, error.reason, error.detail))
                continue
            readings.append(reading._replace(time_ns=time_ns))
            if text:
                texts.append((reading.field, text))
        return Message(message.station, message.head, readings, texts, rejected, message.time_ns)


def reply_to(head: Gbt26875Head, now: datetime, *, is_refusal: bool = False) -> bytes:
    """Return the confirmation of a frame whose content is on disk, or its refusal; empty when none is due."""
    if head.command != _SEND:
        return b""
    time = bytes([now.second, now.minute, now.hour, now.day, now.month, now.year % 100])
    command = _REFUSE if is_refusal else _CONFIRM
    body = head.serial.to_bytes(2, "little") + head.version + time + head.destination + head.source
    body += b"\0\0" + bytes([command])
    return _START + body + bytes([sum8(body)]) + _END


def _system(piece: bytes) -> tuple[FieldReading, str]:
    """Return the state of a system: type, address, state(2), time(6); table 3."""
    return FieldReading(f"{piece[0]}-{piece[1]}", None, float(int.from_bytes(piece[2:4], "little")), "1"), ""


def _component(piece: bytes) -> tuple[FieldReading, str]:
    """Return the state of a component: system, address, type, address(4), state(2), text(31), time(6); table 5."""
    text = piece[9:40].rstrip(b"\0 ").decode("gb18030", "replace")
    return FieldReading(_component_name(piece), None, float(int.from_bytes(piece[7:9], "little")), "1"), text


# 8.2.1.6, table 7: what is measured → unit and the value of one step.
_ANALOG: Mapping[int, tuple[str, float]] = {
    1: ("1", 1.0),
    2: ("m", 0.01),
    3: ("Cel", 0.1),
    4: ("MPa", 0.1),
    5: ("kPa", 0.1),
    6: ("%{LEL}", 0.1),
    7: ("s", 1.0),
    8: ("V", 0.1),
    9: ("A", 0.1),
    10: ("L/s", 0.1),
    11: ("m3/min", 0.1),
    12: ("m/s", 1.0),
}


def _analog(piece: bytes) -> tuple[FieldReading, str] | Rejected:
    """Return a measured value: system, address, type, address(4), what, value(2, signed), time(6); table 6."""
    name = f"{_component_name(piece)}-{piece[7]}"
    known = _ANALOG.get(piece[7])
    if known is None:
        return Rejected(name, "unsupported", f"a measured value of kind {piece[7]}")
    unit, step = known
    number = int.from_bytes(piece[8:10], "little", signed=True)
    value = number / round(1 / step) if step < 1 else number * step
    return FieldReading(name, None, float(value), unit), ""


def _component_name(piece: bytes) -> str:
    return f"{piece[0]}-{piece[1]}-{piece[2]}-{int.from_bytes(piece[3:7], 'little')}"


def _device(piece: bytes) -> tuple[FieldReading, str]:
    """Return the state of the reporting device itself: state(1), time(6); table 12."""
    return FieldReading("device", None, float(piece[0]), "1"), ""


_OBJECTS: Mapping[int, tuple[int, Callable[[bytes], tuple[FieldReading, str] | Rejected]]] = {
    1: (10, _system),
    2: (46, _component),
    3: (16, _analog),
    21: (7, _device),
}
"""Type of data → bytes of an object and how it is read."""


def _time_ns(options: CodecOptions, station: str, data: bytes) -> int:
    second, minute, hour, day, month, year = data
    return local_ns(options.zone_of(station), _CENTURY + year, month, day, hour, minute, second)


def _check(frame: bytes) -> None:
    if frame[:2] != _START or len(frame) < _HEAD_BYTES + _TAIL_BYTES:
        raise DecodeError("frame", f"no frame from 40 40 on: {frame[:8].hex(' ')}")
    size = _HEAD_BYTES + int.from_bytes(frame[24:26], "little") + _TAIL_BYTES
    if len(frame) != size:
        raise DecodeError("length", f"says {size} bytes, has {len(frame)}")
    if frame[-2:] != _END:
        raise DecodeError("end", f"ends in {frame[-2:].hex(' ')}, not 23 23")
    wanted = sum8(frame[2:-3])
    if frame[-3] != wanted:
        raise DecodeError("checksum", f"{frame[-3]:02X}, but the frame gives {wanted:02X}")


def _measure(buffer: bytearray, start: int) -> int | None:
    if len(buffer) < start + _HEAD_BYTES:
        return None
    size = int.from_bytes(buffer[start + 24 : start + 26], "little")
    return _HEAD_BYTES + size + _TAIL_BYTES if size <= _MOST_DATA else NOT_A_FRAME


def _is_whole(buffer: bytearray, start: int, size: int) -> bool:
    return buffer[start + size - 2 : start + size] == _END
