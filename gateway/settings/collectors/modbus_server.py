"""The collector kind `modbus_server`: stations with a 4G unit dial in, and are then polled over their connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from gateway.documents import Document, Path
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.collectors.modbus_polling import Framing, ModbusPolling, WrittenPolling, check_periods
from gateway.settings.written import Port, Text, Written, check_id

Network: TypeAlias = IPv4Network | IPv6Network
_LONGEST_PACKET = 256


@dataclass(frozen=True, slots=True)
class ModbusServerSettings(ModbusPolling):
    """A port that stations dial, who may, and how they say who they are."""

    kind: ClassVar[str] = "modbus_server"

    id: str
    host: str = "0.0.0.0"  # noqa: S104 - stations come from outside; `allow` says which
    port: int = 5020
    allow: tuple[Network, ...] = ()
    """Networks that may connect; nobody else is answered."""
    stations: Mapping[str, bytes] = field(default_factory=dict)
    """Station → the registration packet with which its connection begins."""
    heartbeat: bytes = b""
    """What stations send to keep their connection alive; skipped wherever it stands between replies."""
    framing: Framing = "rtu"
    poll_seconds: float = 1.0
    timeout_seconds: float = 5.0

    @property
    def alone(self) -> int:
        """The port."""
        return self.port

    @property
    def where(self) -> str:
        """The port in words."""
        return f"{self.host}:{self.port}"


class WrittenStation(Written):
    """One station that dials in."""

    registration: Annotated[Text, Field(examples=["STATION-7"])]


class WrittenModbusServer(WrittenPolling):
    """A port that stations dial."""

    kind: Annotated[Literal["modbus_server"], Field(examples=["modbus_server"])]
    host: Text = "0.0.0.0"  # noqa: S104 - see above
    port: Annotated[Port, Field(examples=[5020])]
    allow: Annotated[list[Text], Field(min_length=1, examples=[["10.0.0.0/8"]])]
    stations: Annotated[dict[str, WrittenStation], Field(min_length=1)]
    heartbeat: Text | None = None
    framing: Literal["rtu", "tcp"] = "rtu"
    timeout_seconds: Annotated[float, Field(ge=0.05, le=60)] = 5.0


def _read(document: Document, name: str, modbus: WrittenModbusServer, _: Surroundings) -> ModbusServerSettings:
    at: Path = ("collectors", name)
    check_host(document, name, modbus.host)
    check_periods(document, name, modbus)
    networks = []
    for number, text in enumerate(modbus.allow):
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            document.fault((*at, "allow", number), f"collectors.{name}.allow.{number} is no network: {error}")
    stations: dict[str, bytes] = {}
    for station, written in modbus.stations.items():
        check_id(document, (*at, "stations", station), station)
        packet = packet_of(document, (*at, "stations", station, "registration"), written.registration)
        for other, known in stations.items():
            if packet.startswith(known) or known.startswith(packet):
                message = f"collectors.{name}.stations: {station} and {other} register alike"
                document.fault((*at, "stations", station), message, "neither packet may begin with the other")
        stations[station] = packet
    heartbeat = packet_of(document, (*at, "heartbeat"), modbus.heartbeat) if modbus.heartbeat else b""
    rest = modbus.model_dump(exclude={"kind", "allow", "stations", "heartbeat"})
    return ModbusServerSettings(name, allow=tuple(networks), stations=stations, heartbeat=heartbeat, **rest)


def packet_of(document: Document, at: Path, text: str) -> bytes:
    """Return the bytes of a packet: hex behind `0x`, else the text itself."""
    try:
        packet = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
    except ValueError:
        document.fault(at, f"{'.'.join(map(str, at))} must be a text, or bytes in hex behind 0x, got {text!r:.60}")
        return b"?"
    if not 1 <= len(packet) <= _LONGEST_PACKET:
        document.fault(at, f"{'.'.join(map(str, at))} must have 1 to {_LONGEST_PACKET} bytes, got {len(packet)}")
    return packet


MODBUS_SERVER = Kind(
    WrittenModbusServer,
    _read,
    frozenset({"modbus"}),
    twice=("listens on the port of", "put the stations of both on one collector"),
)
