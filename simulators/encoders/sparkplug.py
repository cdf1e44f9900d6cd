"""Sparkplug B 3.0: an edge node of its own for each device, born with its first message. Writes its own protobuf.

    payload   1 timestamp  2 metric  3 seq        metric   1 name  2 alias  3 timestamp  4 datatype  11 long  13 double

Field numbers: sparkplug_b.proto of the specification, section 6.4. Metrics are named in every message.
"""

from __future__ import annotations

import struct

from simulators.encoders.sending import Sending

_UINT64, _DOUBLE = 8, 10
_SEQS = 256


def sparkplug(sending: Sending) -> bytes:
    """Return the payload of an NBIRTH for the first message, of an NDATA for each later one."""
    millis = sending.time_ns // 1_000_000
    metrics = []
    if sending.sequence == 0:
        metrics.append(_text(1, "bdSeq") + _number(3, millis) + _number(4, _UINT64) + _number(11, 0))
    for name, value in sending.fields():
        metric = _text(1, name) + _number(3, millis) + _number(4, _DOUBLE)
        metrics.append(metric + _key(13, 1) + struct.pack("<d", value))
    body = _number(1, millis) + b"".join(_key(2, 2) + _varint(len(metric)) + metric for metric in metrics)
    return body + _number(3, sending.sequence % _SEQS)


def sparkplug_topic(group: str, station: str, sequence: int) -> str:
    """Return the topic of a message.

    >>> sparkplug_topic("city", "edge-7", 0), sparkplug_topic("city", "edge-7", 5)
    ('spBv1.0/city/NBIRTH/edge-7', 'spBv1.0/city/NDATA/edge-7')
    """
    return f"spBv1.0/{group}/{'NDATA' if sequence else 'NBIRTH'}/{station}"


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _text(field: int, text: str) -> bytes:
    data = text.encode()
    return _key(field, 2) + _varint(len(data)) + data


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
