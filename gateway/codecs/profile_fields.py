"""What a frame says in its protocol's words, to readings of a profile's points. Knows no protocol.

A point's path is the field's name as `lifeline decode` shows it, e.g. `w01018-Rtd` or `Z`; a second key picks a bit
of a status word, 0 the lowest: `path: [ZT, "1"]`.

Where each frame says the unit of its values (a meter that counts litres, a station in m3/h), that unit counts, not the
profile's: else a value would be wrong and look good.
"""

from __future__ import annotations

from math import isfinite, nan
from typing import Any, NamedTuple

from gateway.codecs.contract import Decoded, FieldReading, Message, Rejected
from gateway.model import Flag, Quality, Reading
from gateway.profiles import FieldPlace, Point, Profile
from gateway.units import QUANTITIES

_MISSING, _SENTINEL = int(Quality.MISSING), int(Flag.SENTINEL)
_MOST_BITS = 64
_UNIT_IN_FRAME = frozenset({"cjt188", "szy206"})


class _Target(NamedTuple):
    name: str
    bit: int | None
    scale: float
    offset: float
    factor: float
    shift: float
    sentinels: frozenset[float]
    unit: str
    quantity: str
    polynomial: tuple[float, float, float, float] | None
    """c0..c3 of the unit's calibration."""


class FieldMapper:
    """Maps the messages of one device model."""

    def __init__(self, profile: Profile) -> None:
        self._targets: dict[str, list[_Target]] = {}
        self._texts: dict[str, list[str]] = {}
        self._is_unit_in_frame = profile.protocol in _UNIT_IN_FRAME
        for point in profile.points.values():
            if not isinstance(point.place, FieldPlace) or not point.place.path:
                continue
            field, *rest = point.place.path
            if point.is_text:
                self._texts.setdefault(field, []).append(point.name)
            else:
                self._targets.setdefault(field, []).append(_target(point, rest))

    def __call__(self, message: Message[Any]) -> Decoded:
        """Return what the message says of the profile's points; fields that no point names are left out."""
        readings: list[Reading] = []
        rejected = [one for one in message.rejected if one.point in self._targets or one.point in self._texts]
        for said in message.readings:
            for target in self._targets.get(said.field, ()):
                if self._is_unit_in_frame and said.unit and target.unit and said.unit != target.unit:
                    reading = _reading_in(said.unit, target, said)
                else:
                    reading = _reading(target, said)
                if isinstance(reading, Reading):
                    readings.append(reading)
                else:
                    rejected.append(reading)
        texts = [(name, text) for field, text in message.texts for name in self._texts.get(field, ())]
        return Decoded(readings, texts, rejected, message.time_ns)


def _target(point: Point, rest: list[str]) -> _Target:
    bit = int(rest[0]) if rest and rest[0].isdecimal() and int(rest[0]) < _MOST_BITS else None
    sentinels = frozenset(point.sentinels)
    polynomial = point.calibration.coefficients() if point.calibration else None
    return _Target(
        name=point.name,
        bit=bit,
        scale=point.scale,
        offset=point.offset,
        factor=point.factor,
        shift=point.shift,
        sentinels=sentinels,
        unit=point.unit,
        quantity=point.quantity,
        polynomial=polynomial,
    )


def _reading_in(unit: str, target: _Target, said: FieldReading) -> Reading | Rejected:
    try:
        factor, shift = QUANTITIES[target.quantity].from_unit(unit)
    except (KeyError, ValueError):
        return Rejected(target.name, "unit", f"{unit}, which is no unit of {target.quantity}")
    return _reading(target._replace(factor=factor, shift=shift), said)


def _reading(target: _Target, said: FieldReading) -> Reading | Rejected:
    if said.quality == _MISSING:
        return Reading(target.name, said.time_ns, nan, _MISSING, said.flags)
    raw = said.value
    if target.bit is not None:
        if raw < 0 or raw != int(raw):
            return Rejected(target.name, "type", f"no bits in {raw:g}")
        raw = float(int(raw) >> target.bit & 1)
    elif raw in target.sentinels:
        return Reading(target.name, said.time_ns, nan, _MISSING, said.flags | _SENTINEL)
    value = raw * target.scale + target.offset
    if target.polynomial is not None:
        c0, c1, c2, c3 = target.polynomial
        value = c0 + value * (c1 + value * (c2 + value * c3))
    value = value * target.factor + target.shift
    if not isfinite(value):
        return Rejected(target.name, "overflow", "beyond a float")
    return Reading(target.name, said.time_ns, value, said.quality, said.flags)
