"""The API and the page of one site. Importing this costs nothing; the web framework comes with `create_app`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.duty_room.ports import DutyRoomPorts, StagePort

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gateway.duty_room.serving import DutyRoomServer

__all__ = ["DutyRoomPorts", "StagePort", "create_app", "serve"]


def create_app(ports: DutyRoomPorts) -> FastAPI:
    """Build the application; takes most of a second the first time, so call it in a thread."""
    from gateway.duty_room import application, serving  # noqa: F401, PLC0415 - imported when collecting has begun

    return application.create_app(ports)


async def serve(app: FastAPI, host: str, port: int) -> DutyRoomServer:
    """Serve on a socket of its own (port 0: a free one); the result knows its `url` and has `stop()`."""
    from gateway.duty_room import serving  # noqa: PLC0415

    return await serving.serve(app, host, port)
