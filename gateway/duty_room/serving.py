"""Serves the application on a socket of its own, inside the gateway's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from gateway.duty_room.live import Live
from gateway.errors import Unreachable

_STOP_SECONDS = 2


class _Server(uvicorn.Server):
    """A server that leaves signals to the gateway and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.listening.set()


class DutyRoomServer:
    """A page that is being served."""

    def __init__(self, app: FastAPI, server: _Server, running: asyncio.Task[None], url: str) -> None:
        self._app = app
        self._server = server
        self._running = running
        self.url = url
        """Where the page is."""

    async def stop(self) -> None:
        """End open streams and stop serving."""
        live: Live = self._app.state.live
        live.stream.close()
        self._server.should_exit = True
        await self._running


async def serve(app: FastAPI, host: str, port: int) -> DutyRoomServer:
    """Listen and serve in a task; raises `Unreachable` when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unreachable(f"the page cannot listen on {host}:{port}: {error.strerror}; choose another port") from error
    bound_port = listener.getsockname()[1]
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=_STOP_SECONDS
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="duty-room")
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait((listening, running), return_when=asyncio.FIRST_COMPLETED)
    if not listening.done():
        listening.cancel()
        await running
        raise Unreachable("the page ended while it started")
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return DutyRoomServer(app, server, running, f"http://{shown}:{bound_port}/")
