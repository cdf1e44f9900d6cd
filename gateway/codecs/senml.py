"""SenML packs (RFC 8428), JSON and CBOR, to readings under the names that the pack gives them.

The station is the base name of the first record; a point is the name behind it, or the whole name of a record without
one, or one under another base name. A time below 2**28 s is relative to when the pack is received (4.5.3); whoever
decodes knows that time, or such a record is rejected, because any time put in its place would look good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, ClassVar

from gateway.codecs.cbor import decode_cbor
from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected
from gateway.codecs.json_text import json_of
from gateway.errors import DecodeError
from gateway.model import Flag, Quality

_RELATIVE = 1 << 28
_VERSION = 10
_MOST_RECORDS = 20_000
_LONGEST_TEXT = 1_000
_MISSING = int(Quality.MISSING)
_NO_SOURCE_TIME = int(Flag.NO_SOURCE_TIME)
_BASES = {"bn": (str,), "bu": (str,), "bt": (int, float), "bv": (int, float), "bver": (int,)}
_LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb"} | {
    5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
"""Section 6, table 4: the integer labels of CBOR."""
UCUM = {
    "%RH": "%", "%EL": "%", "count": "1", "/": "1", "ratio": "1", "m3/s": "m3/s", "l/s": "L/s", "l": "L",
    "deg": "deg", "S/m": "S/m", "beat/min": "/min", "lat": "deg", "lon": "deg", "dBW": "dB[W]", "VA": "V.A",
}  # fmt: skip
"""Units of section 12.1 that UCUM writes otherwise."""


@dataclass(frozen=True, slots=True)
class SenmlHead:
    """What a pack says of itself."""

    version: int


class SenmlDecoder:
    """Decodes packs in JSON."""

    is_text: ClassVar[bool] = True

    def __init__(self, _options: CodecOptions) -> None:
        pass

    def decode(self, frame: bytes, received_ns: int | None = None) -> Message[SenmlHead]:
        """Return what the pack says, or raise DecodeError when it says nothing."""
        pack = self._parse(frame)
        if type(pack) is not list or not pack or len(pack) > _MOST_RECORDS:
            raise DecodeError("senml", f"a pack is an array of 1 to {_MOST_RECORDS} records")
        return _Pack(received_ns).read(pack)

    def _parse(self, frame: bytes) -> Any:
        return json_of(frame)


class SenmlCborDecoder(SenmlDecoder):
    """Decodes packs in CBOR."""

    is_text: ClassVar[bool] = False

    def _parse(self, frame: bytes) -> Any:
        return decode_cbor(frame)


class _Pack:
    def __init__(self, received_ns: int | None) -> None:
        self._received_ns = received_ns
        self._base: dict[str, Any] = {}
        self._station: str | None = None
        self._readings: list[FieldReading] = []
        self._texts: list[tuple[str, str]] = []
        self._rejected: list[Rejected] = []

    def read(self, pack: list[Any]) -> Message[SenmlHead]:
        for number, record in enumerate(pack):
            if type(record) is not dict:
                raise DecodeError("senml", f"record {number} is no map")
            self._read(number, {_LABELS.get(key, key) if type(key) is int else key: record[key] for key in record})
        if not (self._readings or self._texts or self._rejected):
            raise DecodeError("no value", "no record holds a value")
        version = self._base.get("bver", _VERSION)
        times = [reading.time_ns for reading in self._readings if not reading.flags]
        newest = None if None in times or not times else max(time for time in times if time is not None)
        station = self._station or ""
        return Message(station, SenmlHead(version), self._readings, self._texts, self._rejected, newest)

    def _read(self, number: int, record: Mapping[Any, Any]) -> None:
        self._take_base(number, record)
        base, own = self._base.get("bn", ""), record.get("n", "")
        if type(own) is not str or not base + own:
            raise DecodeError("senml", f"record {number} has no name")
        if self._station is None:
            self._station = base
        name = own if own and base == self._station else base + own
        if "v" in record or "bv" in self._base:
            self._number(name, record, record.get("v", 0))
        elif "vb" in record:
            flag = record["vb"]
            self._number(name, record, int(flag) if type(flag) is bool else flag)
        elif type(record.get("vs")) is str:
            self._texts.append((name, record["vs"][:_LONGEST_TEXT]))
        elif "s" in record:
            self._number(f"{name}.sum", record, record["s"])

    def _take_base(self, number: int, record: Mapping[Any, Any]) -> None:
        for key in record:
            if type(key) is not str or key.endswith("_"):
                # 4.4: a label that ends with "_" must be understood.
                raise DecodeError("senml", f"record {number} has a field that must be understood: {str(key)[:40]!r}")
        for key, kinds in _BASES.items():
            if key in record:
                if type(record[key]) not in kinds:
                    raise DecodeError("senml", f"record {number}: {key} is no {kinds[0].__name__}")
                self._base[key] = record[key]
        if self._base.get("bver", _VERSION) > _VERSION:
            raise DecodeError("version", f"bver {self._base['bver']} is newer than {_VERSION}")

    def _number(self, name: str, record: Mapping[Any, Any], raw: Any) -> None:
        unit = record.get("u", self._base.get("bu", ""))
        if type(unit) is not str or (type(raw) not in (int, float) and raw is not None):
            self._rejected.append(Rejected(name, "type", f"no number: {str(raw)[:40]}"))
            return
        try:
            value = nan if raw is None else float(raw + self._base.get("bv", 0) if "v" in record else raw)
            time_ns, flags = self._time(record)
        except (DecodeError, OverflowError) as error:
            self._rejected.append(Rejected(name, "time" if isinstance(error, DecodeError) else "overflow", str(error)))
            return
        if raw is not None and not isfinite(value):
            self._rejected.append(Rejected(name, "overflow", "beyond a float"))
            return
        quality = _MISSING if raw is None else 1
        self._readings.append(FieldReading(name, time_ns, value, UCUM.get(unit, unit), quality, flags))

    def _time(self, record: Mapping[Any, Any]) -> tuple[int | None, int]:
        base, own = self._base.get("bt", 0), record.get("t", 0)
        if type(own) not in (int, float) or not isfinite(base) or not isfinite(own):
            raise DecodeError("time", f"no number: {str(own)[:40]}")
        # Apart: a float of both loses what the base has below a microsecond.
        time_ns = _ns(base) + _ns(own)
        if time_ns >= _RELATIVE * 1_000_000_000:
            if time_ns >= 1 << 63:
                raise DecodeError("time", "beyond any calendar")
            return time_ns, 0
        if time_ns == 0:
            return None, _NO_SOURCE_TIME
        if self._received_ns is None:
            raise DecodeError("time", f"{time_ns / 1e9:g} s from a moment that nobody knows")
        return self._received_ns + time_ns, _NO_SOURCE_TIME


def _ns(seconds: float) -> int:
    return seconds * 1_000_000_000 if type(seconds) is int else round(seconds * 1_000_000) * 1_000
