"""LoRaWAN payloads of Milesight and Decentlab, bare or in the event that a ChirpStack v4 server makes of them.

Milesight: channel(1) type(1) data, little-endian. Decentlab: version(1) device(2) flags(2) words, big-endian, the
battery's last. From the makers' user guides; a model that is not here has no encoder.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

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
    "em310-udl": {"battery": _Entry(0x01, 0x75, "B", 1), "distance": _Entry(0x03, 0x82, "H", 1)},
}
_DECENTLAB: Mapping[str, tuple[tuple[str, float, int], ...]] = {
    "DL-MBX": (("Distance", 1, 0), ("Number of valid samples", 1, 0)),
    "DL-CTD10": (
        ("Water depth", 1, 32_768),
        ("Temperature", 10, 32_768),
        ("Electrical conductivity", 1, 0),
        ("Freezing flag", 1, 0),
    ),
}
"""Model → (name, times, offset) of each word."""
_BATTERY, _BATTERY_TIMES = "Battery voltage", 1000


def milesight(sending: Sending) -> bytes:
    """Return the payload of a Milesight device; ValueError for a model that is not known."""
    table = _MILESIGHT.get(sending.profile.model.lower())
    if table is None:
        raise ValueError(f"{sending.profile.id}: no simulated Milesight device is a {sending.profile.model!r}")
    entries = [(table[name], value) for name, value in sending.fields()]
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
    sent = [round(told.get(name, 0.0) * times) + offset for name, times, offset in words]
    flags = 1
    if _BATTERY in told:
        flags |= 2
        sent.append(round(told[_BATTERY] * _BATTERY_TIMES))
    device = seed_of(sending.station) & 0xFFFF
    return struct.pack(f">BHH{len(sent)}H", 2, device, flags, *sent)


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
