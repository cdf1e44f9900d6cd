"""Puts the API, the page and the guard together as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from gateway import __version__
from gateway.duty_room.api import api_routes, watch_routes
from gateway.duty_room.drills import drill_routes
from gateway.duty_room.guard import Guard
from gateway.duty_room.live import Live
from gateway.duty_room.ports import DutyRoomPorts
from gateway.duty_room.reloading import reload_routes
from gateway.duty_room.sensor_quality import quality_routes
from gateway.duty_room.stages import stage_routes
from gateway.duty_room.writes import write_routes

STATIC = Path(__file__).parent / "static"


def create_app(ports: DutyRoomPorts) -> FastAPI:
    """Build the application over the ports it is handed."""
    live = Live(ports)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(live.run(), name="duty-room-live")
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    # The viewers that FastAPI offers load their scripts from elsewhere; the page has to work without a network.
    app = FastAPI(
        title="Urban lifeline gateway",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.live = live
    app.include_router(api_routes(ports, live))
    app.include_router(watch_routes(ports))
    app.include_router(quality_routes(ports))
    if ports.drills is not None:
        app.include_router(drill_routes(ports.drills))
    if ports.reloads is not None:
        app.include_router(reload_routes(ports.reloads))
    if ports.writes is not None:
        app.include_router(write_routes(ports.writes))
    if ports.stages is not None:
        app.include_router(stage_routes(ports.stages))
    _add_page(app)
    app.add_middleware(Guard)
    return app


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
