"""What a site file may say of single Modbus devices: constants, station, rates of polling, and what may be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.documents import Document, Path, did_you_mean
from gateway.inventory import Device, WriteRule
from gateway.profiles import Point, Profile, RegisterPlace
from gateway.settings.collectors import CollectorSettings, ModbusServerSettings
from gateway.settings.written import WrittenChannel, WrittenDevice

_WRITABLE = ("holding", "coil")


def own_profile(document: Document, name: str, written: WrittenDevice, profile: Profile) -> Profile:
    """Return the profile with the constants of this unit."""
    try:
        return profile.calibrated(written.calibration)
    except ValueError as error:
        hint = f"devices.{name}.calibration: {{point: {{constant: number}}}}, from the unit's certificate"
        document.fault(("devices", name, "calibration"), f"devices.{name}: {error}", hint, at_key=True)
        return profile


def check_station(document: Document, name: str, written: WrittenDevice, collector: CollectorSettings) -> None:
    """Add a fault when a device behind stations that dial in does not name one of them."""
    if not isinstance(collector, ModbusServerSettings):
        return
    at: Path = ("devices", name, "station")
    if written.station is None:
        document.fault(at, f"devices.{name}: 'station' is missing", "the station of the collector it sits behind")
    elif written.station not in collector.stations:
        message = f"devices.{name}.station: {collector.id} has no station {written.station!r:.60}"
        document.fault(at, message, did_you_mean(written.station, collector.stations))


def read_writes(document: Document, name: str, written: WrittenDevice, profile: Profile) -> dict[str, WriteRule]:
    """Return what may be written to a device."""
    rules: dict[str, WriteRule] = {}
    known = writable(profile)
    for point, rule in written.writes.items():
        at: Path = ("devices", name, "writes", point)
        where = f"devices.{name}.writes.{point}"
        if point not in known:
            document.fault(at, f"{where}: {profile.id} has nothing to write of that name", did_you_mean(point, known))
        if (rule.values is None) == (rule.range is None):
            document.fault(at, f"{where} must have 'values' or 'range'", at_key=True)
        if rule.range and not rule.range[0] <= rule.range[1]:
            document.fault((*at, "range"), f"{where}.range must go from low to high")
        rules[point] = WriteRule(tuple(rule.values or ()), rule.range, rule.role)
    return rules


def writable(profile: Profile) -> list[str]:
    """Return what could be written to a device of a profile, if a site allowed it."""
    names = list(profile.modbus.commands)
    names += [point.name for point in profile.points.values() if _is_writable(point)]
    if profile.modbus.warm_up is not None and profile.modbus.warm_up.value is not None:
        names.append("warm_up")
    return names


def with_polling(device: Device, overrides: Mapping[str, WrittenChannel]) -> Device:
    """Return a device whose points are polled as its channels say."""
    points = dict(device.profile.points)
    for name, point in points.items():
        own = overrides.get(f"{device.asset}.{device.id}.{name}")
        if own is None or not own.model_fields_set & {"poll", "fast_above", "fast_below"}:
            continue
        points[name] = replace(
            point,
            poll=own.poll or point.poll,
            fast_above=point.fast_above if own.fast_above is None else own.fast_above,
            fast_below=point.fast_below if own.fast_below is None else own.fast_below,
        )
    return (
        replace(device, profile=replace(device.profile, points=points)) if points != device.profile.points else device
    )


def _is_writable(point: Point) -> bool:
    place = point.place
    return (
        isinstance(place, RegisterPlace)
        and place.kind in _WRITABLE
        and not (point.is_text or place.bits or place.parts or point.calibration)
    )
