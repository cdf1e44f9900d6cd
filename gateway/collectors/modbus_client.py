"""One connection to a Modbus line, over TCP or a serial port: the only file that knows pymodbus.

Rule 1: a reply counts only with the unit, function and number of registers that were asked for. Rule 2: where frames
have no transaction id, a reply after a timeout counts only when no other came behind it: the late one would be taken
for the next. With ids the connection is given up instead. Rule 3: a connection is used once; for the next attempt make
another. Rule 4: one request at a time, and no more bytes are kept than one frame can have.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.framer.base import FramerBase
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)
from pymodbus.transport.serialtransport import create_serial_connection

from gateway.collectors.cancellation import stop_if_cancelled
from gateway.collectors.modbus_quiet import Quiet
from gateway.errors import DecodeError, Unreachable
from gateway.profiles import BIT_KINDS, RegisterKind
from gateway.settings import ModbusRtuSettings, ModbusServerSettings, ModbusSettings

# pymodbus logs each frame that it cannot use; the collector says once that a device is away.
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
_REQUESTS: dict[RegisterKind, type[ModbusPDU]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
_FRAMERS: dict[str, type[FramerBase]] = {"tcp": FramerSocket, "rtu": FramerRTU, "ascii": FramerAscii}
_LONGEST_FRAME = 600
_KEPT_REPLY = 1 << 10
_TIMEOUTS_TO_REDIAL = 3

Open = Callable[[asyncio.Protocol], Awaitable[asyncio.BaseTransport]]


class TimedOut(Unreachable):
    """No reply in time; `heard` tells whether bytes came that were none."""

    def __init__(self, reason: str, *, heard: bool = False) -> None:
        self.heard = heard
        super().__init__(reason)


class ModbusConnection(asyncio.Protocol):
    """A connection to one line: enter it to connect, leave it to close."""

    def __init__(self, settings: ModbusSettings, open_: Open | None = None) -> None:
        self.last_reply = b""
        """The newest bytes received, for the quarantine."""
        self.is_open = False
        """Whether another request may be sent."""
        self._is_over = False
        self._where = settings.where
        self._timeout = settings.timeout_seconds
        self._open = open_ or _opener(settings)
        self._framer = _FRAMERS[settings.framing](DecodePDU(is_server=False))
        character = settings.character_seconds if isinstance(settings, ModbusRtuSettings) else 0.0
        self._quiet = Quiet(settings.timeout_seconds, settings.request_delay_seconds, character)
        self._has_ids = settings.framing == "tcp"
        self._skipped = _skipped(settings)
        self._transport: asyncio.BaseTransport | None = None
        self._waiting: asyncio.Future[ModbusPDU] | None = None
        self._asked = (0, 0)
        self._transaction = 0
        self._buffer = bytearray()
        self._timeouts = 0

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._timeout):
                self._transport = await self._open(self)
            stop_if_cancelled()
            if self._is_over:
                raise ConnectionError("it was closed at once")  # noqa: TRY301 - handled as a failed dial is
            self.is_open = True
        except TimeoutError:
            self.close()
            stop_if_cancelled()
            raise Unreachable(f"no connection to {self._where} within {self._timeout:g} s") from None
        except BaseException as error:
            self.close()
            # Serial ports fail with termios.error, which is no OSError.
            if not isinstance(error, Exception):
                raise
            stop_if_cancelled()
            raise Unreachable(f"no connection to {self._where}: {error}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        self._is_over = True
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
        self._fail(Unreachable("the connection was closed"))

    async def read(
        self,
        unit: int,
        kind: RegisterKind,
        address: int,
        count: int,
        *,
        delay_seconds: float = 0.0,
        timeout_seconds: float | None = None,
    ) -> list[int]:
        """Return the registers, or the bits as 0 and 1.

        Raises DecodeError when the device refuses or answers something else, TimedOut or Unreachable when it does not
        answer; then the connection may be closed.
        """
        request = _REQUESTS[kind](address=address, count=count, dev_id=unit)
        reply = await self._trusted(request, delay_seconds, timeout_seconds or self._timeout)
        if kind not in BIT_KINDS:
            registers = list(reply.registers)
        else:
            # Bits come in whole bytes.
            registers = [int(bit) for bit in reply.bits]
            registers = registers[:count] if 0 <= len(registers) - count < 8 else registers  # noqa: PLR2004
        if len(registers) != count:
            raise DecodeError("short reply", f"asked for {count} {kind} registers, got {len(registers)}")
        return registers

    async def write(self, unit: int, kind: RegisterKind, address: int, registers: list[int]) -> None:
        """Write a coil or holding registers; returns when the device has confirmed it."""
        request: ModbusPDU
        if kind == "coil":
            request = WriteSingleCoilRequest(address=address, bits=[bool(registers[0])], dev_id=unit)
        elif len(registers) == 1:
            request = WriteSingleRegisterRequest(address=address, registers=registers, dev_id=unit)
        else:
            request = WriteMultipleRegistersRequest(address=address, registers=registers, dev_id=unit)
        reply = await self._trusted(request, 0.0, self._timeout)
        if reply.address != address:
            raise DecodeError("wrong reply", f"wrote register {address}, it confirmed {reply.address}")

    async def _trusted(self, request: ModbusPDU, delay_seconds: float, timeout_seconds: float) -> ModbusPDU:
        quiet = self._quiet
        if quiet.is_unsure and not await quiet.settle():
            self.close()
            raise Unreachable(f"{self._where} is never quiet: something talks on it without being asked")
        await quiet.before_request(delay_seconds)
        if not self.is_open:
            raise Unreachable("the connection was closed")
        was_unsure = quiet.is_unsure
        reply = await self._exchange(request, timeout_seconds)
        if was_unsure and not await quiet.is_followed_by_nothing():
            raise DecodeError("late reply", "an answer to an earlier request came; this one is not believed")
        return self._checked(reply, request)

    async def _exchange(self, request: ModbusPDU, timeout_seconds: float) -> ModbusPDU:
        self.last_reply = b""
        self._buffer.clear()
        self._transaction = self._transaction % 0xFFFF + 1
        request.transaction_id = self._transaction
        self._asked = (request.dev_id, self._transaction)
        loop = asyncio.get_running_loop()
        self._waiting = waiting = loop.create_future()
        self._quiet.asked()
        alarm = loop.call_later(timeout_seconds, self._expire, waiting, timeout_seconds)
        try:
            assert isinstance(self._transport, asyncio.WriteTransport)  # noqa: S101 - is_open says so
            self._transport.write(self._framer.buildFrame(request))
            reply: ModbusPDU = await waiting
            stop_if_cancelled()
        except TimedOut:
            self._timeouts += 1
            # On a serial server the line goes on talking whether or not we hang up; on a dead link we must.
            if self._has_ids or self._timeouts >= _TIMEOUTS_TO_REDIAL:
                self.close()
            raise
        except BaseException:
            self.close()
            raise
        finally:
            alarm.cancel()
            self._waiting = None
        self._timeouts = 0
        self._quiet.answered()
        return reply

    def _expire(self, waiting: asyncio.Future[ModbusPDU], seconds: float) -> None:
        if not waiting.done():
            self._quiet.is_unsure = not self._has_ids
            waiting.set_exception(TimedOut(f"no reply within {seconds:g} s", heard=bool(self.last_reply)))

    def _checked(self, reply: ModbusPDU, request: ModbusPDU) -> ModbusPDU:
        if reply.isError():
            code = getattr(reply, "exception_code", 0)
            raise DecodeError(f"exception {code}", _EXCEPTIONS.get(code, "unknown"))
        if reply.dev_id != request.dev_id or reply.function_code != request.function_code:
            self._distrust()
            raise DecodeError(
                "wrong reply",
                f"asked unit {request.dev_id} function {request.function_code}, "
                f"got unit {reply.dev_id} function {reply.function_code}",
            )
        return reply

    def _distrust(self) -> None:
        """What follows may be anything: hang up, or wait for the line to become quiet."""
        if self._has_ids:
            self.close()
        else:
            self._quiet.is_unsure = True

    # What asyncio tells a protocol.

    def data_received(self, data: bytes) -> None:
        """Take bytes from the line."""
        for packet in self._skipped:
            # Stations say hello again whenever they like.
            data = data.removeprefix(packet)
        if not data:
            return
        is_late = self._waiting is None or self._waiting.done()
        self._quiet.heard(is_late=is_late)
        if is_late:
            self._quiet.is_unsure |= not self._has_ids
            return
        self.last_reply = (self.last_reply + data)[-_KEPT_REPLY:]
        self._buffer += data
        self._parse()
        if len(self._buffer) > _LONGEST_FRAME:
            self._buffer.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the other side has gone."""
        del exc
        self.close()

    def _parse(self) -> None:
        try:
            used, reply = self._framer.handleFrame(bytes(self._buffer), *self._asked)
        except Exception as error:  # noqa: BLE001 - any bytes may come; unhandled, asyncio logs a traceback for each
            self._buffer.clear()
            self._fail(DecodeError("garbled reply", f"{type(error).__name__}: {error}"))
            self._quiet.is_unsure = not self._has_ids
            return
        del self._buffer[:used]
        if reply is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)

    def _fail(self, fault: Exception) -> None:
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            waiting.set_exception(fault)


def _skipped(settings: ModbusSettings) -> list[bytes]:
    if not isinstance(settings, ModbusServerSettings):
        return []
    return [packet for packet in (settings.heartbeat, *settings.stations.values()) if packet]


def _opener(settings: ModbusSettings) -> Open:
    if isinstance(settings, ModbusServerSettings):
        raise TypeError("a station dials; its connection is passed in")

    async def open_serial(protocol: asyncio.Protocol) -> asyncio.BaseTransport:
        assert isinstance(settings, ModbusRtuSettings)  # noqa: S101 - told by the caller
        transport, _ = await create_serial_connection(
            asyncio.get_running_loop(),
            lambda: protocol,
            settings.port,
            baudrate=settings.baud,
            bytesize=settings.data_bits,
            parity=settings.parity,
            stopbits=settings.stop_bits,
        )
        return transport

    async def open_tcp(protocol: asyncio.Protocol) -> asyncio.BaseTransport:
        assert not isinstance(settings, ModbusRtuSettings | ModbusServerSettings)  # noqa: S101 - told by the caller
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: protocol, settings.host, settings.port
        )
        return transport

    return open_serial if isinstance(settings, ModbusRtuSettings) else open_tcp
