"""Device profiles from their YAML files. What a profile says is checked here; its frames are proved by the tests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import resources

from gateway.documents import Document, did_you_mean, read_document
from gateway.errors import ConfigError, Fault
from gateway.model import SECOND
from gateway.profiles.modbus_part import calibration, modbus_hints, register_place
from gateway.profiles.payload_part import packed_place, samples_of
from gateway.profiles.profile import TEXT_PROTOCOLS, TREE_PROTOCOLS, FieldPlace, Frame, PackedPlace, Point, Profile
from gateway.profiles.registers import Counter, ModbusHints, RegisterPlace
from gateway.profiles.written import WrittenFrame, WrittenPoint, WrittenProfile
from gateway.profiles.written_registers import WrittenSentinel
from gateway.units import QUANTITIES, UNITS

_PLACES = {"path": "path", "register": "register_", "packed": "packed"}
LIFELINES = ("gas", "water", "drainage", "heating", "bridge", "tunnel", "utility_tunnel", "slope", "road")
"""The lifelines of a city; a profile lies in the folder of its lifeline."""


def load_profile(text: str | bytes, file: str) -> Profile:
    """Read one profile; ConfigError with every fault when it is wrong."""
    document = read_document(text, file)
    written = document.check((), document.value, WrittenProfile)
    if written is None:
        raise ConfigError(document.faults)
    points = {name: _point(document, name, point, written.protocol) for name, point in written.points.items()}
    frames = tuple(_frame(document, number, frame, points, written) for number, frame in enumerate(written.frames))
    _check_whole(document, written, file)
    modbus = modbus_hints(document, written.modbus, points) if written.modbus else ModbusHints()
    document.raise_faults()
    return Profile(
        id=written.id,
        title=written.title,
        lifeline=written.lifeline,
        protocol=written.protocol,
        source=written.source,
        points=points,
        frames=frames,
        time_path=_path(written.time.path) if written.time else None,
        time_format=written.time.format if written.time else "ms",
        max_gap_registers=written.max_gap_registers,
        max_block_registers=written.max_block_registers,
        modbus=modbus,
        model=written.model,
    )


def profile_ids() -> list[str]:
    """Return the ids of all profiles that the package brings."""
    root = resources.files("device_profiles")
    return sorted(
        f"{folder.name}/{file.name.removesuffix('.yaml')}"
        for folder in root.iterdir()
        if folder.name in LIFELINES
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    )


def read_profile(profile_id: str) -> Profile:
    """Return one profile of the package; KeyError when there is none of that id."""
    lifeline, _, model = profile_id.partition("/")
    file = resources.files("device_profiles") / lifeline / f"{model}.yaml"
    if lifeline not in LIFELINES or not model.replace("_", "").isalnum() or not file.is_file():
        raise KeyError(profile_id)
    return load_profile(file.read_bytes(), f"device_profiles/{profile_id}.yaml")


def load_profiles() -> dict[str, Profile]:
    """Return every profile of the package by its id; ConfigError with the faults of all files."""
    profiles: dict[str, Profile] = {}
    faults: list[Fault] = []
    for profile_id in profile_ids():
        try:
            profiles[profile_id] = read_profile(profile_id)
        except ConfigError as error:
            faults.extend(error.faults)
    if faults:
        raise ConfigError(faults)
    return profiles


def _path(written: str | list[str]) -> tuple[str, ...]:
    return tuple(written.split(".")) if isinstance(written, str) else tuple(written)


def _point(document: Document, name: str, written: WrittenPoint, protocol: str) -> Point:
    at = ("points", name)
    if not name.replace("_", "").isalnum() or name != name.lower():
        document.fault(at, f"point {name!r} must be lower-case letters, digits and _", at_key=True)
    place = _place(document, name, written, protocol)
    factor, shift = (1.0, 0.0) if written.is_text else _conversion(document, name, written)
    if written.span and not written.span[0] < written.span[1]:
        document.fault(
            (*at, "span"),
            f"points.{name}.span must go from low to high, got [{written.span[0]:g}, {written.span[1]:g}]",
        )
    _check_reading(document, at, name, written, protocol)
    named = [each for each in written.sentinels if isinstance(each, WrittenSentinel)]
    return Point(
        name=name,
        quantity=written.quantity,
        unit=written.unit,
        place=place,
        scale=written.scale,
        offset=written.offset,
        factor=factor,
        shift=shift,
        sentinels=tuple(each.value if isinstance(each, WrittenSentinel) else each for each in written.sentinels),
        span=written.span,
        span_tolerance=written.span_tolerance,
        spike_limit=written.spike_limit,
        rate_limit=written.rate_limit,
        report_seconds=written.report_seconds,
        stuck_seconds=written.stuck_seconds,
        importance=written.importance,
        title=written.title or (QUANTITIES[written.quantity].zh if written.quantity in QUANTITIES else name),
        is_text=written.is_text,
        meanings={each.value: each.means for each in named},
        calibration=calibration(document, (*at, "calibration"), written.calibration),
        counter=Counter(written.counter.rollover, written.counter.reset_below) if written.counter else None,
        poll=written.poll,
        fast_above=written.fast_above,
        fast_below=written.fast_below,
        is_alone=written.is_alone,
        from_text=written.from_text,
        samples=samples_of(document, at, written.samples, protocol),
    )


def _place(
    document: Document, name: str, written: WrittenPoint, protocol: str
) -> RegisterPlace | FieldPlace | PackedPlace:
    at = ("points", name)
    given = [key for key in ("path", "register", "packed") if getattr(written, _PLACES[key])]
    wanted = protocol if protocol == "packed" else "register" if protocol == "modbus" else "path"
    if given != [wanted]:
        other = next((key for key in given if key != wanted), "path" if wanted != "path" else "register")
        words = f"must have {wanted!r} and no {other!r}, for its protocol is {protocol}"
        document.fault(at, f"points.{name} {words}", at_key=True)
        return FieldPlace(())
    if written.register_:
        return register_place(document, (*at, "register"), written.register_)
    if written.packed:
        return packed_place(document, (*at, "packed"), written.packed)
    return FieldPlace(_path(written.path or ""))


def _check_reading(
    document: Document, at: tuple[str | int, ...], name: str, written: WrittenPoint, protocol: str
) -> None:
    if written.register_ is None:
        for key in ("counter", "fast_above", "fast_below"):
            if getattr(written, key) is not None:
                document.fault((*at, key), f"points.{name}.{key} is for points in registers", at_key=True)
        if written.calibration is not None and (written.packed or protocol in TREE_PROTOCOLS):
            words = f"is for registers and the named fields of a protocol, not for {protocol}"
            document.fault((*at, "calibration"), f"points.{name}.calibration {words}", at_key=True)
    elif written.register_.type == "text" and not written.is_text:
        document.fault(at, f"points.{name}: a register of type text needs is_text: true", at_key=True)
    if written.is_text and (written.calibration or written.counter):
        document.fault(at, f"points.{name}: a text has neither calibration nor counter", at_key=True)


def _conversion(document: Document, name: str, written: WrittenPoint) -> tuple[float, float]:
    at = ("points", name)
    quantity = QUANTITIES.get(written.quantity)
    if quantity is None:
        hint = did_you_mean(written.quantity, QUANTITIES) or "the list is in gateway/units.py"
        document.fault((*at, "quantity"), f"points.{name}: unknown quantity {written.quantity!r}", hint)
        return 1.0, 0.0
    if quantity.is_derived:
        document.fault((*at, "quantity"), f"points.{name}: no device sends {written.quantity!r}", "it is worked out")
    try:
        return quantity.from_unit(written.unit)
    except ValueError as error:
        fitting = f"write one of {', '.join(quantity.units())}"
        hint = fitting if written.unit in UNITS else did_you_mean(written.unit, quantity.units()) or fitting
        document.fault((*at, "unit"), f"points.{name}: {error}", hint)
        return 1.0, 0.0


def _frame(
    document: Document, number: int, written: WrittenFrame, points: Mapping[str, Point], profile: WrittenProfile
) -> Frame:
    at = ("frames", number)
    named: dict[str, Iterable[str]] = {
        "values": written.values,
        "texts": written.texts,
        "qualities": written.qualities,
        "calibration": written.calibration,
    }
    for key, names in named.items():
        for name in names:
            if name not in points:
                message = f"frames.{number}: there is no point {name!r}"
                document.fault((*at, key, name), message, did_you_mean(name, points), at_key=True)
    if not (written.values or written.texts):
        document.fault(at, f"frames.{number} must show values or texts")
    time_ns = None
    if written.time is not None:
        try:
            time_ns = _nanoseconds(written.time)
        except ValueError:
            message = f"frames.{number}.time must be like 2026-01-31T08:00:00.000Z, got {written.time!r:.60}"
            document.fault((*at, "time"), message)
    is_modbus = profile.protocol == "modbus"
    if is_modbus != bool(written.request):
        word = "must hold the request too" if is_modbus else "must not hold a request, the device speaks by itself"
        document.fault(at, f"frames.{number} {word}")
    values = {name: math.nan if value is None else value for name, value in written.values.items()}
    request, is_text = b"", profile.protocol in TEXT_PROTOCOLS
    reply = written.reply.encode() if is_text else _hex(document, (*at, "reply"), written.reply)
    if is_modbus:
        request = _hex(document, (*at, "request"), written.request)
    for name, constants in written.calibration.items():
        try:
            if name in points:
                points[name].own(constants)
        except ValueError as error:
            document.fault((*at, "calibration", name), f"frames.{number}.calibration: {error}", at_key=True)
    return Frame(
        request,
        reply,
        values,
        time_ns,
        written.source,
        dict(written.texts),
        dict(written.qualities),
        dict(written.calibration),
    )


def _hex(document: Document, at: tuple[str | int, ...], text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        document.fault(at, f"{'.'.join(map(str, at))} must be bytes in hex, e.g. '01 03 00 00', got {text!r:.60}")
        return b""


def _nanoseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1_000


def _check_whole(document: Document, written: WrittenProfile, file: str) -> None:
    if file.startswith("device_profiles/") and file != f"device_profiles/{written.id}.yaml":
        document.fault(("id",), f"id {written.id!r} must be the file's folder and name, {file!r}")
    if not written.id.startswith(f"{written.lifeline}/"):
        document.fault(("id",), f"id {written.id!r} must start with the lifeline, {written.lifeline}/")
    if written.time and written.protocol not in TREE_PROTOCOLS:
        word = "a Modbus reading takes the time of its reply" if written.protocol == "modbus" else "its frames say it"
        document.fault(("time",), f"time is for json and cbor; {word}", at_key=True)
    if written.modbus and written.protocol != "modbus":
        document.fault(("modbus",), "modbus is for the protocol modbus", at_key=True)
    proved = {name for frame in written.frames for name in (*frame.values, *frame.texts)}
    for name in written.points:
        if name not in proved:
            document.fault(("points", name), f"no frame shows a value of point {name!r}", at_key=True)
