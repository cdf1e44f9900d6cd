"""Decentlab's LoRaWAN payloads, protocol version 2, to readings under the maker's own names.

    version(1) = 2 | device(2) | flags(2) | words(2 each), big-endian; flag bit n: the words of block n follow

The payload does not say its model, and each model means its words otherwise: without one, only the battery, which is
always the last block, is read. A model is written as its maker does, with the constants of the single unit behind it:
`DL-KL66,f0=15383.72,k=46.4859`. Formulas: decentlab/decentlab-decoders @ae766f0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, NamedTuple, TypeAlias

from gateway.codecs.contract import CodecOptions, FieldReading, Message, Rejected
from gateway.errors import DecodeError

_HEAD_BYTES = 5
_VERSION = 2
_BATTERY_BIT = 2
_ZERO = 32_768

_Words: TypeAlias = Sequence[int]
_Constants: TypeAlias = Mapping[str, float]


class _Value(NamedTuple):
    name: str
    unit: str
    of: Callable[[_Words, _Constants], float]
    needs: tuple[str, ...] = ()


class _Model(NamedTuple):
    words: int
    values: tuple[_Value, ...]


@dataclass(frozen=True, slots=True)
class DecentlabHead:
    """What a payload says of itself."""

    device: int
    has_battery: bool


def _plain(name: str, unit: str, word: int, scale: float = 1.0) -> _Value:
    return _Value(name, unit, lambda x, _: x[word] * scale)


def _signed(name: str, unit: str, word: int, divisor: float = 1.0) -> _Value:
    return _Value(name, unit, lambda x, _: (x[word] - _ZERO) / divisor)


def _divided(name: str, unit: str, word: int, divisor: float) -> _Value:
    return _Value(name, unit, lambda x, _: x[word] / divisor)


def _hertz(x: _Words) -> float:
    return x[0] / x[1] * 32_768


def _grams(x: _Words, unit: _Constants) -> float:
    return float((_hertz(x) ** 2 - unit["f0"] ** 2) * unit["k"] / 1_000_000)


def _micrometres(x: _Words, unit: _Constants) -> float:
    return _grams(x, unit) * -1.5 / 1_000 * 9.8067


def _permittivity(x: _Words, _: _Constants) -> float:
    raw = x[0] / 10
    return float((2.887e-9 * raw**3 - 2.08e-5 * raw**2 + 0.05276 * raw - 43.39) ** 2)


def _strain(x: _Words, _: _Constants) -> float:
    return ((x[0] + x[1] * 65_536) / 8_388_608 - 1) / 64 * 4 / 2.02 * 1_000_000


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
_OWN = ("f0", "k")

MODELS: Mapping[str, _Model] = {
    "DL-CTD10": _Model(4, (
        _signed("Water depth", "mm", 0), _signed("Temperature", "Cel", 1, 10),
        _plain("Electrical conductivity", "uS/cm", 2), _plain("Freezing flag", "1", 3),
    )),
    "DL-CWS": _Model(6, (
        _signed("Surface temperature", "Cel", 0, 100), _signed("Air temperature", "Cel", 1, 100),
        _signed("Air humidity", "%", 2, 100), _signed("Dew point", "Cel", 3, 100), _signed("Angle", "deg", 4),
        _signed("Sensor temperature", "Cel", 5, 100),
    )),
    "DL-DLR2-012": _Model(2, (_Value("Strain gauge", "um/m", _strain),)),
    "DL-KL66": _Model(3, (
        _plain("Counter reading", "1", 0), _divided("Measurement interval", "s", 1, 32_768),
        _Value("Frequency", "Hz", lambda x, _: _hertz(x)),
        _Value("Weight", "g", _grams, _OWN), _Value("Elongation", "um", _micrometres, _OWN),
        _Value("Strain", "um/m", lambda x, unit: _micrometres(x, unit) / 0.066, _OWN),
    )),
    "DL-LID": _Model(11, (
        *(_plain(f"Distance: {word}", "mm", at) for at, word in enumerate(_DISTANCES)),
        _plain("Number of samples", "1", 9), _divided("Total acquisition time", "ms", 10, 1.024),
    )),
    "DL-MBX": _Model(2, (_plain("Distance", "mm", 0), _plain("Number of valid samples", "1", 1))),
    "DL-NTU": _Model(5, (
        _plain("Status", "1", 0), _signed("Temperature", "Cel", 1, 100), _divided("Turbidity in NTU", "{NTU}", 2, 10),
        _divided("Turbidity in FNU", "{FNU}", 3, 10), _divided("Turbidity in mg/L", "mg/L", 4, 10),
    )),
    "DL-PHEHT": _Model(5, (
        _plain("Status", "1", 0), _signed("Temperature", "Cel", 1, 100), _signed("pH", "[pH]", 2, 100),
        _signed("Redox", "mV", 3, 10), _signed("pH-mV", "mV", 4, 10),
    )),
    "DL-PR36": _Model(2, (
        _Value("Pressure", "bar", lambda x, unit: (x[0] - _ZERO) / unit["kp"], ("kp",)),
        _signed("Temperature", "Cel", 1, 256),
    )),
    "DL-SMTP": _Model(16, tuple(
        value for depth in range(8) for value in (
            _Value(f"Soil moisture at depth {depth}", "1", lambda x, _, at=2 * depth: (x[at] - 2_500) / 500),  # type: ignore[misc] # bound now
            _signed(f"Soil temperature at depth {depth}", "Cel", 2 * depth + 1, 100),
        )
    )),
    "DL-TBRG": _Model(4, (
        _plain("Precipitation", "mm", 0, 0.1), _plain("Precipitation interval", "s", 1),
        _Value("Cumulative precipitation", "mm", lambda x, _: (x[2] + x[3] * 65_536) * 0.1),
    )),
    "DL-TRS12": _Model(3, (
        _Value("Dielectric permittivity", "1", _permittivity),
        _Value("Volumetric water content", "m3/m3", lambda x, _: x[0] / 10 * 0.0003879 - 0.6956),
        _signed("Soil temperature", "Cel", 1, 10), _plain("Electrical conductivity", "uS/cm", 2),
    )),
}  # fmt: skip
"""Model → the words of its first block, and what they mean."""


class DecentlabDecoder:
    """Decodes the payloads of one model."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        name, *constants = options.model.split(",")
        self._model = MODELS.get(name.strip().upper())
        self._constants = dict(_constant(written) for written in constants)

    def decode(self, frame: bytes) -> Message[DecentlabHead]:
        """Return what the payload says, or raise DecodeError when it says nothing."""
        if len(frame) < _HEAD_BYTES or len(frame) % 2 == 0:
            raise DecodeError("length", f"{len(frame)} bytes")
        if frame[0] != _VERSION:
            raise DecodeError("version", f"{frame[0]}, not {_VERSION}")
        device, flags = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
        words = [int.from_bytes(frame[at : at + 2]) for at in range(_HEAD_BYTES, len(frame), 2)]
        has_battery, has_values = bool(flags & _BATTERY_BIT), bool(flags & 1)
        if flags & ~3 or len(words) < has_battery + has_values:
            raise DecodeError("flags", f"{flags:#06x} with {len(words)} words")
        readings: list[FieldReading] = []
        rejected: list[Rejected] = []
        block = words[: len(words) - has_battery]
        if has_values and self._model is not None:
            if len(block) != self._model.words:
                raise DecodeError("length", f"{len(block)} words, {self._model.words} are due; is it another model?")
            self._read(self._model, block, readings, rejected)
        elif has_values:
            rejected.append(Rejected("payload", "model", f"{len(block)} words mean something to their model alone"))
        elif block:
            raise DecodeError("length", f"{len(block)} words without a flag")
        if has_battery:
            readings.append(FieldReading("Battery voltage", None, words[-1] / 1_000, "V"))
        return Message(str(device), DecentlabHead(device, has_battery), readings, [], rejected, None)

    def _read(self, model: _Model, block: _Words, readings: list[FieldReading], rejected: list[Rejected]) -> None:
        for value in model.values:
            if missing := [name for name in value.needs if name not in self._constants]:
                rejected.append(Rejected(value.name, "constants", f"needs {', '.join(missing)} of this unit"))
                continue
            try:
                number = float(value.of(block, self._constants))
            except (ZeroDivisionError, OverflowError) as error:
                rejected.append(Rejected(value.name, "overflow", str(error)))
                continue
            if isfinite(number):
                readings.append(FieldReading(value.name, None, number, value.unit))


def _constant(written: str) -> tuple[str, float]:
    name, _, number = written.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        return name.strip(), float("nan")
