"""Very many Modbus TCP devices in one process: answers every read of holding registers with the same floats.

Prints its port as JSON and serves every address of loopback on it, so that each device has an endpoint of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct


class _Device(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 12:
            request, self._buffer = self._buffer[:12], self._buffer[12:]
            (count,) = struct.unpack(">H", request[10:12])
            words = struct.pack(">f", 20.5) * (count // 2 + 1)
            head = request[:4] + (3 + 2 * count).to_bytes(2) + request[6:8] + bytes([2 * count])
            self._transport.write(head + words[: 2 * count])


async def main() -> None:
    """Serve until stdin is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Device, "0.0.0.0", 0, backlog=1024)  # noqa: S104 - loopback's many addresses
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, os.read, 0, 1)


if __name__ == "__main__":
    asyncio.run(main())
