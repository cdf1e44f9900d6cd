"""JSON and CBOR payloads to readings, field by field as the profile places them. Knows nothing of topics.

Rule 1: a wrong field costs itself, not its neighbours. Rule 2: a wrong time costs the whole payload, because any time
put in its place would look good. Rule 3: an absent field is no reading, `null` is a MISSING one. Rule 4: the values of
an array of samples stand one step apart, and one wrong value among them costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite, nan
from typing import Any, NamedTuple, TypeAlias

import msgspec

from gateway.codecs.cbor import decode_cbor
from gateway.codecs.contract import Decoded, Rejected
from gateway.errors import DecodeError
from gateway.model import Flag, Quality, Reading
from gateway.profiles import FieldPlace, Profile, Samples, TimeFormat

_GOOD, _MISSING = int(Quality.GOOD), int(Quality.MISSING)
_SENTINEL = int(Flag.SENTINEL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NS_PER: dict[TimeFormat, int] = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_LONGEST_TEXT = 1_000
_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MOST_SAMPLES = 20_000
_ABSENT: Any = object()
_KINDS: dict[type, str] = {
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "an array",
}


class _Field(NamedTuple):
    name: str
    path: tuple[str, ...]
    key: str | None  # the path when it is one key: the common case, without a walk
    scale: float
    offset: float
    factor: float
    shift: float
    sentinels: frozenset[float]
    is_text: bool
    from_text: bool
    samples: Samples | None


_Step: TypeAlias = tuple[
    _Field, str | None, tuple[str, ...], tuple[float, float, float, float], frozenset[float] | None
]
# A named tuple's own constructor costs twice as much; a float's range is left where no int can overflow it.
_reading = tuple.__new__
_PLAIN = 1e300


class JsonFieldsDecoder:
    """Decodes the payloads of one device model."""

    def __init__(self, profile: Profile) -> None:
        self._fields = [
            _Field(
                name=point.name,
                path=point.place.path,
                key=point.place.path[0] if len(point.place.path) == 1 else None,
                scale=point.scale,
                offset=point.offset,
                factor=point.factor,
                shift=point.shift,
                sentinels=frozenset(point.sentinels),
                is_text=point.is_text,
                from_text=point.from_text,
                samples=point.samples,
            )
            for point in profile.points.values()
            if isinstance(point.place, FieldPlace)
        ]
        self._steps: list[_Step] = [
            (
                field,
                field.key,
                field.path,
                (field.scale, field.offset, field.factor, field.shift),
                None if field.is_text or field.samples is not None else field.sentinels,
            )
            for field in self._fields
        ]
        self._time_path = profile.time_path
        self._to_ns = _time_reader(profile.time_format)
        # What a step in the payload counts in; beside written times it is milliseconds.
        self._step_ns = _NS_PER.get(profile.time_format, _NS_PER["ms"])

    def decode(self, payload: bytes) -> Decoded:
        """Return what the payload says, or raise DecodeError when it says nothing."""
        document = self._parse(payload)
        time_ns = self._time_of(document)
        said = Decoded([], [], [], time_ns)
        readings = said.readings
        get = document.get if type(document) is dict else None
        for field, key, path, (scale, offset, factor, shift), sentinels in self._steps:
            raw = get(key, _ABSENT) if get is not None and key else _walk(document, path)
            if raw is _ABSENT:
                continue
            # The common case, without a call: most of what a fleet sends is a small number in its place.
            if (type(raw) is float or type(raw) is int) and sentinels is not None and -_PLAIN < raw < _PLAIN:
                value = (raw * scale + offset) * factor + shift
                if raw not in sentinels and isfinite(value):
                    readings.append(_reading(Reading, (field.name, time_ns, value, _GOOD, 0)))
                    continue
            self._add(field, raw, document, said)
        if not (readings or said.texts or said.rejected):
            raise DecodeError("no known field", f"none of {', '.join(field.name for field in self._fields)}"[:200])
        return said

    def _add(self, field: _Field, raw: Any, document: Any, said: Decoded) -> None:
        if field.is_text:
            _add_text(field.name, raw, said.texts, said.rejected)
        elif field.samples is not None:
            try:
                taken = self._sample_times(field.samples, raw, document, said.time_ns)
            except DecodeError as error:
                said.rejected.append(Rejected(field.name, error.reason, error.detail))
            else:
                _add_samples(field, raw, taken, said.readings, said.rejected)
        elif isinstance(read := _read(field, raw, said.time_ns), Reading):
            said.readings.append(read)
        else:
            said.rejected.append(read)

    def _parse(self, payload: bytes) -> Any:
        try:
            return _decode_json(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise DecodeError("json", str(error)) from None
        except RecursionError:
            raise DecodeError("json", "nested too deeply") from None

    def _sample_times(self, samples: Samples, raw: Any, document: Any, time_ns: int | None) -> range:
        """Return when the samples of an array were taken."""
        if type(raw) is not list or len(raw) > _MOST_SAMPLES:
            raise DecodeError("type", f"expected an array of at most {_MOST_SAMPLES} samples, got {_kind_of(raw)}")
        start_ns = time_ns
        if samples.start_path is not None:
            start = _walk(document, samples.start_path)
            start_ns = None if start is _ABSENT or start is None else self._to_ns(start)
        if start_ns is None:
            # Without a start nobody knows when: received as one, they would all claim the same moment.
            raise DecodeError("time", "samples without a time")
        step_ns = self._step_of(samples, document)
        end_ns = _checked(start_ns + len(raw) * step_ns, start_ns)
        return range(start_ns, end_ns, step_ns)

    def _step_of(self, samples: Samples, document: Any) -> int:
        if samples.step_path is None:
            return max(1, round((samples.step_seconds or 0) * 1e9))
        step = _walk(document, samples.step_path)
        if type(step) not in (int, float) or not 1 <= step * self._step_ns < 1e18:  # noqa: PLR2004 - thirty years
            raise DecodeError(
                "time", f"the step between samples is {str(step)[:40] if step is not _ABSENT else 'absent'}"
            )
        return int(step * self._step_ns)

    def _time_of(self, document: Any) -> int | None:
        if self._time_path is None:
            return None
        raw = _walk(document, self._time_path)
        if raw is _ABSENT or raw is None:
            return None
        return self._to_ns(raw)


class CborFieldsDecoder(JsonFieldsDecoder):
    """Decodes the payloads of one device model that speaks CBOR."""

    def _parse(self, payload: bytes) -> Any:
        return decode_cbor(payload)


_decode_json: Callable[[bytes], Any] = msgspec.json.Decoder().decode


def _walk(document: Any, path: tuple[str, ...]) -> Any:
    here = document
    for key in path:
        if type(here) is dict:
            here = here.get(key, _ABSENT)
        elif type(here) is list and key.isdecimal() and key.isascii() and int(key) < len(here):
            here = here[int(key)]
        else:
            return _ABSENT
        if here is _ABSENT:
            return _ABSENT
    return here


def _read(field: _Field, raw: Any, time_ns: int | None) -> Reading | Rejected:
    if field.from_text and type(raw) is str:
        raw = _number_in(raw)
    # bool is an int to isinstance, and no number here.
    if type(raw) is float or type(raw) is int:
        if raw in field.sentinels:
            return Reading(field.name, time_ns, nan, _MISSING, _SENTINEL)
        try:
            value = (raw * field.scale + field.offset) * field.factor + field.shift
        except OverflowError:
            value = nan
        if isfinite(value):
            return Reading(field.name, time_ns, value, _GOOD, 0)
        return Rejected(field.name, "overflow", "beyond a float")
    if raw is None:
        return Reading(field.name, time_ns, nan, _MISSING, 0)
    return Rejected(field.name, "type", f"expected a number, got {_kind_of(raw)}")


def _add_samples(
    field: _Field, raw: list[Any], taken: range, readings: list[Reading], rejected: list[Rejected]
) -> None:
    is_whole = True
    for number, (one, time_ns) in enumerate(zip(raw, taken, strict=True)):
        read = _read(field, one, time_ns)
        if isinstance(read, Reading):
            readings.append(read)
        elif is_whole:
            # One for the array: a broken sensor would otherwise say the same a thousand times.
            is_whole = False
            rejected.append(Rejected(field.name, read.reason, f"sample {number}: {read.detail}"))


def _number_in(text: str) -> float | str:
    """Return the number that a text is; the text when it is none: `float` alone takes "nan", "1_0" and "١" too."""
    return float(text) if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text.strip()) else text


def _add_text(name: str, raw: Any, texts: list[tuple[str, str]], rejected: list[Rejected]) -> None:
    if type(raw) is str and len(raw) <= _LONGEST_TEXT:
        texts.append((name, raw))
    elif type(raw) in (int, float, bool):
        texts.append((name, str(raw)[:_LONGEST_TEXT]))
    elif raw is not None:
        rejected.append(Rejected(name, "type", f"expected a text of at most 1000 characters, got {_kind_of(raw)}"))


def _kind_of(raw: Any) -> str:
    return _KINDS.get(type(raw), "something else")


def _time_reader(time_format: TimeFormat) -> Callable[[Any], int]:
    if time_format == "iso8601":
        return _ns_of_text
    unit = _NS_PER[time_format]

    def ns_of_number(raw: Any) -> int:
        if type(raw) is str and raw.isascii() and raw.isdecimal() and len(raw) <= _LONGEST_NUMBER:
            raw = int(raw)
        if type(raw) is int:
            return _checked(raw * unit, raw)
        if type(raw) is float and isfinite(raw):
            # A float of seconds holds today to about 0.2 µs: rounding to 1 µs gives back the sender's milliseconds.
            step = min(1_000, unit)
            return _checked(round(raw * (unit // step)) * step, raw)
        raise DecodeError("time", f"expected a number, got {_kind_of(raw)}")

    return ns_of_number


def _ns_of_text(raw: Any) -> int:
    if type(raw) is not str:
        raise DecodeError("time", f"expected ISO 8601, got {_kind_of(raw)}")
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise DecodeError("time", f"not ISO 8601: {raw[:60]!r}") from None
    if moment.tzinfo is None:
        raise DecodeError("time", f"{raw[:60]!r} has no offset from UTC")
    return _checked((moment - _EPOCH) // _MICROSECOND * 1_000, raw)


def _checked(time_ns: int, raw: Any) -> int:
    if -(1 << 63) < time_ns < 1 << 63:
        return time_ns
    raise DecodeError("time", f"{str(raw)[:60]} is beyond any calendar")
