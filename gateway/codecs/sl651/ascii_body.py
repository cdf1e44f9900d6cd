"""Bodies of SL 651-2014 in characters (6.3.2): the same elements as words.

0003 591011154947 ST 0012345678 H TT 5910111549 PJ 0.5 PT 0.5 Z 0.127 VT 11.15
serial and time of sending stand without blanks; M means "no value"
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from math import isfinite

from gateway.codecs.sl651.elements import BY_SYMBOL, Element
from gateway.codecs.sl651.reading_out import FIVE_MINUTES_NS, BodyRead, level_values, rain_values
from gateway.codecs.written_times import bcd_time_ns
from gateway.errors import DecodeError
from gateway.model import SECOND

_HEAD_CHARACTERS = 16
_NO_VALUE = frozenset({"M", "N"})
_STEPS = {"DRD": 86_400 * SECOND, "DRH": 3_600 * SECOND, "DRN": 60 * SECOND}
_MOST_WORDS = 4_096
_LONGEST_SYMBOL = 16


def read_ascii_body(body: bytes, zone: tzinfo) -> BodyRead:
    """Return what a body says; DecodeError when even its time is wrong."""
    text = body.decode("ascii", "replace")
    if len(text) < _HEAD_CHARACTERS:
        raise DecodeError("short body", f"{len(text)} characters")
    try:
        serial, sent_ns = int(text[:4], 16), _time_ns(text[4:16], zone)
    except ValueError:
        raise DecodeError("body", f"no serial number and time: {text[:16]!r}") from None
    read = BodyRead(serial, sent_ns, sent_ns)
    words = text[_HEAD_CHARACTERS:].split()[:_MOST_WORDS]
    rest = _Words(words)
    step_ns = 0
    for symbol in rest:
        known = symbol.upper()
        if known == "ST":
            read.station = rest.take().upper()
            if len(rest.peek()) == 1:  # the kind of station is one letter
                rest.take()
        elif known == "TT":
            read.time_ns = _time_ns(rest.take(), zone)
        elif known[:3] in _STEPS and known[3:].isdecimal() and len(known) < _LONGEST_SYMBOL:
            step_ns = int(known[3:]) * _STEPS[known[:3]]
        else:
            _element(read, symbol, rest, step_ns)
    return read


class _Words:
    """The words of a body, one after another."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    def __iter__(self) -> Iterator[str]:
        while self._at < len(self._words):
            yield self.take()

    def peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def take(self) -> str:
        word = self.peek()
        self._at += 1
        return word


def _element(read: BodyRead, symbol: str, rest: _Words, step_ns: int) -> None:
    element = BY_SYMBOL.get(symbol.upper()) or Element(symbol[:_LONGEST_SYMBOL], "")
    written = rest.take()
    if element.symbol == "DRP" or element.symbol.startswith("DRZ"):
        try:
            data = bytes.fromhex(written)
        except ValueError:
            read.wrong(element, "hex", f"{written!r:.60}")
            return
        read.series(element, rain_values(data) if element.symbol == "DRP" else level_values(data), FIVE_MINUTES_NS)
        return
    values = [_number(read, element, written)]
    while step_ns and (rest.peek().upper() in _NO_VALUE or _float(rest.peek()) is not None):
        values.append(_number(read, element, rest.take()))
    read.series(element, values, step_ns)


def _number(read: BodyRead, element: Element, written: str) -> float | None:
    value = _float(written)
    if value is None and written.upper() not in _NO_VALUE:
        if element.symbol == "ZT" and len(written) == 8:  # noqa: PLR2004 - 32 bits in hex
            try:
                return float(int(written, 16))
            except ValueError:
                pass
        read.wrong(element, "type", f"expected a number, got {written!r:.60}")
    return value


def _float(written: str) -> float | None:
    try:
        value = float(written)
    except ValueError:
        return None
    return value if isfinite(value) and "_" not in written else None


def _time_ns(digits: str, zone: tzinfo) -> int:
    try:
        return bcd_time_ns(zone, bytes.fromhex(digits))
    except ValueError:
        raise DecodeError("time", f"expected YYMMDDhhmm, got {digits!r:.60}") from None
