r"""HJ 212 frames to messages. Knows nothing of sockets, and of a station nothing but what it says.

    ##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\r\n
    | |   |                       segment, so many bytes as the four decimals say                              |
    |  \ length                                                            CRC of the segment, four hex digits /
    CP groups end with ';', items with ','; an item is `factor-kind=value` (HJ 212-2017, 6.3)

Rule 1: a wrong item costs itself, a wrong time the whole frame, because any other time would look good.
Rule 2: a station that once sent a known deviant checksum in lenient mode is expected to go on so, and is told apart.
"""

from __future__ import annotations

from math import isfinite, nan
from typing import ClassVar, NamedTuple

from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected, Unreadable
from gateway.codecs.hj212.factors import unit_of
from gateway.codecs.hj212.flags import JUDGEMENTS, UNKNOWN
from gateway.codecs.hj212.head import Checksum, Hj212Head, checksum_of
from gateway.codecs.splitting import NOT_A_FRAME, FrameSplitter
from gateway.codecs.written_times import local_ns
from gateway.errors import DecodeError
from gateway.model import Quality

_HEAD_BYTES, _CRC_BYTES = 6, 4
_LEAST_SEGMENT = 20
_MOST_STATIONS = 4_096
_MOST_ITEMS = 2_000
_LONGEST_NUMBER = 40
_MISSING_WORDS = frozenset({"", "-", "--", "NAN", "NULL", "NONE"})
_MISSING = int(Quality.MISSING)
# Kinds of an item that say something of its neighbours, or are words.
_FLAG, _SAMPLED = "Flag", "SampleTime"
_WORDS = frozenset({"EFlag", "Info", "SN"})
_TIME_DIGITS = (14, 17)


class _Read(NamedTuple):
    readings: list[FieldReading]
    texts: list[tuple[str, str]]
    rejected: list[Rejected]


class Hj212Decoder:
    """Decodes the frames of one connection, whatever stations speak over it."""

    is_text: ClassVar[bool] = True

    def __init__(self, options: CodecOptions) -> None:
        self._is_lenient = options.is_lenient
        self._options = options
        self._checksums: dict[str, Checksum] = {}
        self._first_packet: tuple[str, str, int | None] = ("", "", None)
        self._splitter = FrameSplitter((b"##",), _measure, _is_whole, self.decode)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._splitter.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._splitter.noise

    def feed(self, data: bytes) -> list[Message[Hj212Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._splitter.feed(data)

    def close(self) -> list[Message[Hj212Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._splitter.close()

    def checksum_used_by(self, station: str) -> Checksum | None:
        """Return the checksum by which a station was last understood."""
        return self._checksums.get(station)

    def decode(self, frame: bytes) -> Message[Hj212Head]:
        """Return what one frame says; its line end may be missing."""
        segment, written = _segment_of(frame)
        checksum = checksum_of(segment, written)
        if checksum is None or (checksum != "hj212" and not self._is_lenient):
            raise DecodeError("CRC", _explain(checksum, segment, written))
        try:
            text = segment.decode("utf-8")
        except UnicodeDecodeError:
            # Names in texts are GBK on older loggers; numbers and codes are ASCII in either.
            text = segment.decode("gbk", "replace")
        start, end = text.find("CP=&&"), text.rfind("&&")
        if start < 0 or end < start + 5:
            raise DecodeError("no CP", "the segment has no CP=&&…&&")
        head = _head_of(text[:start], checksum)
        self._remember(head)
        groups = text[start + 5 : end]
        time_ns = self._time_of_packet(head, self._data_time(groups, head))
        read = self._items(groups, head, time_ns)
        return Message(head.mn, head, read.readings, read.texts, read.rejected, time_ns)

    def _remember(self, head: Hj212Head) -> None:
        if head.mn in self._checksums or len(self._checksums) < _MOST_STATIONS:
            self._checksums[head.mn] = head.checksum

    def _data_time(self, groups: str, head: Hj212Head) -> int | None:
        at = groups.find("DataTime=")
        if at < 0:
            return None
        value = groups[at + 9 : at + 9 + _LONGEST_NUMBER]
        return self._time(value.split(";", 1)[0].split(",", 1)[0], head)

    def _time_of_packet(self, head: Hj212Head, time_ns: int | None) -> int | None:
        """Return a packet's time; in numbered packets only the first need carry it."""
        if head.packet == 1:
            self._first_packet = (head.mn, head.qn, time_ns)
        elif head.packet and time_ns is None and self._first_packet[:2] == (head.mn, head.qn):
            return self._first_packet[2]
        return time_ns

    def _time(self, digits: str, head: Hj212Head) -> int:
        """Read YYYYMMDDhhmmss, with milliseconds from some stations."""
        if len(digits) not in _TIME_DIGITS or not (digits.isascii() and digits.isdecimal()):
            raise DecodeError("time", f"expected YYYYMMDDhhmmss, got {digits!r:.60}")
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
        hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:14])
        if not year:
            raise DecodeError("time", "year 0")
        rest = int(digits[14:] or 0) * 1_000_000
        return local_ns(self._options.zone_of(head.mn), year, month, day, hour, minute, second) + rest

    def _items(self, groups: str, head: Hj212Head, time_ns: int | None) -> _Read:
        read = _Read([], [], [])
        budget = _MOST_ITEMS
        for group in groups.split(";"):
            if not group or group.startswith("DataTime="):
                continue
            items = group.split(",")
            budget -= len(items)
            if budget < 0:
                raise DecodeError("too many items", f"more than {_MOST_ITEMS}")
            self._group(items, head, time_ns, read)
        return read

    def _group(self, items: list[str], head: Hj212Head, time_ns: int | None, read: _Read) -> None:
        """Read one group: the values of a factor, with the flag and the sampling time that hold for all of them."""
        judgement = JUDGEMENTS["N"]
        values: list[tuple[str, str, str]] = []
        for item in items:
            name, equals, value = item.partition("=")
            factor, dash, kind = name.rpartition("-")
            if not equals:
                if item:
                    read.rejected.append(Rejected(item[:60], "item", "no '='"))
            elif not dash:
                read.texts.append((name, value))
            elif kind == _FLAG:
                judgement = JUDGEMENTS.get(value.strip().upper(), UNKNOWN)
            elif kind == _SAMPLED:
                time_ns = self._time(value, head)
            elif kind in _WORDS:
                read.texts.append((name, value))
            else:
                values.append((factor, kind, value))
        for factor, kind, value in values:
            field = f"{factor}-{kind}"
            number = _number(value)
            if number is None:
                read.rejected.append(Rejected(field, "type", f"expected a number, got {value!r:.60}"))
                continue
            unit = _unit(factor, kind, head)
            if number == number:  # noqa: PLR0124 - NaN is not itself
                read.readings.append(FieldReading(field, time_ns, number, unit, *judgement))
            else:
                read.readings.append(FieldReading(field, time_ns, nan, unit, _MISSING, judgement.flags))


def _unit(factor: str, kind: str, head: Hj212Head) -> str:
    # Gases in flue gas are mg/m3 in the standard and in the field; in ambient air the two differ.
    if head.st == "31" and factor.startswith("a2") and kind != "Cou":
        return "mg/m3"
    return unit_of(factor, kind)


def _number(written: str) -> float | None:
    """Return a number, NaN for "no value", None for anything else."""
    try:
        value = float(written)
    except ValueError:
        return nan if written.strip().upper() in _MISSING_WORDS else None
    if isfinite(value) and "_" not in written:
        return value
    return nan if written.strip().upper() in _MISSING_WORDS else None


def _head_of(text: str, checksum: Checksum) -> Hj212Head:
    keys = dict(item.partition("=")[::2] for item in text.split(";") if item)
    if not keys.get("MN"):
        raise DecodeError("no MN", "the segment does not say which station it is from")
    return Hj212Head(
        qn=keys.get("QN", ""),
        st=keys.get("ST", ""),
        cn=keys.get("CN", ""),
        pw=keys.get("PW", ""),
        mn=keys["MN"],
        flag=_whole(keys.get("Flag", "")),
        packets=_whole(keys.get("PNUM", "")) or 0,
        packet=_whole(keys.get("PNO", "")) or 0,
        checksum=checksum,
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004 - digits


def _segment_of(frame: bytes) -> tuple[bytes, bytes]:
    """Return the segment and its written CRC."""
    frame = frame.rstrip(b"\r\n")
    if frame[:2] != b"##":
        raise DecodeError("no ##", f"begins with {frame[:8]!r}")
    if not frame[2:_HEAD_BYTES].isdigit() or len(frame) < _HEAD_BYTES:
        raise DecodeError("length", f"expected four digits, got {frame[2:6]!r}")
    size = int(frame[2:_HEAD_BYTES])
    actual = len(frame) - _HEAD_BYTES - _CRC_BYTES
    if size != actual:
        raise DecodeError("length", f"says {size} bytes, has {actual}")
    return frame[_HEAD_BYTES:-_CRC_BYTES], frame[-_CRC_BYTES:]


def _explain(checksum: Checksum | None, segment: bytes, written: bytes) -> str:
    shown = written.decode("ascii", "backslashreplace")
    if checksum is None:
        return f"{shown} is not the checksum of {len(segment)} bytes, in no known variant"
    return f"{shown} is the checksum {checksum}, not the standard's; lenient mode accepts it"


def _measure(buffer: bytearray, start: int) -> int | None:
    digits = buffer[start + 2 : start + _HEAD_BYTES]
    if digits and not digits.isdigit():
        return NOT_A_FRAME
    if len(digits) < 4:  # noqa: PLR2004 - digits of the length
        return None
    size = int(digits)
    return _HEAD_BYTES + size + _CRC_BYTES + 2 if size >= _LEAST_SEGMENT else NOT_A_FRAME


def _is_whole(buffer: bytearray, start: int, size: int) -> bool:
    return buffer[start + size - 2 : start + size] == b"\r\n"
