"""One TCP connection to a Modbus endpoint: the only file that knows pymodbus.

Rule 1: a reply counts only with the unit, function and number of registers that were asked for; pymodbus checks the
first of these. Rule 2: after a timeout the connection is given up, so that a late reply can never be taken for the
next one. Rule 3: a connection is used once; for the next attempt make another.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from gateway.collectors.cancellation import stop_if_cancelled
from gateway.errors import DecodeError, Unreachable
from gateway.profiles import RegisterKind
from gateway.settings import ModbusTcpSettings

# pymodbus logs each failed request; the collector says once that a device is away.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

# MODBUS Application Protocol V1.1b3, 7.
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, still busy",
    6: "busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not respond",
}
_FUNCTIONS: dict[RegisterKind, int] = {"holding": 3, "input": 4}


class TimedOut(Unreachable):
    """No reply in time."""


class ModbusConnection:
    """A connection to one endpoint: enter it to connect, leave it to close."""

    def __init__(self, settings: ModbusTcpSettings) -> None:
        self.last_reply = b""
        """The newest bytes received, for the quarantine."""
        self._where = f"{settings.host}:{settings.port}"
        self._timeout = settings.timeout_seconds
        self._client = AsyncModbusTcpClient(
            settings.host,
            port=settings.port,
            timeout=settings.timeout_seconds,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
            trace_connect=self._on_connection,
        )
        manager = self._client.ctx
        self._parse = manager.callback_data
        manager.callback_data = self._on_data  # type: ignore[method-assign]
        self._fault: Exception | None = None

    async def __aenter__(self) -> Self:
        try:
            is_connected = await self._client.connect()
            stop_if_cancelled()
        except (OSError, ValueError) as error:
            stop_if_cancelled()
            raise Unreachable(f"no connection to {self._where}: {error}") from None
        except BaseException:
            self.close()
            raise
        if not is_connected:
            raise Unreachable(f"no connection to {self._where} within {self._timeout:g} s")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._client.connected

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    async def read(self, unit: int, kind: RegisterKind, address: int, count: int) -> list[int]:
        """Return the registers.

        Raises DecodeError when the device refuses or answers something else, TimedOut or Unreachable when it does not
        answer; then the connection is closed.
        """
        self.last_reply = b""
        self._fault = None
        ask = self._client.read_holding_registers if kind == "holding" else self._client.read_input_registers
        try:
            reply = await ask(address, count=count, device_id=unit)
            stop_if_cancelled()
        except (ModbusException, OSError) as error:
            self.close()
            stop_if_cancelled()
            raise self._explain(error) from None
        except BaseException:
            self.close()
            raise
        return self._checked(reply, _FUNCTIONS[kind], unit, count)

    def _explain(self, error: Exception) -> Exception:
        if isinstance(self._fault, DecodeError):
            return self._fault
        if isinstance(error, ConnectionException) or self._fault is not None:
            return Unreachable("the connection was closed")
        return TimedOut(f"no reply within {self._timeout:g} s")

    def _checked(self, reply: ModbusPDU, function: int, unit: int, count: int) -> list[int]:
        if reply.isError():
            code = getattr(reply, "exception_code", 0)
            raise DecodeError(f"exception {code}", _EXCEPTIONS.get(code, "unknown"))
        if reply.dev_id != unit or reply.function_code != function:
            self.close()
            raise DecodeError(
                "wrong reply",
                f"asked unit {unit} function {function}, got unit {reply.dev_id} function {reply.function_code}",
            )
        if len(reply.registers) != count:
            raise DecodeError("short reply", f"asked for {count} registers, got {len(reply.registers)}")
        return list(reply.registers)

    def _trace(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 - pymodbus's signature
        if not sending:
            self.last_reply = data
        return data

    def _on_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        try:
            return self._parse(data, addr)
        except Exception as error:  # noqa: BLE001 - any bytes may come; unhandled, asyncio logs a traceback for each
            self._end(DecodeError("garbled reply", f"{type(error).__name__}: {error}"))
            return len(data)

    def _on_connection(self, is_connected: bool) -> None:  # noqa: FBT001 - pymodbus's signature
        if not is_connected:
            self._end(Unreachable("the connection was closed"))

    def _end(self, fault: Exception) -> None:
        """Let a request under way fail now: pymodbus would wait for its timeout."""
        waiting: asyncio.Future[ModbusPDU] = self._client.ctx.response_future
        self._fault = self._fault or fault
        if not waiting.done():
            waiting.set_exception(ConnectionException(str(fault)))
            waiting.exception()
