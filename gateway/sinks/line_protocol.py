"""Batches to InfluxDB line protocol, one line a row. Knows nothing of servers.

    water_flow,asset=P-12,channel=P-12.f.flow,device=f,lifeline=water,site=d value=18.6,quality=1i,flags=0i 1700000…
    └─────────────────── kept per channel ─────────────────────────────────┘           └── kept per pair ──┘ └ ns

A row without a finite value is a line without `value`. Escaping: InfluxData, "Line protocol reference", v2, special
characters; what has no escape there (line feed, backslash) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from gateway.model import Batch

_SPECIAL = re.compile(r"[,= ]")
_UNSPEAKABLE = re.compile(r"[\\\x00-\x1f\x7f]")
_PIECES = 4
_FLAGS_SHIFT = 8


@dataclass(frozen=True, slots=True)
class Series:
    """Where the readings of one channel belong: a measurement and its tags; a tag without a value is left out."""

    measurement: str
    tags: Mapping[str, str]


class LineEncoder:
    """Encodes the channels it was told of; any other number is a KeyError."""

    def __init__(self, series: Mapping[int, Series]) -> None:
        self._heads = {number: f"\n{head_of(each)} ".encode() for number, each in series.items()}
        self._with_value = {number: head + b"value=" for number, head in self._heads.items()}
        self._middles: dict[int, bytes] = {}
        self._json = msgspec.json.Encoder()

    def encode(self, batch: Batch) -> bytes:
        r"""Return the lines of a batch in the order of its rows, without a line feed at the end.

        >>> from gateway.model import Instant, batch_of
        >>> encoder = LineEncoder({7: Series("water_flow", {"asset": "P 12"})})
        >>> encoder.encode(batch_of([(7, 1_700_000_000_000_000_000, 18.6, 1, 0)], Instant(0, 0, "")))
        b'water_flow,asset=P\\ 12 value=18.6,quality=1i,flags=0i 1700000000000000000'
        """
        channels = batch.channel.tolist()
        codes = ((batch.flags.astype(np.int32) << _FLAGS_SHIFT) | batch.quality).tolist()
        self._learn(set(codes))
        heads = list(map(self._with_value.__getitem__, channels))
        middles = list(map(self._middles.__getitem__, codes))
        values = self._numbers(batch.value.tolist())
        for row in np.flatnonzero(~np.isfinite(batch.value)).tolist():
            heads[row], values[row], middles[row] = self._heads[channels[row]], b"", middles[row][1:]
        pieces = [b""] * (_PIECES * len(channels))
        pieces[0::_PIECES] = heads
        pieces[1::_PIECES] = values
        pieces[2::_PIECES] = middles
        pieces[3::_PIECES] = self._numbers(batch.time_ns.tolist())
        return b"".join(pieces)[1:]

    def _numbers(self, numbers: list[float] | list[int]) -> list[bytes]:
        """Write numbers the shortest way that reads back the same: one JSON array, cut up (0.05 µs a number)."""
        return self._json.encode(numbers)[1:-1].split(b",") if numbers else []

    def _learn(self, codes: set[int]) -> None:
        for code in codes.difference(self._middles):
            quality, flags = code & ((1 << _FLAGS_SHIFT) - 1), code >> _FLAGS_SHIFT
            self._middles[code] = b",quality=%di,flags=%di " % (quality, flags)


def head_of(series: Series) -> str:
    r"""Return measurement and tags of a line, escaped, the tags in order of their names as servers want them.

    >>> head_of(Series("rain fall", {"site": "a,b", "asset": "x=y"}))
    'rain\\ fall,asset=x\\=y,site=a\\,b'
    """
    tags = [f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(series.tags.items()) if value]
    measurement = _escaped(series.measurement).replace("\\=", "=")
    return ",".join([measurement, *tags])


def _escaped(text: str) -> str:
    if _UNSPEAKABLE.search(text):
        raise ValueError(f"line protocol has no way to write {text!r:.80}")
    return _SPECIAL.sub(r"\\\g<0>", text)
