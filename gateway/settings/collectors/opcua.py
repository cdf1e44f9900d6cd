"""The collector kind `opcua`: one OPC UA server whose nodes are read in turn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from gateway.documents import Document
from gateway.settings.collectors.contract import Kind, Surroundings
from gateway.settings.secrets import Named, read_secret
from gateway.settings.written import Text, Written

SecurityPolicy: TypeAlias = Literal["none", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
_URL = re.compile(r"opc\.tcp://[\w.-]+(:\d{1,5})?(/\S*)?")
# OPC UA part 6, 5.3.1.10: ns=2;s=Tank.Level, i=85 …
_NODE = re.compile(r"(ns=\d{1,5};)?([is]=\S.*|[gb]=\S+)")


@dataclass(frozen=True, slots=True)
class OpcuaSettings:
    """One OPC UA server and which of its nodes are which points."""

    kind: ClassVar[str] = "opcua"

    id: str
    url: str
    nodes: Mapping[str, Mapping[str, str]]
    """Device → point → node id."""
    poll_seconds: float = 1.0
    timeout_seconds: float = 4.0
    security: SecurityPolicy = "none"
    certificate: Path | None = None
    private_key: Path | None = None
    server_certificate: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def alone(self) -> str:
        """The server."""
        return self.url


class WrittenOpcua(Written):
    """An OPC UA server."""

    kind: Annotated[Literal["opcua"], Field(examples=["opcua"])]
    url: Annotated[Text, Field(examples=["opc.tcp://192.168.40.5:4840"])]
    nodes: Annotated[
        dict[str, Annotated[dict[str, Text], Field(min_length=1)]],
        Field(min_length=1, examples=[{"fan-1": {"co": "ns=2;s=Fan1.CO"}}]),
    ]
    poll_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 1.0
    timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = 4.0
    security: SecurityPolicy = "none"
    certificate: Text | None = None
    private_key: Text | None = None
    server_certificate: Text | None = None
    username: Text | None = None
    password_env: Text | None = None
    password_file: Text | None = None


def _read(document: Document, name: str, opcua: WrittenOpcua, around: Surroundings) -> OpcuaSettings:
    at = ("collectors", name)
    where = ".".join(at)
    if not _URL.fullmatch(opcua.url):
        # The value is not repeated: people write user:password@host here.
        document.fault((*at, "url"), f"{where}.url is no OPC UA address", "opc.tcp://HOST:4840, without user")
    for device, points in opcua.nodes.items():
        for point, node in points.items():
            if not _NODE.fullmatch(node):
                here = (*at, "nodes", device, point)
                document.fault(here, f"{'.'.join(here)} is no node id, got {node!r:.60}", "e.g. ns=2;s=Tank.Level")
    if (opcua.password_env or opcua.password_file) and opcua.username is None:
        document.fault(at, f"{where} has a password but no username", at_key=True)
    if opcua.security == "none" and opcua.username is not None:
        document.warn((*at, "username"), f"{where} sends its password unencrypted", "set security and certificates")
    if opcua.security != "none" and not (opcua.certificate and opcua.private_key):
        document.fault(at, f"{where} must have certificate and private_key for {opcua.security}", at_key=True)
    password = read_secret(document, at, Named("password", opcua.password_env, opcua.password_file), around.secrets)
    folder = around.secrets.folder
    return OpcuaSettings(
        id=name,
        url=opcua.url,
        nodes=opcua.nodes,
        poll_seconds=opcua.poll_seconds,
        timeout_seconds=opcua.timeout_seconds,
        security=opcua.security,
        certificate=_beside(folder, opcua.certificate),
        private_key=_beside(folder, opcua.private_key),
        server_certificate=_beside(folder, opcua.server_certificate),
        username=opcua.username,
        password=password,
    )


def _beside(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / name


def check_nodes_of(document: Document, name: str, settings: OpcuaSettings) -> None:
    """Add a fault when no node of the server belongs to a device."""
    if name not in settings.nodes:
        message = f"devices.{name}: collectors.{settings.id}.nodes does not name it"
        document.fault(("devices", name), message, "say which node is which point", at_key=True)


OPCUA = Kind(WrittenOpcua, _read, frozenset({"json"}))
