"""SenML packs (RFC 8428) in JSON and CBOR: the station is the base name, a point the name behind it."""

from __future__ import annotations

import json
import struct

from gateway.model import SECOND
from simulators.encoders.sending import Sending

_BASE_NAME, _BASE_TIME, _NAME, _VALUE = -2, -3, 0, 2
"""The labels of section 6, table 4."""


def senml(sending: Sending) -> bytes:
    """Return a pack in JSON; its first record has the base."""
    records = [{"n": name, "v": value} for name, value in sending.fields()]
    base = {"bn": sending.station + "/", "bt": sending.time_ns // 1_000_000 / 1000}
    return json.dumps([base | records[0], *records[1:]] if records else [], separators=(",", ":")).encode()


def senml_cbor(sending: Sending) -> bytes:
    """Return the same pack in CBOR (RFC 8949)."""
    records: list[dict[int, str | float]] = [{_NAME: name, _VALUE: value} for name, value in sending.fields()]
    base: dict[int, str | float] = {_BASE_NAME: sending.station + "/", _BASE_TIME: sending.time_ns / SECOND}
    records[:1] = [base | one for one in records[:1]]
    return _head(4, len(records)) + b"".join(_map(record) for record in records)


def _map(record: dict[int, str | float]) -> bytes:
    pairs = (_integer(label) + _value(value) for label, value in record.items())
    return _head(5, len(record)) + b"".join(pairs)


def _integer(number: int) -> bytes:
    return _head(0, number) if number >= 0 else _head(1, -1 - number)


def _value(value: str | float) -> bytes:
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    # Major type 7, 27: eight bytes of IEEE 754.
    return b"\xfb" + struct.pack(">d", value)


def _head(major: int, argument: int) -> bytes:
    if argument < 24:  # noqa: PLR2004 - the argument stands in the first byte itself (RFC 8949, 3)
        return bytes([major << 5 | argument])
    return bytes([major << 5 | 25]) + argument.to_bytes(2, "big")
