"""ChirpStack v4 events (JSON) to readings: the radio's own, and the device's where its payload can be read.

The payload (`data`, base64) is read by the maker's codec when the model is known: told, or named in the event by the
tag `model` or the name of the device profile. Else the fields that a codec on the server made of it (`object`) are
taken. The station is the DevEUI; readings have the time of the uplink, which is that of reception at the gateway.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from gateway.codecs.contract import CodecOptions, FieldReading, FrameDecoder, Message, Rejected
from gateway.codecs.decentlab import MODELS as DECENTLAB_MODELS
from gateway.codecs.decentlab import DecentlabDecoder
from gateway.codecs.flattening import flattened
from gateway.codecs.json_text import object_of, text_in, written_time
from gateway.codecs.milesight import MODELS as MILESIGHT_MODELS
from gateway.codecs.milesight import MilesightDecoder
from gateway.errors import DecodeError

_EVENT_KEYS = (("up", "fCnt"), ("up", "data"), ("up", "rxInfo"), ("status", "margin"), ("join", "devAddr"))


@dataclass(frozen=True, slots=True)
class ChirpstackHead:
    """What an event says of itself."""

    event: str
    name: str
    model: str
    port: int | None


class Uplink(NamedTuple):
    """The device's own payload in an event, with when and whose."""

    station: str
    time_ns: int | None
    payload: bytes


def unwrap(frame: bytes) -> Uplink:
    """Return the payload of an uplink event; DecodeError when it holds none."""
    event = object_of(frame)
    payload = _payload(event)
    if payload is None:
        raise DecodeError("no payload", "the event holds no data")
    return Uplink(text_in(event, "deviceInfo", "devEui"), written_time(event.get("time")), payload)


class ChirpstackDecoder:
    """Decodes events of one integration."""

    is_text: ClassVar[bool] = True

    def __init__(self, options: CodecOptions) -> None:
        self._options = options

    def decode(self, frame: bytes) -> Message[ChirpstackHead]:
        """Return what the event says, or raise DecodeError when it is none."""
        event = object_of(frame)
        station = text_in(event, "deviceInfo", "devEui")
        if not station:
            raise DecodeError("no device", "deviceInfo.devEui is missing")
        time_ns = written_time(event.get("time"))
        kind = next((kind for kind, key in _EVENT_KEYS if key in event), "other")
        model = self._model(event)
        readings, texts, rejected = self._values(event, model, time_ns)
        readings += _radio(event, time_ns)
        port = event.get("fPort")
        head = ChirpstackHead(
            kind, text_in(event, "deviceInfo", "deviceName"), model, port if type(port) is int else None
        )
        return Message(station, head, readings, texts, rejected, time_ns)

    def _model(self, event: dict[str, Any]) -> str:
        told = (
            self._options.model,
            text_in(event, "deviceInfo", "tags", "model"),
            text_in(event, "deviceInfo", "deviceProfileName"),
        )
        return next((name for name in told if _maker_of(name, self._options)), "")

    def _values(
        self, event: dict[str, Any], model: str, time_ns: int | None
    ) -> tuple[list[FieldReading], list[tuple[str, str]], list[Rejected]]:
        payload = _payload(event)
        maker = _maker_of(model, self._options)
        if payload and maker is not None:
            said = maker.decode(payload)
            readings = [one if one.time_ns is not None else one._replace(time_ns=time_ns) for one in said.readings]
            return readings, said.texts, said.rejected
        if type(event.get("object")) is dict:
            readings, texts = flattened(event["object"], time_ns)
            return readings, texts, []
        if payload:
            detail = f"{len(payload)} bytes, and neither a known model nor an object"
            return [], [], [Rejected("data", "model", detail)]
        return [], [], []


def _maker_of(model: str, options: CodecOptions) -> FrameDecoder[Any] | None:
    name = model.partition(",")[0].strip()
    if name.upper() in DECENTLAB_MODELS:
        return DecentlabDecoder(replace(options, model=model))
    if name.lower() in MILESIGHT_MODELS:
        return MilesightDecoder(replace(options, model=name))
    return None


def _payload(event: dict[str, Any]) -> bytes | None:
    data = event.get("data")
    if data is None or data == "":
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise DecodeError("base64", f"data is {str(data)[:60]!r}") from None


def _radio(event: dict[str, Any], time_ns: int | None) -> list[FieldReading]:
    """Return the strongest gateway's reception, and the battery and margin of a status event."""
    heard = [one for one in event.get("rxInfo") or () if type(one) is dict] if type(event.get("rxInfo")) is list else []
    best = max(heard, key=lambda one: _number(one.get("rssi")) or -1e9, default={})
    found = (
        ("rssi", best.get("rssi"), "dB[mW]"),
        ("snr", best.get("snr"), "dB"),
        ("battery_level", event.get("batteryLevel"), "%"),
        ("margin", event.get("margin"), "dB"),
    )
    return [
        FieldReading(name, time_ns, value, unit) for name, raw, unit in found if (value := _number(raw)) is not None
    ]


def _number(raw: Any) -> float | None:
    """Return what decibels or per cents can be; NaN is none of them."""
    return float(raw) if type(raw) in (int, float) and abs(raw) < 1e9 else None  # noqa: PLR2004
