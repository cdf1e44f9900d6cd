"""Sparkplug B 3.0: an edge node of its own for each device, born with its first message. Writes its own protobuf.

    payload   1 timestamp  2 metric  3 seq
    metric    1 name  2 alias  3 timestamp  4 datatype  7 is_null  11 long  13 double

Field numbers: sparkplug_b.proto of the specification, section 6.4. A birth names its metrics and gives each an alias;
later messages have the alias alone.
"""

from __future__ import annotations

import struct

from gateway.profiles import FieldPlace
from simulators.encoders.sending import Sending

DEATH = -1
"""The number of a message that tells of a node's death: its will, which the broker publishes for it."""
_UINT64, _DOUBLE = 8, 10
_SEQS = 256


def sparkplug(sending: Sending) -> bytes:
    """Return the payload of an NBIRTH for the first message, an NDATA for each later one, an NDEATH for `DEATH`."""
    millis = sending.time_ns // 1_000_000
    birth_number = _text(1, "bdSeq") + _number(3, millis) + _number(4, _UINT64) + _number(11, 0)
    if sending.sequence == DEATH:
        # A death has no seq (6.4.21), and the bdSeq of its birth.
        return _number(1, millis) + _message(2, birth_number)
    metrics = [birth_number] if sending.sequence == 0 else []
    numbers = dict(sending.fields())
    places = [sending.profile.points[name].place for name in sending.values]
    for alias, place in enumerate((place for place in places if isinstance(place, FieldPlace)), 1):
        name = place.path[0]
        known = _text(1, name) + _number(2, alias) + _number(4, _DOUBLE) if sending.sequence == 0 else _number(2, alias)
        told = _key(13, 1) + struct.pack("<d", numbers[name]) if name in numbers else _number(7, 1)
        metrics.append(known + _number(3, millis) + told)
    body = _number(1, millis) + b"".join(_message(2, metric) for metric in metrics)
    return body + _number(3, sending.sequence % _SEQS)


def sparkplug_topic(group: str, station: str, sequence: int) -> str:
    """Return the topic of a message.

    >>> [sparkplug_topic("city", "edge-7", number) for number in (0, 5)]
    ['spBv1.0/city/NBIRTH/edge-7', 'spBv1.0/city/NDATA/edge-7']
    >>> sparkplug_topic("city", "edge-7", DEATH)
    'spBv1.0/city/NDEATH/edge-7'
    """
    kind = {0: "NBIRTH", DEATH: "NDEATH"}.get(sequence, "NDATA")
    return f"spBv1.0/{group}/{kind}/{station}"


def _message(field: int, data: bytes) -> bytes:
    return _key(field, 2) + _varint(len(data)) + data


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
