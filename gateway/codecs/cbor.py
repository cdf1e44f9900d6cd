"""CBOR (RFC 8949) to plain maps, arrays, numbers and texts; tags that make anything else are refused.

cbor2 would turn tags into regular expressions, networks, numbers of any size or values that hold themselves: nothing
that a sensor says, and each a way to spend our memory. Decimal fractions (tag 4) are numbers and allowed.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from gateway.errors import DecodeError

_DEEPEST = 32
_REFUSED = (0, 1, 2, 3, 5, 25, 28, 29, 30, 35, 36, 37, 43000, 100, 256, 258, 260, 261, 1004)
_DECIMAL_TAG = 4
_MOST_EXPONENT = 300
_SELF_DESCRIBED = 55_799


def decode_cbor(payload: bytes) -> Any:
    """Return the one item that the payload holds, or raise DecodeError."""
    import cbor2  # noqa: PLC0415 - only for those who use it

    source = BytesIO(payload)
    try:
        decoder = cbor2.CBORDecoder(
            source,
            tag_hook=_plain,
            semantic_decoders=dict.fromkeys(_REFUSED, _refuse) | {_DECIMAL_TAG: _decimal, _SELF_DESCRIBED: _inner},
            max_depth=_DEEPEST,
        )
        document = decoder.decode()
    except (cbor2.CBORError, EOFError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise DecodeError("cbor", str(error)[:200]) from None
    if source.tell() != len(payload):
        raise DecodeError("cbor", f"{len(payload) - source.tell()} bytes behind the item")
    return document


def _refuse(_value: Any, *_: Any) -> Any:
    raise ValueError("a tag that no sensor needs")


def _plain(tag: Any, *_: Any) -> Any:
    return tag.value


def _inner(value: Any, *_: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _decimal(value: Any, *_: Any) -> float:
    exponent, mantissa = value
    if type(exponent) is not int or type(mantissa) is not int or abs(exponent) > _MOST_EXPONENT:
        raise ValueError("no decimal fraction")
    return float(mantissa) * 10.0**exponent if exponent > 0 else float(mantissa) / 10.0**-exponent
