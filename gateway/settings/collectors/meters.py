"""The collector kinds `cjt188` and `dlt645`: meters on a bus behind a converter that is dialled, asked one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from gateway.documents import Document, did_you_mean
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.written import Port, Text, Written

MeterKind: TypeAlias = Literal["cold_water", "hot_water", "drinking_water", "heat", "cooling", "gas"]
METER_TYPES: Mapping[MeterKind, int] = {
    "cold_water": 0x10,
    "hot_water": 0x11,
    "drinking_water": 0x12,
    "heat": 0x20,
    "cooling": 0x21,
    "gas": 0x30,
}
"""The type byte of CJ/T 188-2004, table 3."""
_DIGITS = re.compile(r"\d{1,14}")
_ITEM = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter: its number as its label shows it, and what is asked of it."""

    id: str
    type: int = 0x10
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetersSettings:
    """One bus of meters."""

    kind: ClassVar[str]

    id: str
    host: str
    port: int
    meters: Mapping[str, Meter]
    """By device."""
    zone: ZoneInfo
    poll_seconds: float = 900.0
    timeout_seconds: float = 3.0

    @property
    def alone(self) -> tuple[str, int]:
        """The bus: two that ask at once would disturb each other."""
        return (self.host, self.port)


class Cjt188Settings(MetersSettings):
    """A bus of CJ/T 188 meters."""

    __slots__ = ()
    kind: ClassVar[str] = "cjt188"


class Dlt645Settings(MetersSettings):
    """A bus of DL/T 645 meters."""

    __slots__ = ()
    kind: ClassVar[str] = "dlt645"


class WrittenCjt188Meter(Written):
    """One CJ/T 188 meter."""

    id: Annotated[Text, Field(examples=["00000805000001"])]
    type: MeterKind = "cold_water"


class WrittenDlt645Meter(Written):
    """One DL/T 645 meter."""

    id: Annotated[Text, Field(examples=["071801024091"])]
    items: Annotated[list[Text], Field(min_length=1)] = Field(default_factory=lambda: ["00010000"])


class _WrittenMeters(Written):
    host: Annotated[Text, Field(examples=["192.168.20.21"])]
    port: Annotated[Port, Field(examples=[8899])]
    timezone: str = "Asia/Shanghai"
    poll_seconds: Annotated[float, Field(ge=1, le=86_400)] = 900.0
    timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = 3.0


class WrittenCjt188(_WrittenMeters):
    """A bus of CJ/T 188 meters."""

    kind: Annotated[Literal["cjt188"], Field(examples=["cjt188"])]
    meters: Annotated[
        dict[str, WrittenCjt188Meter], Field(min_length=1, examples=[{"heat-1": {"id": "00000805000001"}}])
    ]


class WrittenDlt645(_WrittenMeters):
    """A bus of DL/T 645 meters."""

    kind: Annotated[Literal["dlt645"], Field(examples=["dlt645"])]
    meters: Annotated[dict[str, WrittenDlt645Meter], Field(min_length=1, examples=[{"pump-1": {"id": "071801024091"}}])]


def _reader(settings: type[MetersSettings]) -> Any:
    def read(document: Document, name: str, written: Any, _: Surroundings) -> MetersSettings:
        at = ("collectors", name)
        check_host(document, name, written.host)
        try:
            zone = ZoneInfo(written.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo("UTC")
            message = f"collectors.{name}.timezone: there is no time zone {written.timezone!r:.60}"
            document.fault((*at, "timezone"), message, "e.g. Asia/Shanghai")
        meters: dict[str, Meter] = {}
        for device, one in written.meters.items():
            where = (*at, "meters", device)
            items = tuple(item.upper() for item in getattr(one, "items", ()))
            if not _DIGITS.fullmatch(one.id):
                document.fault((*where, "id"), f"{'.'.join(where)}.id must be the digits of its label, got {one.id!r}")
            if not all(map(_ITEM.fullmatch, items)):
                document.fault((*where, "items"), f"{'.'.join(where)}.items must be eight hex digits each", "00010000")
            meters[device] = Meter(one.id, METER_TYPES[getattr(one, "type", "cold_water")], items)
        return settings(name, written.host, written.port, meters, zone, written.poll_seconds, written.timeout_seconds)

    return read


def check_meter_of(document: Document, name: str, settings: MetersSettings) -> None:
    """Add a fault when a device is no meter of its collector."""
    if name not in settings.meters:
        hint = did_you_mean(name, settings.meters) or "name it there, with the number of its label"
        document.fault(
            ("devices", name), f"devices.{name}: collectors.{settings.id}.meters lacks it", hint, at_key=True
        )


CJT188 = Kind(WrittenCjt188, _reader(Cjt188Settings), frozenset({"cjt188"}))
DLT645 = Kind(WrittenDlt645, _reader(Dlt645Settings), frozenset({"dlt645"}))
