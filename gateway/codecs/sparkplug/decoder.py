"""A Sparkplug B payload to readings under its metrics' names; without a birth, one that has none is `alias 17`."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan
from typing import ClassVar

from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected
from gateway.codecs.sparkplug.payload import NUMERIC, TEXTUAL, Metric, Payload, read_payload, signed
from gateway.errors import DecodeError
from gateway.model import Flag, Quality

_BACKFILL, _MISSING = int(Flag.BACKFILL), int(Quality.MISSING)
_LATEST_MS = (1 << 63) // 1_000_000
_LONGEST_TEXT = 1_000
_SMALLEST_DOUBTFUL = 128


@dataclass(frozen=True, slots=True)
class SparkplugHead:
    """What a payload says of itself."""

    seq: int | None


class SparkplugDecoder:
    """Decodes payloads one by one, without their session."""

    is_text: ClassVar[bool] = False

    def __init__(self, _options: CodecOptions) -> None:
        pass

    def decode(self, frame: bytes) -> Message[SparkplugHead]:
        """Return what the payload says, or raise DecodeError when it says nothing."""
        if not frame:
            raise DecodeError("empty", "no bytes")
        return message_of("", read_payload(frame))


def message_of(station: str, payload: Payload) -> Message[SparkplugHead]:
    """Return a payload, whose metrics have names and types where they are known, as a message of a station."""
    time_ns = nanoseconds(payload.timestamp)
    readings: list[FieldReading] = []
    texts: list[tuple[str, str]] = []
    rejected: list[Rejected] = []
    for metric in payload.metrics:
        name = metric.name or f"alias {metric.alias}"
        own_ns = nanoseconds(metric.timestamp)
        at_ns = own_ns if own_ns is not None else time_ns
        flags = _BACKFILL if metric.is_historical else 0
        if metric.is_null:
            if metric.datatype not in TEXTUAL:
                readings.append(FieldReading(name, at_ns, nan, "", _MISSING, flags))
        elif metric.text is not None:
            texts.append((name, metric.text[:_LONGEST_TEXT]))
        elif metric.datatype is None or metric.datatype in NUMERIC:
            value = _value(metric)
            if value is None:
                rejected.append(Rejected(name, "type", f"{metric.integer} may be signed; a birth tells"))
            elif isfinite(value):
                readings.append(FieldReading(name, at_ns, value, "", 1, flags))
            else:
                rejected.append(Rejected(name, "value", "no number"))
    return Message(station, SparkplugHead(payload.seq), readings, texts, rejected, time_ns)


def _value(metric: Metric) -> float | None:
    """Return a metric's number, NaN when it has none, None when nobody knows its sign."""
    if metric.integer is None:
        return nan if metric.number is None else metric.number
    if metric.datatype is None:
        # Data leave their type to the birth (6.4.6); without it 251 may be -5.
        return float(metric.integer) if metric.integer < _SMALLEST_DOUBTFUL else None
    return float(signed(metric.integer, metric.datatype))


def nanoseconds(milliseconds: int | None) -> int | None:
    """Return a time in nanoseconds; one beyond any calendar is none."""
    return milliseconds * 1_000_000 if milliseconds is not None and milliseconds < _LATEST_MS else None
