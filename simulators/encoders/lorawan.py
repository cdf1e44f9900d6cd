"""LoRaWAN payloads of Milesight and Decentlab, bare or in the event that a ChirpStack v4 server makes of them.

Milesight: channel(1) type(1) data, little-endian. Decentlab: version(1) device(2) flags(2) words, big-endian, the
battery's last. From the makers' user guides; a model that is not here has no encoder.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from gateway.model import SECOND
from simulators.encoders.sending import Sending
from simulators.noise import seed_of


class _Entry(NamedTuple):
    channel: int
    type: int
    layout: str
    times: int


_MILESIGHT: Mapping[str, Mapping[str, _Entry]] = {
    "em300-th": {
        "battery": _Entry(0x01, 0x75, "B", 1),
        "temperature": _Entry(0x03, 0x67, "h", 10),
        "humidity": _Entry(0x04, 0x68, "B", 2),
    },
    "em500-swl": {"battery": _Entry(0x01, 0x75, "B", 1), "depth": _Entry(0x03, 0x77, "H", 1)},
    "em500-smtc": {
        "battery": _Entry(0x01, 0x75, "B", 1),
        "temperature": _Entry(0x03, 0x67, "h", 10),
        "moisture": _Entry(0x04, 0x68, "B", 2),
        "ec": _Entry(0x05, 0x7F, "H", 1),
    },
    "em310-udl": {
        "battery": _Entry(0x01, 0x75, "B", 1),
        "distance": _Entry(0x03, 0x82, "H", 1),
        "position": _Entry(0x04, 0x00, "B", 1),
    },
    "em410-rdl": {
        "battery": _Entry(0x01, 0x75, "B", 1),
        "temperature": _Entry(0x03, 0x67, "h", 10),
        "distance": _Entry(0x04, 0x82, "h", 1),
        "position": _Entry(0x05, 0x00, "B", 1),
    },
    "gs301": {
        "battery": _Entry(0x01, 0x75, "B", 1),
        "temperature": _Entry(0x02, 0x67, "h", 10),
        "humidity": _Entry(0x03, 0x68, "B", 2),
        "nh3": _Entry(0x04, 0x7D, "H", 100),
        "h2s": _Entry(0x05, 0x7D, "H", 100),
    },
}
_TILT = "em310-tilt"
_AXES = ("x", "y", "z")
_WHEN_WRONG = frozenset({"distance_exception"})
"""Fields of messages that a device in order does not send."""
_DISTANCES = (
    "average",
    "minimum",
    "maximum",
    "median",
    "10th percentile",
    "25th percentile",
    "75th percentile",
    "90th percentile",
    "most frequent value",
)
_Told: TypeAlias = Mapping[str, float]
_DECENTLAB: Mapping[str, Callable[[_Told], list[int]]] = {
    "DL-MBX": lambda told: [_word(told, "Distance"), _word(told, "Number of valid samples")],
    "DL-CTD10": lambda told: [
        _word(told, "Water depth", offset=32_768),
        _word(told, "Temperature", 10, offset=32_768),
        _word(told, "Electrical conductivity"),
        _word(told, "Freezing flag"),
    ],
    "DL-TBRG": lambda told: [
        _word(told, "Precipitation", 10),
        600,
        round(told.get("Cumulative precipitation", 0.0) * 10) & 0xFFFF,
        round(told.get("Cumulative precipitation", 0.0) * 10) >> 16,
    ],
    "DL-LID": lambda told: [*(_word(told, f"Distance: {_nearest(told, one)}") for one in _DISTANCES), 100, 409],
    "DL-DLR2-012": lambda told: _bridge(told.get("Strain gauge", 0.0)),
    "DL-KL66": lambda told: [_word(told, "Frequency"), 32_768, _word(told, "Frequency")],
}
"""Model → the words that it sends for its fields; `DL-KL66` counts for a second."""
_BATTERY, _BATTERY_TIMES = "Battery voltage", 1000


def milesight(sending: Sending) -> bytes:
    """Return the payload of a Milesight device; ValueError for a model that is not known."""
    if sending.profile.model.lower() == _TILT:
        return _tilt(dict(sending.fields()))
    table = _MILESIGHT.get(sending.profile.model.lower())
    if table is None:
        raise ValueError(f"{sending.profile.id}: no simulated Milesight device is a {sending.profile.model!r}")
    entries = [(table[name], value) for name, value in sending.fields() if name not in _WHEN_WRONG]
    return b"".join(
        bytes([entry.channel, entry.type]) + struct.pack("<" + entry.layout, round(value * entry.times))
        for entry, value in sorted(entries)
    )


def decentlab(sending: Sending) -> bytes:
    """Return the payload of a Decentlab device; ValueError for a model that is not known."""
    words = _DECENTLAB.get(sending.profile.model)
    if words is None:
        raise ValueError(f"{sending.profile.id}: no simulated Decentlab device is a {sending.profile.model!r}")
    told = dict(sending.fields())
    sent = words(told)
    flags = 1
    if _BATTERY in told:
        flags |= 2
        sent.append(round(told[_BATTERY] * _BATTERY_TIMES))
    device = seed_of(sending.station) & 0xFFFF
    return struct.pack(f">BHH{len(sent)}H", 2, device, flags, *sent)


def _word(told: _Told, name: str, times: float = 1.0, offset: int = 0) -> int:
    return min(0xFFFF, max(0, round(told.get(name, 0.0) * times) + offset))


def _nearest(told: _Told, name: str) -> str:
    """Return the statistic itself, or the median for one that nobody asks for."""
    return name if f"Distance: {name}" in told else "median"


def _bridge(strain: float) -> list[int]:
    """Return the two words, the low one first, of a half bridge of gauge factor 2.02 at a gain of 64."""
    raw = round((strain / 1_000_000 * 2.02 / 4 * 64 + 1) * 8_388_608)
    return [raw & 0xFFFF, raw >> 16]


def _tilt(told: _Told) -> bytes:
    angles = [round(told.get(f"angle_{axis}", 0.0) * 100) for axis in _AXES]
    bits = sum(1 << at for at, axis in enumerate(_AXES) if told.get(f"threshold_{axis}"))
    return b"\x03\xcf" + struct.pack("<3hB", *angles, bits)


def chirpstack(sending: Sending, payload: bytes) -> bytes:
    """Return the uplink event of a ChirpStack v4 server around a device's own payload."""
    moment = datetime.fromtimestamp(sending.time_ns // SECOND, UTC)
    event = {
        "deduplicationId": f"{seed_of(sending.station, str(sending.sequence)):032x}",
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{sending.time_ns % SECOND // 1_000_000:03d}+00:00",
        "deviceInfo": {
            "deviceName": sending.station,
            "devEui": sending.station,
            "deviceProfileName": sending.profile.model,
        },
        "devAddr": "00189440",
        "fCnt": sending.sequence,
        "fPort": 85,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -92, "snr": 8.5}],
    }
    return json.dumps(event, separators=(",", ":")).encode()
