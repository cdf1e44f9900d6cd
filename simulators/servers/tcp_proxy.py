"""A bad line: a TCP proxy on loopback that delays, falls silent, breaks connections, or is not there at all.

Silent means half open: connections stand, new ones are accepted, and no byte arrives until somebody breaks them.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from simulators.servers.child import HOST

_CHUNK_BYTES = 65_536
_ANSWER_SECONDS = 10.0
_NO_LINGER = struct.pack("ii", 1, 0)

Answer = TypeVar("Answer")


class TcpProxy:
    """Stands before one port of loopback, on an ephemeral port of its own."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.delay_seconds = 0.0
        """How much later every piece arrives."""
        self.accepted = 0
        """Connections taken since the start."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._passing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen, and pass everything on."""
        if not self._thread.is_alive():
            self._thread.start()
        self._run(self._listen())

    def go_silent(self) -> None:
        """Let no byte through any more, on connections that stand and on new ones."""
        self._loop.call_soon_threadsafe(self._passing.clear)

    def heal(self) -> None:
        """Break every connection, whose ends know nothing of each other any more, and pass new ones on."""
        self.reset()
        self._loop.call_soon_threadsafe(self._passing.set)

    def reset(self) -> int:
        """Break every connection with RST; return how many there were."""
        return self._run(self._reset())

    def close_port(self) -> None:
        """Break every connection and refuse new ones until `start`."""
        self._run(self._unlisten())

    def stop(self) -> None:
        """Let go of everything."""
        if self._thread.is_alive():
            self.close_port()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_ANSWER_SECONDS)
            self._loop.close()

    def _run(self, work: Coroutine[None, None, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_SECONDS)

    async def _listen(self) -> None:
        self._passing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _reset(self) -> int:
        broken, self._open = self._open, set()
        for writer in broken:
            taken: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                # Closing with lingering off sends RST instead of FIN.
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            writer.transport.abort()
        return len(broken) // 2

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._serving.add(task)
        self.accepted += 1
        self._open.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            await self._passing.wait()
            far_reader, far = await asyncio.open_connection(HOST, self.target_port)
            if writer in self._open:
                self._open.add(far)
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, far))
                    both.create_task(self._pump(far_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, far):
                if end is not None:
                    self._open.discard(end)
                    end.transport.abort()
            self._serving.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_CHUNK_BYTES):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self._passing.wait()
            writer.write(piece)
            await writer.drain()
        # One end has closed: what it sent has arrived, and the other may still answer.
        if writer.can_write_eof():
            writer.write_eof()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
