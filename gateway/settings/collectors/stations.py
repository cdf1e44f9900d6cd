"""The collector kinds of stations that dial in: `hj212`, `sl651`, `szy206`, `gbt26875_3`.

Stations of these protocols have no cryptography. What guards a listener is the list of networks that may reach it,
the list of stations that may speak, and the password where the protocol has one; encryption is the network's affair.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from gateway.documents import Document, Path, did_you_mean
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.secrets import Named, read_secret
from gateway.settings.written import Seconds, Text, Written

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Station:
    """One station that may speak."""

    name: str
    """As the site file calls it; the devices behind it name it so."""
    id: str
    """As the protocol writes it: MN, station address …"""
    zone: ZoneInfo
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StationsSettings:
    """One listener for stations of one protocol."""

    kind: ClassVar[str]

    id: str
    listen_host: str
    listen_port: int
    allow: tuple[Network, ...]
    """The networks from which stations may come; empty means this machine alone."""
    stations: Mapping[str, Station]
    """By the station's own id, in capitals."""
    zone: ZoneInfo
    is_lenient: bool = False
    transport: Literal["tcp", "udp"] = "tcp"
    stay_online: bool = False
    max_connections: int = 500
    idle_seconds: float = 3_900.0
    frame_seconds: float = 30.0

    @property
    def alone(self) -> tuple[str, str, int] | None:
        """The socket; port 0 takes a free one each time."""
        return (self.transport, self.listen_host, self.listen_port) if self.listen_port else None

    @property
    def names(self) -> Collection[str]:
        """The stations as the site file calls them."""
        return [station.name for station in self.stations.values()]


class Hj212Settings(StationsSettings):
    """A listener for HJ 212 stations."""

    __slots__ = ()
    kind: ClassVar[str] = "hj212"


class Sl651Settings(StationsSettings):
    """A listener for SL 651 stations."""

    __slots__ = ()
    kind: ClassVar[str] = "sl651"


class Szy206Settings(StationsSettings):
    """A listener for stations of SZY 206 and SL/T 427."""

    __slots__ = ()
    kind: ClassVar[str] = "szy206"


class Gbt26875Settings(StationsSettings):
    """A listener for fire control devices of GB/T 26875.3."""

    __slots__ = ()
    kind: ClassVar[str] = "gbt26875_3"


class WrittenDialIn(Written):
    """One station that may speak."""

    id: Annotated[Text, Field(examples=["010000A8900016F000169DC0"])]
    timezone: str | None = None
    password_env: Text | None = None
    password_file: Text | None = None


class _WrittenStations(Written):
    """What all kinds of listeners have."""

    listen_host: Text = "127.0.0.1"
    # 0 lets the system choose, which is what tests want.
    listen_port: Annotated[int, Field(ge=0, le=65_535, examples=[9212])]
    allow: list[Text] = Field(default_factory=list)
    stations: Annotated[dict[str, WrittenDialIn], Field(min_length=1, examples=[{"outfall-3": {"id": "1234567890"}}])]
    timezone: str = "Asia/Shanghai"
    max_connections: Annotated[int, Field(ge=1, le=10_000)] = 500
    idle_seconds: Annotated[Seconds, Field(ge=1, le=604_800)] = 3_900.0
    frame_seconds: Annotated[Seconds, Field(ge=0.1, le=600)] = 30.0


class WrittenHj212(_WrittenStations):
    """A listener for HJ 212 stations."""

    kind: Annotated[Literal["hj212"], Field(examples=["hj212"])]
    checksum: Literal["strict", "lenient"] = "strict"


class WrittenSl651(_WrittenStations):
    """A listener for SL 651 stations."""

    kind: Annotated[Literal["sl651"], Field(examples=["sl651"])]
    checksum: Literal["strict", "lenient"] = "strict"
    transport: Literal["tcp", "udp"] = "tcp"
    stay_online: bool = False


class WrittenSzy206(_WrittenStations):
    """A listener for stations of SZY 206 and SL/T 427."""

    kind: Annotated[Literal["szy206"], Field(examples=["szy206"])]


class WrittenGbt26875(_WrittenStations):
    """A listener for fire control devices of GB/T 26875.3."""

    kind: Annotated[Literal["gbt26875_3"], Field(examples=["gbt26875_3"])]


def _reader(settings: type[StationsSettings]) -> Any:
    def read(document: Document, name: str, written: Any, around: Surroundings) -> StationsSettings:
        at = ("collectors", name)
        check_host(document, name, written.listen_host, "listen_host")
        zone = _zone(document, (*at, "timezone"), written.timezone)
        return settings(
            id=name,
            listen_host=written.listen_host,
            listen_port=written.listen_port,
            allow=_networks(document, at, written),
            stations=_stations(document, at, written, zone, around),
            zone=zone,
            is_lenient=getattr(written, "checksum", "strict") == "lenient",
            transport=getattr(written, "transport", "tcp"),
            stay_online=getattr(written, "stay_online", False),
            max_connections=written.max_connections,
            idle_seconds=written.idle_seconds,
            frame_seconds=written.frame_seconds,
        )

    return read


def _networks(document: Document, at: Path, written: _WrittenStations) -> tuple[Network, ...]:
    networks: list[Network] = []
    for number, text in enumerate(written.allow):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            where = (*at, "allow", number)
            document.fault(where, f"{'.'.join(map(str, where))}: {error}", "e.g. 10.20.0.0/16, or one address")
    if written.listen_host not in _LOOPBACK and not written.allow:
        message = f"{'.'.join(map(str, at))} listens on {written.listen_host} and allows no network"
        document.fault((*at, "listen_host"), message, "name the stations' networks: allow: [10.20.0.0/16]")
    if any(network.prefixlen == 0 for network in networks):
        document.warn((*at, "allow"), f"{'.'.join(map(str, at))}.allow lets the whole world in", "name its networks")
    return tuple(networks)


def _stations(
    document: Document, at: Path, written: _WrittenStations, zone: ZoneInfo, around: Surroundings
) -> dict[str, Station]:
    stations: dict[str, Station] = {}
    for name, one in written.stations.items():
        here = (*at, "stations", name)
        own = zone if one.timezone is None else _zone(document, (*here, "timezone"), one.timezone)
        password = read_secret(document, here, Named("password", one.password_env, one.password_file), around.secrets)
        first = stations.setdefault(one.id.upper(), Station(name, one.id, own, password))
        if first.name != name:
            document.fault((*here, "id"), f"{'.'.join(map(str, here))}.id is also that of {first.name}")
    return stations


def check_station_of(document: Document, name: str, station: str | None, settings: StationsSettings) -> None:
    """Add a fault when a device sits behind no station of its collector; its own name serves when it says none."""
    if (station or name) not in settings.names:
        message = f"devices.{name}: collectors.{settings.id} has no station {station or name!r:.60}"
        where = ("devices", name, "station") if station else ("devices", name)
        hint = did_you_mean(station or name, settings.names) or "name it there, or name one of them: station: …"
        document.fault(where, message, hint, at_key=station is None)


def _zone(document: Document, at: Path, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        document.fault(at, f"{'.'.join(map(str, at))}: there is no time zone {name!r:.60}", "e.g. Asia/Shanghai")
        return ZoneInfo("UTC")


_TWICE = ("listens where", "put the stations of both on one collector")


def _kind(written: type[_WrittenStations], settings: type[StationsSettings]) -> Kind:
    return Kind(written, _reader(settings), frozenset({settings.kind}), _TWICE)


HJ212 = _kind(WrittenHj212, Hj212Settings)
SL651 = _kind(WrittenSl651, Sl651Settings)
SZY206 = _kind(WrittenSzy206, Szy206Settings)
GBT26875_3 = _kind(WrittenGbt26875, Gbt26875Settings)
