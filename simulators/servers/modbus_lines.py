"""Very many Modbus TCP devices on one event loop: a port a line, and behind it as many units as answer.

What a unit holds is asked of a function at the moment of the request; how it behaves can be set at any time.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self, TypeAlias, cast

from gateway.errors import Unreachable
from simulators.modbus_answers import without_last_registers
from simulators.servers.child import HOST
from simulators.servers.registers import Behaviour

Answer: TypeAlias = Callable[[str, bytes], bytes | None]
"""(line, request frame) → reply frame, None when nobody replies."""

_HEADER = struct.Struct(">HHHB")
_LONGEST_FRAME = 260
"""Bytes of the longest frame (MODBUS Messaging on TCP/IP Implementation Guide 1.0b, 3.1.2)."""
_ILLEGAL_VALUE = 3


class ModbusLines:
    """Lines by name, each with a port of its own; a block of it listens on the loop that runs it."""

    def __init__(self, lines: Mapping[str, int], answer: Answer) -> None:
        """`lines` gives each its port, 0 for a free one; Unreachable when one is taken."""
        self.host = HOST
        self.ports: dict[str, int] = dict(lines)
        self.requests = 0
        self._answer = answer
        self._behaviours: dict[tuple[str, int], Behaviour] = {}
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Transport] = set()

    def behave(self, line: str, unit: int, behaviour: Behaviour) -> None:
        """Set how a unit answers from now on; a delay longer than a master waits makes its replies late."""
        self._behaviours[line, unit] = behaviour

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for line, port in list(self.ports.items()):
            try:
                server = await loop.create_server(partial(_Connection, self, line), self.host, port, backlog=1024)
            except OSError as error:
                await self._shut()
                raise Unreachable(f"port {port} of {self.host}, for the line {line}, is taken") from error
            self._servers.append(server)
            self.ports[line] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._shut()

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        for transport in list(self._open):
            transport.abort()
        self._servers.clear()
        # A connection is closed in the loop's next round.
        await asyncio.sleep(0)

    def opened(self, transport: asyncio.Transport) -> None:
        """Remember a connection, to close it with its line."""
        self._open.add(transport)

    def closed(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        self._open.discard(transport)

    def reply(self, line: str, frame: bytes) -> tuple[bytes | None, float]:
        """Return what a unit replies to a request, None for silence, and after how many seconds."""
        self.requests += 1
        behaviour = self._behaviours.get((line, frame[6]))
        if behaviour is None:
            return self._answer(line, frame), 0.0
        if behaviour.is_silent:
            return None, 0.0
        exception = behaviour.exception
        if behaviour.longest and int.from_bytes(frame[10:12], "big") > behaviour.longest:
            exception = _ILLEGAL_VALUE
        said = _refusal(frame, exception) if exception else self._answer(line, frame)
        if said is not None and behaviour.missing_registers:
            said = without_last_registers(said, behaviour.missing_registers)
        return said, behaviour.delay_seconds


class _Connection(asyncio.Protocol):
    def __init__(self, lines: ModbusLines, line: str) -> None:
        self._lines = lines
        self._line = line
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines.opened(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lines.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            _, protocol, length, _ = _HEADER.unpack_from(self._buffer)
            size = 6 + length
            if protocol or not _HEADER.size < size <= _LONGEST_FRAME:
                # What does not speak Modbus cannot be followed to its next frame.
                self._transport.abort()
                return
            if len(self._buffer) < size:
                return
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            said, seconds = self._lines.reply(self._line, frame)
            if said is None:
                continue
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self._say, said)
            else:
                self._transport.write(said)

    def _say(self, said: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(said)


def _refusal(frame: bytes, exception: int) -> bytes:
    transaction, _, _, unit = _HEADER.unpack_from(frame)
    return _HEADER.pack(transaction, 0, 3, unit) + bytes([frame[7] | 0x80, exception])
