"""The collector kinds `modbus_tcp` and `modbus_rtu_over_tcp`: one endpoint that is dialled and polled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.collectors.modbus_polling import Framing, ModbusPolling, WrittenPolling, check_periods
from gateway.settings.written import Port, Text


@dataclass(frozen=True, slots=True)
class ModbusTcpSettings(ModbusPolling):
    """One Modbus TCP endpoint and how often its devices are read."""

    kind: ClassVar[str] = "modbus_tcp"
    framing: ClassVar[Framing] = "tcp"

    id: str
    host: str
    port: int = 502
    poll_seconds: float = 1.0
    timeout_seconds: float = 1.0

    @property
    def alone(self) -> tuple[str, int]:
        """The endpoint: two connections to one bus would disturb each other."""
        return (self.host, self.port)

    @property
    def where(self) -> str:
        """The endpoint in words."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ModbusRtuOverTcpSettings(ModbusPolling):
    """A serial line behind a transparent serial server: RTU frames over TCP."""

    kind: ClassVar[str] = "modbus_rtu_over_tcp"
    framing: ClassVar[Framing] = "rtu"

    id: str
    host: str
    port: int = 4001
    poll_seconds: float = 1.0
    timeout_seconds: float = 1.0

    @property
    def alone(self) -> tuple[str, int]:
        """The line: two masters on one bus would disturb each other."""
        return (self.host, self.port)

    @property
    def where(self) -> str:
        """The endpoint in words."""
        return f"{self.host}:{self.port}"


class WrittenModbusTcp(WrittenPolling):
    """A Modbus TCP endpoint."""

    kind: Annotated[Literal["modbus_tcp"], Field(examples=["modbus_tcp"])]
    host: Annotated[Text, Field(examples=["192.168.20.11"])]
    port: Port = 502


class WrittenModbusRtuOverTcp(WrittenPolling):
    """A serial line behind a serial server."""

    kind: Annotated[Literal["modbus_rtu_over_tcp"], Field(examples=["modbus_rtu_over_tcp"])]
    host: Annotated[Text, Field(examples=["192.168.20.12"])]
    port: Annotated[Port, Field(examples=[4001])]


def _read_tcp(document: Document, name: str, modbus: WrittenModbusTcp, _: Surroundings) -> ModbusTcpSettings:
    check_host(document, name, modbus.host)
    check_periods(document, name, modbus)
    return ModbusTcpSettings(name, **modbus.model_dump(exclude={"kind"}))


def _read_rtu(
    document: Document, name: str, modbus: WrittenModbusRtuOverTcp, _: Surroundings
) -> ModbusRtuOverTcpSettings:
    check_host(document, name, modbus.host)
    check_periods(document, name, modbus)
    return ModbusRtuOverTcpSettings(name, **modbus.model_dump(exclude={"kind"}))


MODBUS_TCP = Kind(WrittenModbusTcp, _read_tcp, frozenset({"modbus"}))
MODBUS_RTU_OVER_TCP = Kind(WrittenModbusRtuOverTcp, _read_rtu, frozenset({"modbus"}))
