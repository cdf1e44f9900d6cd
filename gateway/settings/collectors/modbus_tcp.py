"""The collector kind `modbus_tcp`: one Modbus TCP endpoint, polled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.written import Port, Text, Written


@dataclass(frozen=True, slots=True)
class ModbusTcpSettings:
    """One Modbus TCP endpoint and how often its devices are read."""

    kind: ClassVar[str] = "modbus_tcp"

    id: str
    host: str
    port: int = 502
    poll_seconds: float = 1.0
    timeout_seconds: float = 1.0

    @property
    def alone(self) -> tuple[str, int]:
        """The endpoint: two connections to one bus would disturb each other."""
        return (self.host, self.port)


class WrittenModbusTcp(Written):
    """A Modbus TCP endpoint."""

    kind: Annotated[Literal["modbus_tcp"], Field(examples=["modbus_tcp"])]
    host: Annotated[Text, Field(examples=["192.168.20.11"])]
    port: Port = 502
    poll_seconds: Annotated[float, Field(ge=0.05, le=86_400)] = 1.0
    timeout_seconds: Annotated[float, Field(ge=0.05, le=60)] = 1.0


def _read(document: Document, name: str, modbus: WrittenModbusTcp, _: Surroundings) -> ModbusTcpSettings:
    check_host(document, name, modbus.host)
    return ModbusTcpSettings(name, modbus.host, modbus.port, modbus.poll_seconds, modbus.timeout_seconds)


MODBUS_TCP = Kind(WrittenModbusTcp, _read, frozenset({"modbus"}))
