"""Readings of one channel to a few bytes each and back. Knows nothing of files.

Each column becomes integers, the integers their steps above the smallest step, in as few bytes as the largest needs,
lowest bytes first (shuffled), then zlib, whose checksum guards the whole:

    header | steps of time | steps of value | bits "is NaN" | qualities | flags (low bytes, high bytes)

Values are decimals where ten to the power of `places` brings every one back bit for bit, else float32 or float64 bits.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.history.columns import Columns
from gateway.model import Bytes8, Floats, Int64s, Quality

_VERSION = 1
# version, rows, time unit, time width, value mode, value width, columns that follow; first and smallest step of both
_HEADER = struct.Struct("<BIIBBBBqqqq")
_UNITS = (1_000_000, 1_000, 1)
_PLACES = (0, 1, 2, 3, 4, 6)
_FLOAT32, _FLOAT64 = 32, 64
_HAS_NAN, _HAS_QUALITY, _HAS_FLAGS = 1, 2, 4
_LARGEST_EXACT = float(2**53)
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class _Steps(NamedTuple):
    """Integers as first, smallest step, and what each step is above it."""

    first: int
    smallest: int
    width: int
    body: bytes


def encode(rows: Columns) -> bytes:
    """Turn at least one settled row into bytes."""
    unit, times = _time_integers(rows.time_ns)
    missing = np.isnan(rows.value)
    has_nan = bool(missing.any())
    mode, integers = _value_integers(_filled(rows.value, missing) if has_nan else rows.value)
    time, value = _steps(times), _steps(integers)
    has_quality = bool((rows.quality != Quality.GOOD).any())
    has_flags = bool(rows.flags.any())
    columns = _HAS_NAN * has_nan | _HAS_QUALITY * has_quality | _HAS_FLAGS * has_flags
    header = _HEADER.pack(
        _VERSION,
        len(rows),
        unit,
        time.width,
        mode,
        value.width,
        columns,
        int(rows.time_ns[0]),
        time.smallest,
        value.first,
        value.smallest,
    )
    body = [header, time.body, value.body]
    if has_nan:
        body.append(np.packbits(missing).tobytes())
    if has_quality:
        body.append(rows.quality.tobytes())
    if has_flags:
        body.append(_shuffled(rows.flags, 2))
    return zlib.compress(b"".join(body), 1)


def decode(body: bytes) -> Columns:
    """Turn bytes back into rows; raise ValueError when they are damaged."""
    try:
        plain = zlib.decompress(body, bufsize=16_384)
        version, rows, unit, time_width, mode, value_width, columns, first_ns, *numbers = _HEADER.unpack_from(plain)
    except (zlib.error, struct.error) as error:
        raise ValueError(f"damaged chunk: {error}") from error
    if version != _VERSION:
        raise ValueError(f"chunk of version {version}; a newer program may have written it")
    time_smallest, value_first, value_smallest = numbers
    at = _HEADER.size
    times = _integers(plain, at, rows, _Steps(0, time_smallest, time_width, b""))
    at += time_width * (rows - 1)
    integers = _integers(plain, at, rows, _Steps(value_first, value_smallest, value_width, b""))
    at += value_width * (rows - 1)
    value = _values(mode, integers)
    if columns & _HAS_NAN:
        value[np.unpackbits(np.frombuffer(plain, np.uint8, (rows + 7) // 8, at), count=rows).view(bool)] = np.nan
        at += (rows + 7) // 8
    quality = np.full(rows, int(Quality.GOOD), np.uint8)
    if columns & _HAS_QUALITY:
        quality = np.frombuffer(plain, np.uint8, rows, at)
        at += rows
    flags = np.zeros(rows, np.uint16)
    if columns & _HAS_FLAGS:
        flags = _unshuffled(plain, at, rows, 2).astype(np.uint16)
    times *= unit
    times += first_ns
    return Columns(times, value, quality, flags)


def _time_integers(time_ns: Int64s) -> tuple[int, Int64s]:
    since = time_ns - time_ns[0]
    for unit in _UNITS[:-1]:
        whole = since // unit
        if bool((whole * unit == since).all()):
            return unit, whole
    return 1, since


def _filled(value: Floats, missing: NDArray[np.bool_]) -> Floats:
    """Replace each NaN by the value before it, which costs no bytes; by 0 at the beginning."""
    before = np.maximum.accumulate(np.where(missing, 0, np.arange(len(value))))
    filled = value[before]
    filled[np.isnan(filled)] = 0.0
    return filled


def _value_integers(value: Floats) -> tuple[int, Int64s]:
    """Return the mode (decimal places, or the width of a float) and the values as integers."""
    bits = value.view(np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        few, few_bits = value[:8], bits[:8]
        for places in _PLACES:
            power = 10.0**places
            # Adding 0.0 turns -0.0, which no integer can hold, into a value whose bits differ.
            if (((np.rint(few * power) + 0.0) / power).view(np.int64) != few_bits).any():
                continue
            whole = np.rint(value * power) + 0.0
            if bool(((whole / power).view(np.int64) == bits).all()) and float(np.abs(whole).max()) < _LARGEST_EXACT:
                return places, whole.astype(np.int64)
        single = value.astype(np.float32)
        if bool((single.astype(np.float64).view(np.int64) == bits).all()):
            return _FLOAT32, single.view(np.int32).astype(np.int64)
    return _FLOAT64, bits


def _values(mode: int, integers: Int64s) -> Floats:
    if mode == _FLOAT64:
        return integers.view(np.float64)
    if mode == _FLOAT32:
        return integers.astype(np.int32).view(np.float32).astype(np.float64)
    value = integers.astype(np.float64)
    value /= 10.0**mode
    return value


def _steps(integers: Int64s) -> _Steps:
    # Differences wrap around at 64 bits, and wrap back when they are summed up again.
    steps = integers[1:] - integers[:-1]
    if not len(steps):
        return _Steps(int(integers[0]), 0, 0, b"")
    smallest = steps.min()
    above = (steps - smallest).view(np.uint64)
    largest = int(above.max())
    width = 0 if not largest else 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4 if largest < 1 << 32 else 8
    body = _shuffled(above.astype(_UNSIGNED[width]), width) if width else b""
    return _Steps(int(integers[0]), int(smallest), width, body)


def _integers(plain: bytes, at: int, rows: int, steps: _Steps) -> Int64s:
    integers = np.empty(rows, np.int64)
    integers[0] = steps.first
    integers[1:] = steps.smallest
    if steps.width:
        integers[1:] += _unshuffled(plain, at, rows - 1, steps.width).astype(np.int64)
    return np.cumsum(integers, out=integers)


def _shuffled(column: NDArray[np.unsignedinteger], width: int) -> bytes:
    if width == 1:
        return column.tobytes()
    return column.view(np.uint8).reshape(-1, width).T.tobytes()


def _unshuffled(plain: bytes, at: int, rows: int, width: int) -> NDArray[np.unsignedinteger]:
    planes: Bytes8 = np.frombuffer(plain, np.uint8, rows * width, at)
    if width == 1:
        return planes
    return np.ascontiguousarray(planes.reshape(width, rows).T).view(_UNSIGNED[width]).reshape(rows)
