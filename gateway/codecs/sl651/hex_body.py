"""Bodies of SL 651-2014 in HEX/BCD (6.6.4): serial number, time of sending, then elements.

    serial(2) sent(6) [F1F1 station(5) kind(1)] [F0F0 observed(5)] id(1) size and decimals(1) value … [F0F0 …] …

The second byte of an element has its bytes in the high five bits and its decimals in the low three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from gateway.codecs.sl651.elements import (
    LEVELS_5_MINUTES,
    RAIN_5_MINUTES,
    STATUS,
    STEP,
    VELOCITIES,
    Element,
    element_of,
)
from gateway.codecs.sl651.reading_out import FIVE_MINUTES_NS, BodyRead, bcd_number, level_values, rain_values
from gateway.codecs.written_times import bcd_digits, bcd_time_ns
from gateway.errors import DecodeError
from gateway.model import SECOND

_OBSERVED, _STATION, _TEXT, _PICTURE = b"\xf0\xf0", b"\xf1\xf1", b"\xf2\xf2", b"\xf3\xf3"
_STATUS_QUERY, _PERIOD_QUERY, _VERSION_QUERY = 0x46, 0x38, 0x45
_OWN_IDENTIFIER = 0xFF
_HEAD_BYTES = 8
_ELEMENT_FUNCTIONS = frozenset({0x30, 0x31, 0x32, 0x33, 0x34, 0x37, _PERIOD_QUERY, 0x3A, 0x44, _STATUS_QUERY})
"""The functions whose bodies hold elements; those of settings use the same numbers for other things."""
_TEXT_FUNCTIONS = frozenset({0x35, 0x39})
_LONGEST_TEXT = 500


def read_hex_body(body: bytes, function: int, zone: tzinfo) -> BodyRead:
    """Return what a body says; DecodeError when even its time is wrong."""
    if len(body) < _HEAD_BYTES:
        raise DecodeError("short body", f"{len(body)} bytes")
    sent_ns = bcd_time_ns(zone, body[2:_HEAD_BYTES])
    read = BodyRead(int.from_bytes(body[:2]), sent_ns, sent_ns)
    at = _HEAD_BYTES
    if body[at : at + 2] == _STATION:
        read.station = body[at + 2 : at + 7].hex().upper()
        at += 7
        # A status report has no kind of station here: its element follows at once.
        if function in _ELEMENT_FUNCTIONS and not (function == _STATUS_QUERY and body[at : at + 1] == bytes([STATUS])):
            at += 1
    if function in _ELEMENT_FUNCTIONS:
        _read_elements(read, body, at, function, zone)
    elif function in _TEXT_FUNCTIONS and body[at : at + 2] == _TEXT:
        read.texts.append(("RGZS", _text(body[at + 2 :])))
    elif function == _VERSION_QUERY:
        read.texts.append(("version", _text(body[at + 1 :])))
    return read


def _text(data: bytes) -> str:
    return data[:_LONGEST_TEXT].decode("gb18030", "replace").strip("\0 ")


def _read_elements(read: BodyRead, body: bytes, at: int, function: int, zone: tzinfo) -> None:
    step_ns = 0
    while at < len(body):
        guide = body[at : at + 2]
        if guide == _OBSERVED:
            read.time_ns = bcd_time_ns(zone, _exactly(body, at + 2, 5))
            at += 7
            continue
        if guide == _STATION:
            at += 8
            continue
        if guide == _TEXT:
            read.texts.append(("RGZS", _text(body[at + 2 :])))
            return
        if guide == _PICTURE:
            return
        element, at = _identifier(body, at)
        if at >= len(body):
            read.wrong(element, "short", "ends behind its identifier")
            return
        size, decimals = body[at] >> 3, body[at] & 7
        identifier, at = body[at - 1], at + 1
        data = body[at : at + size]
        at += size
        if len(data) < size:
            read.wrong(element, "short", f"{size} bytes announced, {len(data)} there")
            return
        if identifier == STEP and element.symbol == "DRxnn":
            step_ns = _step_ns(read, element, data)
        elif step_ns and size and function == _PERIOD_QUERY:
            at = _repeat(read, element, body, at - size, size, decimals, step_ns)
        else:
            _value(read, element, identifier, data, decimals)


def _identifier(body: bytes, at: int) -> tuple[Element, int]:
    """Return the element and where its second byte stands; FF precedes identifiers of a maker's own (table C.1)."""
    if body[at] != _OWN_IDENTIFIER:
        return element_of(body[at]), at + 1
    return Element(f"FF{body[at + 1 : at + 2].hex().upper()}", ""), at + 2


def _value(read: BodyRead, element: Element, identifier: int, data: bytes, decimals: int) -> None:
    if element.symbol.startswith("FF"):
        identifier = _OWN_IDENTIFIER
    try:
        if identifier in _SERIES:
            read.series(element, _SERIES[identifier](data), FIVE_MINUTES_NS)
        elif identifier == STATUS:
            read.value(element, float(int.from_bytes(data)))
        elif identifier == VELOCITIES:
            read.wrong(element, "unsupported", f"{len(data)} bytes of velocities in bulk")
        else:
            read.value(element, bcd_number(data, decimals))
    except DecodeError as error:
        read.wrong(element, error.reason, error.detail)


_SERIES: Mapping[int, Callable[[bytes], list[float | None]]] = {
    RAIN_5_MINUTES: rain_values,
    **dict.fromkeys(LEVELS_5_MINUTES, level_values),
}


def _step_ns(read: BodyRead, element: Element, data: bytes) -> int:
    """Return the step of days, hours, minutes in BCD."""
    try:
        digits = bcd_digits(data[:3])
    except DecodeError as error:
        read.wrong(element, error.reason, error.detail)
        return 0
    days, hours, minutes = (int(digits[at : at + 2] or 0) for at in (0, 2, 4))
    return ((days * 24 + hours) * 60 + minutes) * 60 * SECOND


def _repeat(read: BodyRead, element: Element, body: bytes, at: int, size: int, decimals: int, step_ns: int) -> int:  # noqa: PLR0917 - what a series is made of
    """Read the values of a queried period, which follow one another without identifiers; return where they end."""
    values: list[float | None] = []
    while at + size <= len(body) and body[at : at + 2] != _OBSERVED:
        try:
            values.append(bcd_number(body[at : at + size], decimals))
        except DecodeError as error:
            read.wrong(element, error.reason, error.detail)
            values.append(None)
        at += size
    read.series(element, values, step_ns)
    return at


def _exactly(body: bytes, at: int, size: int) -> bytes:
    data = body[at : at + size]
    if len(data) < size:
        raise DecodeError("short body", f"{size} bytes wanted, {len(data)} left")
    return data
