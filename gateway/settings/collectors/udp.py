"""The collector kind `udp`: devices that send each message as a datagram, known by the address they send from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.profiles import PAYLOAD_PROTOCOLS
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.collectors.listening import Network, check_open, read_networks
from gateway.settings.written import Text, Written


@dataclass(frozen=True, slots=True)
class UdpSettings:
    """One listener for datagrams."""

    kind: ClassVar[str] = "udp"

    id: str
    listen_host: str
    listen_port: int
    allow: tuple[Network, ...] = ()
    """The networks from which datagrams may come; empty means this machine alone."""

    @property
    def alone(self) -> tuple[str, int] | None:
        """The socket; port 0 takes a free one each time."""
        return (self.listen_host, self.listen_port) if self.listen_port else None


class WrittenUdp(Written):
    """A listener for datagrams."""

    kind: Annotated[Literal["udp"], Field(examples=["udp"])]
    listen_host: Text = "127.0.0.1"
    listen_port: Annotated[int, Field(ge=0, le=65_535, examples=[8091])]
    allow: list[Text] = Field(default_factory=list)


def _read(document: Document, name: str, written: WrittenUdp, _around: Surroundings) -> UdpSettings:
    at = ("collectors", name)
    check_host(document, name, written.listen_host, "listen_host")
    networks = read_networks(document, at, written.allow)
    hint = "name the devices' networks: allow: [10.20.0.0/16]"
    check_open(document, at, written.listen_host, is_guarded=bool(networks), hint=hint)
    return UdpSettings(name, written.listen_host, written.listen_port, networks)


UDP = Kind(WrittenUdp, _read, PAYLOAD_PROTOCOLS, twice=("listens where", "put the devices of both on one collector"))
