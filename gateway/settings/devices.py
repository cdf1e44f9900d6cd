"""The parts `assets` and `devices` of a site file: what the city owns, and the boxes that report of it."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping

from gateway.documents import Document, Path, Value, did_you_mean
from gateway.errors import ConfigError
from gateway.inventory import Asset, Device
from gateway.profiles import Profile, load_profile, profile_ids, read_profile
from gateway.settings.collectors import (
    KINDS,
    CollectorSettings,
    MetersSettings,
    OpcuaSettings,
    StationsSettings,
    check_meter_of,
    check_nodes_of,
    check_station_of,
)
from gateway.settings.modbus_devices import check_station, own_profile, read_writes
from gateway.settings.written import WrittenAsset, WrittenDevice, check_id

# A hint compares with every known name; a file wrong from end to end must still be answered at once.
_HINTED_FAULTS = 50
_LEAST_CLOCK_SECONDS = 60.0


def hint(document: Document, word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, unless there are too many faults to guess at each."""
    return did_you_mean(word, known) if len(document.faults) < _HINTED_FAULTS else ""


def read_assets(document: Document, value: Value) -> dict[str, Asset | None]:
    """Return the assets by id, None for one that is wrong."""
    assets: dict[str, Asset | None] = {}
    for name, part in document.mapping(("assets",), value).items():
        at = ("assets", name)
        check_id(document, at, name)
        written = document.check(at, part, WrittenAsset)
        assets[name] = None
        if written is None:
            continue
        assets[name] = Asset(
            id=name,
            kind=written.kind,
            lifeline=written.lifeline,
            name=written.name or name,
            location=written.location,
            relations={relation: tuple(others) for relation, others in written.relations.items()},
            along_metres=written.along_metres,
            wave_m_s=written.wave_m_s,
        )
        if written.location:
            _check_location(document, (*at, "location"), written.location)
    for name, asset in assets.items():
        for relation, others in asset.relations.items() if asset else ():
            for number, other in enumerate(others):
                at_other = ("assets", name, "relations", relation, number)
                if not _dangling(document, at_other, other, assets) and other == name:
                    document.fault(at_other, f"assets.{name}.relations.{relation} names the asset itself")
    return assets


def _check_location(document: Document, at: Path, location: tuple[float, float]) -> None:
    longitude, latitude = location
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):  # noqa: PLR2004 - degrees on a globe
        message = (
            f"{'.'.join(map(str, at))} must be [longitude, latitude] in degrees, got [{longitude:g}, {latitude:g}]"
        )
        document.fault(at, message, "longitude first")


def read_devices(
    document: Document,
    value: Value,
    assets: Mapping[str, Asset | None],
    collectors: Mapping[str, CollectorSettings | None],
) -> tuple[dict[str, Device | None], dict[str, float]]:
    """Return the devices by id, None for one that is wrong, and how often those report that say so themselves."""
    devices: dict[str, Device | None] = {}
    report_seconds: dict[str, float] = {}
    profiles: dict[str, Profile | None] = {}
    units: dict[tuple[str, str, int], str] = {}
    for name, part in document.mapping(("devices",), value).items():
        at = ("devices", name)
        check_id(document, at, name)
        devices[name] = None
        written = document.check(at, part, WrittenDevice)
        if written is None:
            continue
        _dangling(document, (*at, "asset"), written.asset, assets)
        _dangling(document, (*at, "collector"), written.collector, collectors)
        profile = _profile(document, (*at, "profile"), written.profile, profiles)
        if profile is None:
            continue
        _check_address(document, name, written, profile, collectors.get(written.collector))
        if written.unit is not None:
            first = units.setdefault((written.collector, written.station or "", written.unit), name)
            if first != name:
                message = f"devices.{name}.unit {written.unit} is also that of {first} on {written.collector}"
                document.fault((*at, "unit"), message)
        if written.report_seconds is not None:
            report_seconds[name] = written.report_seconds
        devices[name] = Device(
            id=name,
            profile=own_profile(document, name, written, profile),
            collector=written.collector,
            asset=written.asset,
            unit=written.unit,
            station=written.station,
            writes=read_writes(document, name, written, profile),
            clock=written.clock,
            clock_seconds=_clock_seconds(written, profile),
            latency_seconds=written.latency_seconds,
        )
    return devices, report_seconds


def _clock_seconds(written: WrittenDevice, profile: Profile) -> float:
    """Return by how much a clock may be off: means over a period are stamped with its begin by many devices."""
    if written.clock_seconds is not None:
        return written.clock_seconds
    periods = [written.report_seconds or point.report_seconds for point in profile.points.values() if not point.is_text]
    return max(_LEAST_CLOCK_SECONDS, 2.0 * min(periods, default=0.0))


def _own_profile(document: Document, name: str) -> Profile:
    """Read a profile that lies beside the site file."""
    path = pathlib.Path(document.file).parent / name
    return load_profile(path.read_bytes(), str(path))


def _profile(document: Document, at: Path, name: str, profiles: dict[str, Profile | None]) -> Profile | None:
    if name not in profiles:
        profiles[name] = None
        try:
            profiles[name] = _own_profile(document, name) if name.startswith(".") else read_profile(name)
        except OSError as error:
            profiles.pop(name)
            document.fault(at, f"{'.'.join(map(str, at))}: cannot read {name!r:.80}: {error.strerror}")
            return None
        except KeyError:
            profiles.pop(name)
            known = profile_ids()
            near = hint(document, name, known) or f"there are {', '.join(known)}"
            document.fault(at, f"{'.'.join(map(str, at))}: there is no profile {name!r:.80}", near)
            return None
        except ConfigError as error:
            document.faults.extend(error.faults)
    return profiles[name]


def _check_address(
    document: Document, name: str, written: WrittenDevice, profile: Profile, collector: CollectorSettings | None
) -> None:
    at = ("devices", name)
    if collector is not None:
        wanted = [kind for kind, known in KINDS.items() if profile.protocol in known.protocols]
        if collector.kind not in wanted:
            kinds = " or ".join(wanted)
            message = (
                f"devices.{name}: {profile.id} needs a collector of kind {kinds}, {collector.id} is {collector.kind}"
            )
            document.fault((*at, "collector"), message)
    if profile.protocol == "modbus" and written.unit is None and not document.is_faulty((*at, "unit")):
        document.fault(at, f"devices.{name}: 'unit' is missing", "the Modbus address of the device, 1-255", at_key=True)
    if collector is not None:
        check_station(document, name, written, collector)
        if isinstance(collector, StationsSettings):
            check_station_of(document, name, written.station, collector)
        if isinstance(collector, OpcuaSettings):
            check_nodes_of(document, name, collector)
        if isinstance(collector, MetersSettings):
            check_meter_of(document, name, collector)
    if profile.protocol == "json" and written.unit is not None:
        message = f"devices.{name}: 'unit' is for Modbus; an MQTT device is known by its id in the topic"
        document.fault((*at, "unit"), message, at_key=True)


def _dangling(document: Document, path: Path, word: str, known: Mapping[str, object]) -> bool:
    if word in known:
        return False
    message = f"{'.'.join(map(str, path))}: there is no {word!r:.80}"
    document.fault(path, message, hint(document, word, known))
    return True
