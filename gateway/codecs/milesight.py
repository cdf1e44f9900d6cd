"""Milesight's LoRaWAN payloads to readings under the maker's own names.

    channel(1) type(1) data, little-endian, as often as there are values; 20 CE: an earlier value with its time

A channel and type mean another thing on another model. Without a model only those are read that mean the same on all
models known here. States are numbers: 1 is tilt, leak, open, on, triggered.
Source: Milesight-IoT/SensorDecoders @e79c9d8.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import ClassVar, NamedTuple, TypeAlias

from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected
from gateway.errors import DecodeError
from gateway.model import SECOND, Flag, Quality

_BACKFILL, _SENTINEL, _MISSING = int(Flag.BACKFILL), int(Flag.SENTINEL), int(Quality.MISSING)
_NB_START, _NB_HEAD_BYTES, _NB_LENGTH_END = 2, 86, 5
_HISTORY = (0x20, 0xCE)


class _Field(NamedTuple):
    name: str
    unit: str = "1"
    divisor: float = 1.0
    sentinels: tuple[int, ...] = ()
    mask: int | None = None
    """Only these bits, as 1 when any is set."""


class _Entry(NamedTuple):
    layout: str
    """As `struct` writes it; little-endian."""
    fields: tuple[_Field | None, ...]
    """One for each number of the layout; None is passed over."""
    kind: str = ""


_Channel: TypeAlias = tuple[int, int]
_Table: TypeAlias = Mapping[_Channel, _Entry]


def _one(layout: str, name: str, unit: str = "1", divisor: float = 1.0, sentinels: tuple[int, ...] = ()) -> _Entry:
    return _Entry(layout, (_Field(name, unit, divisor, sentinels),))


def _four(name: str, unit: str) -> _Entry:
    # The maker's own example has this order, though its maximum is below its minimum.
    return _Entry("4e", tuple(_Field(name + part, unit) for part in ("", "_max", "_min", "_avg")))


_TEMPERATURE = _one("h", "temperature", "Cel", 10)
_HUMIDITY = _one("B", "humidity", "%", 2)
_BATTERY = {(0x01, 0x75): _one("B", "battery", "%")}
_AIR = _BATTERY | {(0x03, 0x67): _TEMPERATURE, (0x04, 0x68): _HUMIDITY}
_LEAK = {(0x05, 0x00): _one("B", "leakage_status")}
_PULSE = {(0x05, 0xC8): _one("I", "pulse")}
_AIR_HISTORY = (_Field("temperature", "Cel", 10), _Field("humidity", "%", 2))
_LEAK_HISTORY = {_HISTORY: _Entry("IhBB", (None, *_AIR_HISTORY, _Field("leakage_status")), "history")}
_GAS_SENTINELS = (0xFFFE, 0xFFFF)
_EM400 = _BATTERY | {
    (0x03, 0x67): _TEMPERATURE,
    (0x04, 0x82): _one("H", "distance", "mm"),
    (0x05, 0x00): _one("B", "position"),
    (0x83, 0x67): _Entry("hB", (_Field("temperature", "Cel", 10), _Field("temperature_alarm"))),
    (0x84, 0x82): _Entry("HB", (_Field("distance", "mm"), _Field("distance_alarm"))),
}
_AXES = ("x", "y", "z")

MODELS: Mapping[str, _Table] = {
    "em500-swl": _BATTERY | {(0x03, 0x77): _one("H", "depth", "cm")},
    "em310-tilt": _BATTERY | {
        (0x03, 0xCF): _Entry("3hB", (*(_Field(f"angle_{axis}", "deg", 100) for axis in _AXES), None), "tilt bits"),
    },
    "em320-tilt": _BATTERY | {(0x03, 0xD4): _Entry("3h", (None, None, None), "tilt low bit")},
    "em500-smtc": _BATTERY | {
        (0x03, 0x67): _TEMPERATURE, (0x04, 0x68): _one("B", "moisture", "%", 2),
        (0x05, 0x7F): _one("H", "ec", "uS/cm"),
    },
    "em310-udl": _BATTERY | {(0x03, 0x82): _one("H", "distance", "mm"), (0x04, 0x00): _one("B", "position")},
    "em410-rdl": _BATTERY | {
        (0x03, 0x67): _TEMPERATURE,
        (0x04, 0x82): _one("h", "distance", "mm"),
        (0x05, 0x00): _one("B", "position"),
        (0x84, 0x82): _Entry("hB", (_Field("distance", "mm"), _Field("distance_alarm"))),
        (0x94, 0x82): _Entry("hhB", (_Field("distance", "mm"), None, _Field("distance_alarm"))),
        # 0 release, 1 in the blind zone, 2 no target, 3 the sensor is broken: what it then calls a distance is none.
        (0xB4, 0x82): _Entry("hB", (None, _Field("distance_exception"))),
    },
    "em400-mud": _EM400,
    "em400-udl": _EM400,
    "em300-sld": _AIR | _LEAK | _LEAK_HISTORY,
    "em300-zld": _AIR | _LEAK | _LEAK_HISTORY,
    "em300-mld": _BATTERY | _LEAK,
    "em300-th": _AIR | {_HISTORY: _Entry("IhB", (None, *_AIR_HISTORY), "history")},
    "em300-di": _AIR | _PULSE | {
        _HISTORY: _Entry("IhBBBI", (None, *_AIR_HISTORY, None, None, None), "history pulse"),
    },
    "em500-pt100": _BATTERY | {(0x03, 0x67): _TEMPERATURE},
    "gs301": _BATTERY | {
        (0x02, 0x67): _TEMPERATURE, (0x03, 0x68): _HUMIDITY,
        (0x04, 0x7D): _one("H", "nh3", "[ppm]", 100, _GAS_SENTINELS),
        (0x05, 0x7D): _one("H", "h2s", "[ppm]", 100, _GAS_SENTINELS),
        (0x06, 0x7D): _one("H", "h2s", "[ppm]", 1_000, _GAS_SENTINELS),
    },
    "uc511": _BATTERY | {
        (0x03, 0x01): _one("B", "valve_1"), (0x05, 0x01): _one("B", "valve_2"),
        (0x04, 0xC8): _one("I", "valve_1_pulse"), (0x06, 0xC8): _one("I", "valve_2_pulse"),
        _HISTORY: _Entry("IBI", (None, None, None), "history valve"),
    },
    "uc300": {
        (0x03, 0xC8): _one("I", "gpio_counter_1"), (0x04, 0xC8): _one("I", "gpio_counter_2"),
        (0x05, 0xC8): _one("I", "gpio_counter_3"), (0x06, 0xC8): _one("I", "gpio_counter_4"),
        **{(at + 2, 0x00): _one("B", f"gpio_input_{at}") for at in range(1, 5)},
        (0x07, 0x01): _one("B", "gpio_output_1"), (0x08, 0x01): _one("B", "gpio_output_2"),
        (0x09, 0x67): _one("h", "pt100_1", "Cel", 10), (0x0A, 0x67): _one("h", "pt100_2", "Cel", 10),
        (0x0B, 0xE2): _four("adc_1", "mA"), (0x0C, 0xE2): _four("adc_2", "mA"),
        (0x0D, 0xE2): _four("adv_1", "V"), (0x0E, 0xE2): _four("adv_2", "V"),
    },
}  # fmt: skip
"""Model → channel and type → what follows."""

_ABOUT: Mapping[_Channel, tuple[int, str]] = {
    (0xFF, 0x01): (1, "ipso_version"), (0xFF, 0x09): (2, "hardware_version"), (0xFF, 0x0A): (2, "firmware_version"),
    (0xFF, 0x0B): (1, ""), (0xFF, 0x0F): (1, ""), (0xFF, 0x16): (8, "sn"), (0xFF, 0xFE): (1, ""),
    (0xFF, 0xFF): (2, ""),
}  # fmt: skip
"""What devices say of themselves when they join: bytes, and the text's name."""


def _same_on_all() -> _Table:
    met: dict[_Channel, set[_Entry]] = {}
    for table in MODELS.values():
        for channel, entry in table.items():
            met.setdefault(channel, set()).add(entry)
    return {channel: entries.pop() for channel, entries in met.items() if len(entries) == 1}


_ANY = _same_on_all()


@dataclass(frozen=True, slots=True)
class MilesightHead:
    """What a payload says of itself; `csq` is the signal of an NB-IoT model."""

    csq: int | None = None


class MilesightDecoder:
    """Decodes the payloads of one model."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._table = MODELS.get(options.model.strip().lower(), _ANY)

    def decode(self, frame: bytes) -> Message[MilesightHead]:
        """Return what the payload says, or raise DecodeError when it says nothing."""
        said = _Said([], [], [])
        station, head = "", MilesightHead()
        if (
            len(frame) >= _NB_HEAD_BYTES
            and frame[0] == _NB_START
            and _NB_LENGTH_END + int.from_bytes(frame[3:5]) == len(frame)
        ):
            station, head, frame = _nb_head(frame, said)
        at = 0
        while at + 2 <= len(frame):
            channel = (frame[at], frame[at + 1])
            size = self._entry(channel, frame, at + 2, said)
            if size is None:
                # Nobody knows how long it is, so nothing behind it can be read either.
                where = f"{channel[0]:02X} {channel[1]:02X} at byte {at}"
                said.rejected.append(Rejected("payload", "channel", f"{where} is unknown, or needs the model"))
                break
            at += 2 + size
        else:
            if at != len(frame):
                said.rejected.append(Rejected("payload", "length", "one byte too many"))
        if not (said.readings or said.texts):
            reason, detail = (said.rejected[0].reason, said.rejected[0].detail) if said.rejected else ("empty", "")
            raise DecodeError(reason, detail)
        return Message(station, head, said.readings, said.texts, said.rejected, None)

    def _entry(self, channel: _Channel, frame: bytes, at: int, said: _Said) -> int | None:
        if channel in _ABOUT:
            size, name = _ABOUT[channel]
            if at + size > len(frame):
                return None
            if name:
                said.texts.append((name, frame[at : at + size].hex()))
            return size
        entry = self._table.get(channel)
        if entry is None:
            return None
        layout = struct.Struct(f"<{entry.layout}")
        if at + layout.size > len(frame):
            return None
        numbers = layout.unpack_from(frame, at)
        time_ns = numbers[0] * SECOND if entry.kind.startswith("history") else None
        for field, number in zip(entry.fields, numbers, strict=True):
            if field is not None:
                said.add(field, number, time_ns)
        said.add_bits(entry.kind, numbers, time_ns)
        return layout.size


@dataclass(frozen=True, slots=True)
class _Said:
    readings: list[FieldReading]
    texts: list[tuple[str, str]]
    rejected: list[Rejected]

    def add(self, field: _Field, number: float, time_ns: int | None) -> None:
        flags = _BACKFILL if time_ns is not None else 0
        if number in field.sentinels:
            self.readings.append(FieldReading(field.name, time_ns, nan, field.unit, _MISSING, flags | _SENTINEL))
        elif isfinite(number):
            self.readings.append(FieldReading(field.name, time_ns, number / field.divisor, field.unit, 1, flags))
        else:
            self.rejected.append(Rejected(field.name, "value", "no number"))

    def add_bits(self, kind: str, numbers: tuple[int, ...], time_ns: int | None) -> None:
        if kind == "tilt bits":
            for bit, axis in enumerate(_AXES):
                self.add(_Field(f"threshold_{axis}"), numbers[3] >> bit & 1, None)
        elif kind == "tilt low bit":
            # The lowest bit is the state, the others the angle.
            for number, axis in zip(numbers, _AXES, strict=True):
                self.add(_Field(f"angle_{axis}", "deg", 100), number >> 1, None)
            for number, axis in zip(numbers, _AXES, strict=True):
                self.add(_Field(f"threshold_{axis}"), number & 1, None)
        elif kind == "history pulse":
            _, _, _, mode, gpio, pulse = numbers
            self.add(_Field("pulse") if mode == 2 else _Field("gpio"), pulse if mode == 2 else gpio, time_ns)  # noqa: PLR2004 - 2 counts
        elif kind == "history valve":
            _, state, pulse = numbers
            valve = f"valve_{1 + (state >> 4 & 1)}"
            self.add(_Field(valve), state & 1, time_ns)
            if state & 2:
                self.add(_Field(f"gpio{valve[5:]}"), state >> 2 & 1, time_ns)
            else:
                self.add(_Field(f"{valve}_pulse"), pulse, time_ns)


def _nb_head(frame: bytes, said: _Said) -> tuple[str, MilesightHead, bytes]:
    """Read the head of an NB-IoT payload.

    02 | id(2) | length(2) | flag | frame count(2) | version | firmware(4) | hardware(4) | serial(16) | IMEI(15) |
    IMSI(15) | ICCID(20) | signal | data length(2), big-endian
    """
    at = 9
    texts = []
    for name, size in (("firmware", 4), ("hardware", 4), ("sn", 16), ("imei", 15), ("imsi", 15), ("iccid", 20)):
        texts.append((name, frame[at : at + size].decode("ascii", "replace").strip("\0")))
        at += size
    size = int.from_bytes(frame[at + 1 : at + 3])
    data = frame[at + 3 : at + 3 + size]
    if len(data) != size:
        raise DecodeError("length", f"{len(data)} bytes of data, {size} are due")
    said.texts.extend(texts)
    return dict(texts)["imei"], MilesightHead(frame[at]), data
