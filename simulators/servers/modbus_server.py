"""A real Modbus server (pymodbus's), one port for a whole line of units, in a thread of its own.

It listens on loopback with Modbus TCP, RTU or ASCII frames, or sits on a serial port.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self, TypeAlias

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gateway.errors import Unreachable
from gateway.profiles import RegisterKind
from simulators.servers.child import HOST
from simulators.servers.registers import Behaviour, RegisterTable

_STOP_SECONDS = 5.0

Framing: TypeAlias = Literal["tcp", "rtu", "ascii"]


class ModbusServer:
    """A line of units behind one TCP port; a unit exists once it was given registers.

    After `stop`, `start` listens on the same port again with the same registers.
    """

    def __init__(self, port: int = 0, *, framing: Framing = "tcp", device: str = "") -> None:
        """`device` is the path of a serial port; without it the server listens on loopback."""
        self.host = HOST
        self.device = device
        self.port = port
        self.table = RegisterTable()
        self._framer = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU, "ascii": FramerType.ASCII}[framing]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: ModbusTcpServer | ModbusSerialServer | None = None
        self._thread: threading.Thread | None = None

    def put(self, unit: int, kind: RegisterKind, address: int, values: Sequence[int]) -> None:
        """Write registers of a unit; `address` starts at 0, as in the request."""
        self.table.put(unit, kind, address, values)

    def echo(self, unit: int) -> None:
        """Make every register of a unit hold its own address."""
        self.table.echo(unit)

    def behave(self, unit: int, behaviour: Behaviour) -> None:
        """Set how a unit answers from now on."""
        self.table.behave(unit, behaviour)

    def start(self) -> None:
        """Listen, and return when connections are accepted."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name=f"modbus-server-{self.port}", daemon=True)
        thread.start()
        self._loop, self._thread = loop, thread
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), loop).result(_STOP_SECONDS)
        except BaseException:
            self.stop()
            raise

    def drop_connections(self) -> None:
        """Close every open connection; the port stays open."""
        if self._loop is not None and self._server is not None:
            asyncio.run_coroutine_threadsafe(_drop(self._server), self._loop).result(_STOP_SECONDS)

    def stop(self) -> None:
        """Close the port and every connection."""
        loop, thread, server = self._loop, self._thread, self._server
        self._loop = self._thread = self._server = None
        if loop is None or thread is None:
            return
        if server is not None:
            asyncio.run_coroutine_threadsafe(_shut(server), loop).result(_STOP_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_STOP_SECONDS)
        loop.close()

    async def _listen(self) -> None:
        placeholder = SimDevice(0, simdata=[SimData(0, datatype=DataType.REGISTERS)])
        server: ModbusTcpServer | ModbusSerialServer
        if self.device:
            server = ModbusSerialServer(placeholder, framer=self._framer, port=self.device, ignore_missing_devices=True)
        else:
            server = ModbusTcpServer(
                placeholder, framer=self._framer, address=(self.host, self.port), ignore_missing_devices=True
            )
        # pymodbus's own tables are fixed when the server is built; ours changes while it runs.
        server.context = self.table  # type: ignore[assignment]
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise Unreachable(f"port {self.port} of {self.host} is taken") from error
        self._server = server
        listener = server.transport
        if isinstance(listener, asyncio.Server):
            self.port = listener.sockets[0].getsockname()[1]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


async def _drop(server: ModbusTcpServer | ModbusSerialServer) -> None:
    for connection in list(server.active_connections.values()):
        connection.close()
    await asyncio.sleep(0)


async def _shut(server: ModbusTcpServer | ModbusSerialServer) -> None:
    await _drop(server)
    await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it untyped
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
