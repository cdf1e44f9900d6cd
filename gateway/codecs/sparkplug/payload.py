"""The protobuf wire format as far as Sparkplug B needs it, and its Payload and Metric messages. Bounded, pure.

    field key = number << 3 | wire type; 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes

Field numbers: sparkplug_b.proto of the specification 3.0, section 6.4. Unknown fields are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.errors import DecodeError

_MOST_METRICS = 20_000
_LONGEST_VARINT = 10
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_BOOLEAN = 11
_INTEGERS = (10, 11, 14)
"""int_value, long_value and boolean_value of a metric."""
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Data types Int8 … Int64: how wide two's complement is."""
NUMERIC = frozenset(range(1, 12))
"""Data types that are numbers or true and false."""
TEXTUAL = frozenset((12, 14, 15))


@dataclass(slots=True)
class Metric:
    """One metric as it was sent; None for what is not there."""

    name: str | None = None
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_null: bool = False
    integer: int | None = None
    """int_value, long_value or boolean_value as they travel; what it is, the data type says."""
    number: float | None = None
    text: str | None = None


@dataclass(slots=True)
class Payload:
    """One payload; times are milliseconds."""

    timestamp: int | None = None
    seq: int | None = None
    metrics: list[Metric] = field(default_factory=list)


def read_payload(data: bytes) -> Payload:
    """Return the payload, or raise DecodeError."""
    payload = Payload()
    for number, kind, value in _fields(data):
        if number == 1 and kind == _VARINT and isinstance(value, int):
            payload.timestamp = value
        elif number == 3 and kind == _VARINT and isinstance(value, int):  # noqa: PLR2004 - seq
            payload.seq = value
        elif number == 2 and kind == _BYTES and isinstance(value, bytes):  # noqa: PLR2004 - metrics
            if len(payload.metrics) >= _MOST_METRICS:
                raise DecodeError("sparkplug", f"more than {_MOST_METRICS} metrics")
            payload.metrics.append(_metric(value))
    return payload


def rebirth_command(now_ms: int) -> bytes:
    """Return the NCMD payload that asks an edge node for its birth certificates (6.4.25, Node Control/Rebirth)."""
    name = b"Node Control/Rebirth"
    metric = b"\x0a" + bytes([len(name)]) + name + b"\x18" + _varint(now_ms) + b"\x20" + bytes([_BOOLEAN]) + b"\x70\x01"
    return b"\x08" + _varint(now_ms) + b"\x12" + _varint(len(metric)) + metric


def _metric(data: bytes) -> Metric:
    metric = Metric()
    for number, _, value in _fields(data):
        if isinstance(value, int):
            _take_number(metric, number, value)
        elif number == 1:
            metric.name = _text(value)
        elif number == 12 and len(value) == 4:  # noqa: PLR2004 - float_value
            metric.number = float(struct.unpack("<f", value)[0])
        elif number == 13 and len(value) == 8:  # noqa: PLR2004 - double_value
            metric.number = float(struct.unpack("<d", value)[0])
        elif number == 15:  # noqa: PLR2004 - string_value
            metric.text = _text(value)
    return metric


def _take_number(metric: Metric, number: int, value: int) -> None:
    if number == 2:  # noqa: PLR2004 - the field numbers of Metric
        metric.alias = value
    elif number == 3:  # noqa: PLR2004
        metric.timestamp = value
    elif number == 4:  # noqa: PLR2004
        metric.datatype = value
    elif number == 5:  # noqa: PLR2004
        metric.is_historical = bool(value)
    elif number == 7:  # noqa: PLR2004
        metric.is_null = bool(value)
    elif number in _INTEGERS:
        metric.integer = value


def signed(number: int, datatype: int) -> int:
    """Return an integer as its data type says: signed ones travel as unsigned (6.4.16)."""
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return number
    # Some encoders sign-extend small types to 32 or 64 bits.
    low = number & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, kind, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:
            raise DecodeError("protobuf", f"wire type {kind} at byte {at}")
        if not number or size > len(data) - at:
            raise DecodeError("protobuf", f"field {number} of {size} bytes at byte {at} of {len(data)}")
        yield number, kind, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(data):
            break
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no continuation bit
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + place + 1
    raise DecodeError("protobuf", f"a number without end at byte {at}")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DecodeError("protobuf", "a text that is not UTF-8") from None
