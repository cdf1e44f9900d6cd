"""Device profiles from their YAML files. What a profile says is checked here; its frames are proved by the tests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.documents import Document, did_you_mean, read_document
from gateway.errors import ConfigError, Fault
from gateway.model import SECOND
from gateway.profiles.profile import (
    ByteOrder,
    FieldPlace,
    Frame,
    Importance,
    Point,
    Profile,
    RegisterKind,
    RegisterPlace,
    RegisterType,
    TimeFormat,
)
from gateway.units import QUANTITIES, UNITS

LIFELINES = ("gas", "water", "drainage", "heating", "bridge", "tunnel", "utility_tunnel", "slope", "road")
"""The lifelines of a city; a profile lies in the folder of its lifeline."""

Lifeline = Literal["gas", "water", "drainage", "heating", "bridge", "tunnel", "utility_tunnel", "slope", "road"]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Span = Annotated[tuple[_Number, _Number], Field(strict=False)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenRegister(_Written):
    """Where a Modbus point lies."""

    kind: RegisterKind
    address: Annotated[int, Field(ge=0, le=65_535)]
    type: RegisterType
    byte_order: ByteOrder = "ABCD"


class WrittenPoint(_Written):
    """One value that a device model offers."""

    quantity: str = ""
    unit: str = ""
    path: str | list[str] | None = None
    register_: Annotated[WrittenRegister | None, Field(alias="register")] = None
    scale: _Number = 1.0
    offset: _Number = 0.0
    sentinels: list[_Number] = []
    span: _Span | None = None
    report_seconds: _Seconds = 60.0
    stuck_seconds: _Seconds | None = None
    importance: Importance = "normal"
    title: str = ""
    is_text: bool = False


class WrittenTime(_Written):
    """Where a payload's own time stands."""

    path: str | list[str]
    format: TimeFormat = "ms"


class WrittenFrame(_Written):
    """Bytes that prove the profile."""

    source: Annotated[str, Field(min_length=1)]
    request: str = ""
    reply: Annotated[str, Field(min_length=1)]
    time: str | None = None
    values: Annotated[dict[str, _Number | None], Field(min_length=1)]


class WrittenProfile(_Written):
    """A device profile as people write it."""

    id: Annotated[str, Field(pattern=r"^[a-z_]+/[a-z0-9_]+$")]
    title: Annotated[str, Field(min_length=1, examples=["a meter"])]
    lifeline: Annotated[Lifeline, Field(examples=["gas"])]
    protocol: Annotated[Literal["modbus", "json"], Field(examples=["json"])]
    source: Annotated[str, Field(min_length=1, examples=["its manual"])]
    time: WrittenTime | None = None
    max_gap_registers: Annotated[int, Field(ge=0, le=124)] = 8
    max_block_registers: Annotated[int, Field(ge=1, le=125)] = 125
    points: Annotated[dict[str, WrittenPoint], Field(min_length=1)]
    frames: Annotated[list[WrittenFrame], Field(min_length=1)]


def load_profile(text: str | bytes, file: str) -> Profile:
    """Read one profile; ConfigError with every fault when it is wrong."""
    document = read_document(text, file)
    written = document.check((), document.value, WrittenProfile)
    if written is None:
        raise ConfigError(document.faults)
    points = {name: _point(document, name, point, written.protocol) for name, point in written.points.items()}
    frames = tuple(_frame(document, number, frame, points, written) for number, frame in enumerate(written.frames))
    _check_whole(document, written, file)
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
    place: RegisterPlace | FieldPlace = FieldPlace(())
    if protocol == "json" and written.path and not written.register_:
        place = FieldPlace(_path(written.path))
    elif protocol == "modbus" and written.register_ and not written.path:
        place = RegisterPlace(**dict(written.register_))
    else:
        wanted, other = ("path", "register") if protocol == "json" else ("register", "path")
        document.fault(
            at, f"points.{name} must have {wanted!r} and no {other!r}, for its protocol is {protocol}", at_key=True
        )
    factor, shift = (1.0, 0.0) if written.is_text else _conversion(document, name, written)
    if written.span and not written.span[0] < written.span[1]:
        document.fault(
            (*at, "span"),
            f"points.{name}.span must go from low to high, got [{written.span[0]:g}, {written.span[1]:g}]",
        )
    return Point(
        name=name,
        quantity=written.quantity,
        unit=written.unit,
        place=place,
        scale=written.scale,
        offset=written.offset,
        factor=factor,
        shift=shift,
        sentinels=tuple(written.sentinels),
        span=written.span,
        report_seconds=written.report_seconds,
        stuck_seconds=written.stuck_seconds,
        importance=written.importance,
        title=written.title or (QUANTITIES[written.quantity].zh if written.quantity in QUANTITIES else name),
        is_text=written.is_text,
    )


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
    for name in written.values:
        if name not in points:
            message = f"frames.{number}: there is no point {name!r}"
            document.fault((*at, "values", name), message, did_you_mean(name, points), at_key=True)
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
    if not is_modbus:
        return Frame(b"", written.reply.encode(), values, time_ns, written.source)
    request, reply = (
        _hex(document, (*at, key), text) for key, text in (("request", written.request), ("reply", written.reply))
    )
    return Frame(request, reply, values, time_ns, written.source)


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
    if written.time and written.protocol == "modbus":
        document.fault(("time",), "time is for json; a Modbus reading takes the time of its reply", at_key=True)
    proved = {name for frame in written.frames for name in frame.values}
    for name in written.points:
        if name not in proved:
            document.fault(("points", name), f"no frame shows a value of point {name!r}", at_key=True)
