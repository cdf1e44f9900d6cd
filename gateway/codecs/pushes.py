"""What cloud platforms push (JSON) to readings: CTWing, OneNET, SensorThings and the lifeline platforms' own format.

Every push names its device, the station here, and holds its fields in a place of its own. Platform times are those of
reception in the cloud, which is the best that a push without a sampling time offers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import isfinite, nan
from typing import Any, ClassVar, TypeAlias

from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected
from gateway.codecs.flattening import flattened
from gateway.codecs.json_text import json_of, milliseconds, object_of, text_in, written_time
from gateway.errors import DecodeError
from gateway.model import Quality

_MOST_OBSERVATIONS = 10_000


@dataclass(frozen=True, slots=True)
class PushHead:
    """What a push says of itself."""

    kind: str


PushMessage: TypeAlias = Message[PushHead]


def read_ctwing(frame: bytes) -> PushMessage:
    """Read a CTWing (AEP) push; other messages than data, e.g. online and offline, hold no readings."""
    push = object_of(frame)
    station = text_in(push, "deviceId")
    if not station:
        raise DecodeError("no device", "deviceId is missing")
    kind, time_ns = text_in(push, "messageType"), milliseconds(push.get("timestamp"))
    held = push.get("payload") if kind == "dataReport" else push.get("eventContent") if kind == "eventReport" else None
    readings, texts = flattened(held, time_ns)
    return Message(station, PushHead(kind), readings, texts, [], time_ns)


def read_onenet(frame: bytes) -> PushMessage:
    """Read a OneNET property post, alone or as pushed with its device: `{params: {name: {value, time}}}`."""
    push = object_of(frame)
    data = push["data"] if type(push.get("data")) is dict else push
    params = data.get("params")
    if type(params) is not dict:
        raise DecodeError("no params", "there is no object params")
    readings: list[FieldReading] = []
    texts: list[tuple[str, str]] = []
    rejected: list[Rejected] = []
    for name, one in params.items():
        if type(one) is not dict or "value" not in one:
            rejected.append(Rejected(name or "params", "value", "no object with a value"))
            continue
        try:
            numbers, words = flattened({name: one["value"]}, milliseconds(one.get("time")))
        except DecodeError as error:
            rejected.append(Rejected(name or "params", error.reason, error.detail))
            continue
        readings += numbers
        texts += words
    station = text_in(push, "deviceName") or text_in(push, "deviceId")
    times = [one.time_ns for one in readings]
    newest = None if None in times or not times else max(time for time in times if time is not None)
    return Message(station, PushHead(text_in(push, "notifyType") or "property"), readings, texts, rejected, newest)


def read_lifeline_push(frame: bytes) -> PushMessage:
    """Read a lifeline platform's push: `{deviceId, timestamp, dataPoints: [{key, value, unit}]}`."""
    push = object_of(frame)
    station = text_in(push, "deviceId") or text_in(push, "device", "deviceId")
    if not station:
        raise DecodeError("no device", "deviceId is missing")
    time_ns = written_time(push.get("timestamp"))
    points = push.get("dataPoints") or []
    if type(points) is not list:
        raise DecodeError("dataPoints", "not an array")
    readings: list[FieldReading] = []
    texts: list[tuple[str, str]] = []
    rejected: list[Rejected] = []
    for point in points:
        name, value = text_in(point, "key"), point.get("value") if type(point) is dict else None
        if not name:
            rejected.append(Rejected("dataPoints", "key", "a point without a key"))
        elif type(value) is str:
            texts.append((name, value[:1_000]))
        else:
            _add(name, value, time_ns, text_in(point, "unit"), readings, rejected)
    kind = "alert" if "eventType" in push else "data" if points else "state"
    return Message(station, PushHead(kind), readings, texts, rejected, time_ns)


def observations_in(frame: bytes) -> list[PushMessage]:
    """Return the OGC SensorThings observations of one request: one, a batch, or data arrays; each of one datastream."""
    document = json_of(frame)
    messages = [_observation(*each) for each in _observations(document)]
    if not messages:
        raise DecodeError("no observation", "neither an Observation, a batch nor data arrays")
    return messages


def read_sensorthings(frame: bytes) -> PushMessage:
    """Read a request as one message; its station is the datastream, or empty where there are several."""
    messages = observations_in(frame)
    stations = {message.station for message in messages}
    if len(stations) == 1:
        readings = [one for message in messages for one in message.readings]
    else:
        readings = [
            one._replace(field=f"{message.station}.{one.field}") for message in messages for one in message.readings
        ]
    texts = [text for message in messages for text in message.texts]
    rejected = [one for message in messages for one in message.rejected]
    times = [message.time_ns for message in messages]
    newest = None if None in times else max(time for time in times if time is not None)
    return Message(
        stations.pop() if len(stations) == 1 else "", PushHead("observation"), readings, texts, rejected, newest
    )


def _observations(document: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield datastream, time and result; OGC 18-088 (part 1, version 1.1) 10.2, 13.2 and 14."""
    if type(document) is list:
        count = 0
        for part in document:
            stream, components = _stream_of(part), part.get("components") if type(part) is dict else None
            rows = part.get("dataArray") if type(part) is dict else None
            if type(components) is not list or type(rows) is not list or "result" not in components:
                raise DecodeError("data array", "needs components with result, and dataArray")
            at_time = components.index("phenomenonTime") if "phenomenonTime" in components else None
            at_result = components.index("result")
            for row in rows:
                count += 1
                if type(row) is not list or len(row) != len(components) or count > _MOST_OBSERVATIONS:
                    raise DecodeError("data array", "a row that is no array of all components, or too many")
                yield stream, None if at_time is None else row[at_time], row[at_result]
    elif type(document) is dict and type(document.get("requests")) is list:
        for request in document["requests"][:_MOST_OBSERVATIONS]:
            body = request.get("body") if type(request) is dict else None
            if type(body) is dict and "result" in body:
                yield _stream_of(body), body.get("phenomenonTime"), body["result"]
    elif type(document) is dict and "result" in document:
        yield _stream_of(document), document.get("phenomenonTime"), document["result"]


def _stream_of(part: Any) -> str:
    stream = text_in(part, "Datastream", "@iot.id")
    if not stream:
        raise DecodeError("no device", "Datastream.@iot.id is missing")
    return stream


def _observation(stream: str, time: Any, result: Any) -> PushMessage:
    # An interval is known when it ends.
    time_ns = written_time(time.rpartition("/")[2] if type(time) is str else time)
    readings: list[FieldReading] = []
    rejected: list[Rejected] = []
    texts: list[tuple[str, str]] = []
    if type(result) is str:
        texts.append(("result", result[:1_000]))
    else:
        _add("result", result, time_ns, "", readings, rejected)
    return Message(stream, PushHead("observation"), readings, texts, rejected, time_ns)


def _add(  # noqa: PLR0917 - one reading and where it goes
    name: str, value: Any, time_ns: int | None, unit: str, readings: list[FieldReading], rejected: list[Rejected]
) -> None:
    if value is None:
        readings.append(FieldReading(name, time_ns, nan, unit, int(Quality.MISSING)))
    elif type(value) in (int, float, bool) and abs(value) < 1e308 and isfinite(value):  # noqa: PLR2004 - a float's last
        readings.append(FieldReading(name, time_ns, float(value), unit))
    else:
        rejected.append(Rejected(name, "type", f"expected a number, got {str(value)[:40]}"))


class PushDecoder:
    """Decodes the pushes of one platform."""

    is_text: ClassVar[bool] = True

    def __init__(self, read: Callable[[bytes], PushMessage], _options: CodecOptions) -> None:
        self._read = read

    def decode(self, frame: bytes) -> PushMessage:
        """Return what the push says, or raise DecodeError when it says nothing."""
        return self._read(frame)


CtwingDecoder = partial(PushDecoder, read_ctwing)
OnenetDecoder = partial(PushDecoder, read_onenet)
LifelinePushDecoder = partial(PushDecoder, read_lifeline_push)
SensorthingsDecoder = partial(PushDecoder, read_sensorthings)
