"""Records to bytes and back. Knows nothing of files or positions.

A batch is a header of 24 bytes, the boot id padded to 8, then its columns, widest first so that each stays aligned:

    received_ns q | monotonic_ns q | rows I | shape B | boot id length B | quality B | 0 B | boot id …
    time_ns q·n | value d·n | channel i·n | flags H·n | quality B·n

A column that holds one value throughout is stored once (`shape` says which). Everything else is MessagePack.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

from gateway.model import Anchor, Attribute, Batch, ClockCorrection, Quarantine, Receipts, Record, Tick

KIND_BATCH = 1
KIND_QUARANTINE = 2
KIND_ATTRIBUTE = 3
KIND_CLOCK_CORRECTION = 4
KIND_ANCHOR = 5
KIND_RECEIPTS = 6
KIND_TICK = 7

LONGEST_PAYLOAD = 65_536
"""Quarantined bytes beyond these are cut off: they explain nothing more, and a segment must hold them."""

_HEADER = struct.Struct("<qqIBBBx")
_ONE_TIME, _ONE_QUALITY, _NO_FLAGS = 1, 2, 4

_KINDS: dict[type[Record], int] = {
    Quarantine: KIND_QUARANTINE,
    Attribute: KIND_ATTRIBUTE,
    ClockCorrection: KIND_CLOCK_CORRECTION,
    Anchor: KIND_ANCHOR,
    Receipts: KIND_RECEIPTS,
    Tick: KIND_TICK,
}
_pack = msgspec.msgpack.Encoder().encode
_DECODERS = {kind: msgspec.msgpack.Decoder(shape) for shape, kind in _KINDS.items()}


class Encoded(NamedTuple):
    """A record as the journal stores it."""

    kind: int
    readings: int
    body: bytes


def encode(record: Record) -> Encoded:
    """Turn a record into bytes."""
    if isinstance(record, Batch):
        return Encoded(KIND_BATCH, len(record), _encode_batch(record))
    return Encoded(_KINDS[type(record)], 0, _pack(record))


def decode(kind: int, body: bytes) -> Record:
    """Turn the bytes of a record back; raise ValueError when they are none."""
    if kind == KIND_BATCH:
        return _decode_batch(body)
    if kind not in _DECODERS:
        raise ValueError(f"no record is of kind {kind}; a newer version may have written it")
    record: Record = _DECODERS[kind].decode(body)
    return record


def storable(record: Record) -> Record:
    """Return the record with over-long bytes and unencodable text made storable; ValueError when it cannot be."""
    if isinstance(record, Batch):
        rows = len(record.channel)
        if not rows == len(record.time_ns) == len(record.value) == len(record.quality) == len(record.flags):
            raise ValueError("the columns of a batch must have one length")
        if rows and record.channel.min() < 0:
            raise ValueError(f"channel numbers are positive, got {record.channel.min()}")
        return record
    if isinstance(record, Quarantine):
        detail = _clean(record.detail)
        if len(record.payload) > LONGEST_PAYLOAD:
            detail = f"{detail} (the first {LONGEST_PAYLOAD} of {len(record.payload)} bytes)".lstrip()
        payload = bytes(record.payload[:LONGEST_PAYLOAD])
        return replace(
            record, source=_clean(record.source), reason=_clean(record.reason), detail=detail, payload=payload
        )
    if isinstance(record, Attribute):
        return replace(record, device=_clean(record.device), point=_clean(record.point), text=_clean(record.text))
    return record


def _clean(text: str) -> str:
    # A lone surrogate cannot be written as UTF-8; four thousand characters explain enough.
    return text[:4_000].encode("utf-8", "backslashreplace").decode("utf-8")


def _encode_batch(batch: Batch) -> bytes:
    rows = len(batch)
    time_ns = np.ascontiguousarray(batch.time_ns, np.int64)
    quality = np.ascontiguousarray(batch.quality, np.uint8)
    flags = np.ascontiguousarray(batch.flags, np.uint16)
    shape = 0
    first_quality = 0
    if rows:
        first_quality = int(quality[0])
        if (time_ns == time_ns[0]).all():
            shape |= _ONE_TIME
            time_ns = time_ns[:1]
        if (quality == first_quality).all():
            shape |= _ONE_QUALITY
            quality = quality[:0]
    if not flags.any():
        shape |= _NO_FLAGS
        flags = flags[:0]
    boot_id = batch.boot_id.encode()
    return b"".join(
        (
            _HEADER.pack(batch.received_ns, batch.monotonic_ns, rows, shape, len(boot_id), first_quality),
            boot_id.ljust(_padded(len(boot_id)), b"\0"),
            time_ns.tobytes(),
            np.ascontiguousarray(batch.value, np.float64).tobytes(),
            np.ascontiguousarray(batch.channel, np.int32).tobytes(),
            flags.tobytes(),
            quality.tobytes(),
        )
    )


def _decode_batch(body: bytes) -> Batch:
    try:
        received_ns, monotonic_ns, rows, shape, boot_length, first_quality = _HEADER.unpack_from(body)
    except struct.error as error:
        raise ValueError("a batch is shorter than its header") from error
    place = _HEADER.size
    boot_id = _boot_id(body[place : place + boot_length])
    place += _padded(boot_length)
    times = min(rows, 1) if shape & _ONE_TIME else rows
    time_ns = np.frombuffer(body, np.int64, times, place)
    place += 8 * times
    value = np.frombuffer(body, np.float64, rows, place)
    place += 8 * rows
    channel = np.frombuffer(body, np.int32, rows, place)
    place += 4 * rows
    if shape & _NO_FLAGS:
        flags = np.zeros(rows, np.uint16)
    else:
        flags = np.frombuffer(body, np.uint16, rows, place)
        place += 2 * rows
    if shape & _ONE_QUALITY:
        quality = np.full(rows, first_quality, np.uint8)
    else:
        quality = np.frombuffer(body, np.uint8, rows, place)
    if shape & _ONE_TIME and rows:
        time_ns = np.full(rows, time_ns[0], np.int64)
    return Batch(channel, time_ns, value, quality, flags, received_ns, monotonic_ns, boot_id)


def _padded(length: int) -> int:
    return -(-length // 8) * 8


@lru_cache(maxsize=64)
def _boot_id(text: bytes) -> str:
    return text.decode()
