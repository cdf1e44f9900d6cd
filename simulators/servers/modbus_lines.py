"""Very many Modbus devices on one event loop: a port a line, TCP or serial, and behind it as many units as answer.

What a unit says is asked of a function at the moment of the request; how it behaves can be set at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import termios
import tty
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self, TypeAlias, cast

from gateway.errors import Unreachable
from simulators.modbus_answers import Said, refusal, unit_of, without_last_registers
from simulators.servers.child import HOST
from simulators.servers.modbus_wire import Framing, Wire
from simulators.servers.registers import Behaviour

Answer: TypeAlias = Callable[[str, bytes], Said]
"""(line, request frame in the form of Modbus TCP) → what is said."""

_ILLEGAL_VALUE = 3
_CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line is: a port of loopback with TCP or RTU frames, or a serial port, which always has RTU frames."""

    port: int = 0
    """0 takes a free one."""
    framing: Framing = "tcp"
    device: str = ""
    """The path of a serial port, which keeps the speed that it has; empty for TCP."""


class ModbusLines:
    """Lines by name; a block of it listens on the loop that runs it."""

    def __init__(self, lines: Mapping[str, Line], answer: Answer, is_cut: Callable[[str], bool] | None = None) -> None:
        """Unreachable when a port is taken; `is_cut` tells of a line whether it refuses connections now."""
        self.host = HOST
        self.ports: dict[str, int] = {name: line.port for name, line in lines.items() if not line.device}
        self.requests = 0
        self._lines = dict(lines)
        self._answer = answer
        self._is_cut = is_cut or (lambda _: False)
        self._behaviours: dict[tuple[str, int], Behaviour] = {}
        self._servers: list[asyncio.Server] = []
        self._serial: list[_SerialPort] = []
        self._open: set[asyncio.Transport] = set()

    def behave(self, line: str, unit: int, behaviour: Behaviour) -> None:
        """Set how a unit answers from now on; a delay longer than a master waits makes its replies late."""
        self._behaviours[line, unit] = behaviour

    async def __aenter__(self) -> Self:
        for name, line in self._lines.items():
            try:
                await self._listen(name, line)
            except OSError as error:
                await self._shut()
                if line.device:
                    raise Unreachable(f"the line {name}: {line.device}: {error.strerror}") from error
                raise Unreachable(f"port {line.port} of {self.host}, for the line {name}, is taken") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._shut()

    async def _listen(self, name: str, line: Line) -> None:
        if line.device:
            self._serial.append(_SerialPort(line.device, partial(self.reply, name)))
            return
        make = partial(_Connection, self, name, line.framing)
        server = await asyncio.get_running_loop().create_server(make, self.host, line.port, backlog=1024)
        self._servers.append(server)
        self.ports[name] = server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        for port in self._serial:
            port.close()
        for transport in list(self._open):
            transport.abort()
        self._servers.clear()
        self._serial.clear()
        # A connection is closed in the loop's next round.
        await asyncio.sleep(0)

    def opened(self, line: str, transport: asyncio.Transport) -> None:
        """Remember a connection, to close it with its line; one to a line that is cut breaks at once."""
        self._open.add(transport)
        if self._is_cut(line):
            transport.abort()

    def closed(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        self._open.discard(transport)

    def reply(self, line: str, frame: bytes) -> Said:
        """Return what is said to a request: by the device, as its unit has been told to behave."""
        self.requests += 1
        behaviour = self._behaviours.get((line, unit_of(frame)))
        if behaviour is None:
            return self._answer(line, frame)
        if behaviour.is_silent:
            return Said(None)
        exception = behaviour.exception
        if behaviour.longest and int.from_bytes(frame[10:12], "big") > behaviour.longest:
            exception = _ILLEGAL_VALUE
        said = Said(refusal(frame, exception)) if exception else self._answer(line, frame)
        if said.frame is not None and behaviour.missing_registers:
            said = said._replace(frame=without_last_registers(said.frame, behaviour.missing_registers))
        return said._replace(after_seconds=said.after_seconds + behaviour.delay_seconds)


class _Connection(asyncio.Protocol):
    def __init__(self, lines: ModbusLines, line: str, framing: Framing) -> None:
        self._lines = lines
        self._line = line
        self._framing: Framing = framing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wire = Wire(self._framing, partial(self._lines.reply, self._line), self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines.opened(self._line, self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lines.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        self._wire.heard(data)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        self._transport.abort()


class _SerialPort:
    """A serial port that is read whenever it has bytes; it cannot be hung up on."""

    def __init__(self, path: str, answering: Callable[[bytes], Said]) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            tty.setraw(self._file)
        except termios.error:
            os.close(self._file)
            raise OSError(errno.ENOTTY, "is no serial port") from None
        self._loop = asyncio.get_running_loop()
        self._wire = Wire("rtu", answering, self)
        self._is_open = True
        self._loop.add_reader(self._file, self._read)

    def close(self) -> None:
        self._is_open = False
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def write(self, data: bytes) -> None:
        if self._is_open:
            # A master that does not read loses what does not fit into the port.
            with contextlib.suppress(OSError):
                os.write(self._file, data)

    def abort(self) -> None:
        """Say nothing: there is no connection to break."""

    def _read(self) -> None:
        try:
            data = os.read(self._file, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._wire.heard(data)
        else:
            # The other end is gone for good; a reader of it would be called for ever.
            self._loop.remove_reader(self._file)
