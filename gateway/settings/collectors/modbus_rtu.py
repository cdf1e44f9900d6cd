"""The collector kind `modbus_rtu`: one serial line of this box, RTU or ASCII."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.settings.collectors.contract import Kind, Surroundings
from gateway.settings.collectors.modbus_polling import Framing, ModbusPolling, WrittenPolling, check_periods
from gateway.settings.written import Text

_RTU_BITS, _ASCII_BITS = 8, 7


@dataclass(frozen=True, slots=True)
class ModbusRtuSettings(ModbusPolling):
    """One serial line and how often its devices are read."""

    kind: ClassVar[str] = "modbus_rtu"

    id: str
    port: str
    baud: int = 9_600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: int = 1
    data_bits: int = 8
    mode: Literal["rtu", "ascii"] = "rtu"
    poll_seconds: float = 1.0
    timeout_seconds: float = 1.0

    @property
    def framing(self) -> Framing:
        """How frames are wrapped."""
        return self.mode

    @property
    def alone(self) -> str:
        """The port: a serial line has one master."""
        return self.port

    @property
    def where(self) -> str:
        """The line in words."""
        return f"{self.port} {self.baud} {self.data_bits}{self.parity}{self.stop_bits}"

    @property
    def character_seconds(self) -> float:
        """The time of one character on the line (MODBUS over Serial Line V1.02, 2.5.1)."""
        return (1 + self.data_bits + (self.parity != "N") + self.stop_bits) / self.baud


class WrittenModbusRtu(WrittenPolling):
    """A serial line."""

    kind: Annotated[Literal["modbus_rtu"], Field(examples=["modbus_rtu"])]
    port: Annotated[Text, Field(examples=["/dev/ttyUSB0"])]
    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 9_600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    data_bits: Literal[7, 8] | None = None
    mode: Literal["rtu", "ascii"] = "rtu"


def _read(document: Document, name: str, modbus: WrittenModbusRtu, _: Surroundings) -> ModbusRtuSettings:
    check_periods(document, name, modbus)
    if modbus.mode == "rtu" and modbus.data_bits == _ASCII_BITS:
        message = f"collectors.{name}.data_bits must be 8 in RTU mode"
        document.fault(("collectors", name, "data_bits"), message, "7 bits are for mode: ascii")
    bits = modbus.data_bits or (_RTU_BITS if modbus.mode == "rtu" else _ASCII_BITS)
    return ModbusRtuSettings(name, data_bits=bits, **modbus.model_dump(exclude={"kind", "data_bits"}))


MODBUS_RTU = Kind(
    WrittenModbusRtu,
    _read,
    frozenset({"modbus"}),
    twice=("is the same serial port as", "put the devices of both on one collector"),
)
