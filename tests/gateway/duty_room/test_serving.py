from __future__ import annotations

import asyncio
import socket
import time

import httpx
import pytest

from gateway.clock import SystemClock
from gateway.duty_room import DutyRoomPorts, create_app, serve
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.ledger import Ledger
from tests.gateway.duty_room.town import MemoryHistory


@pytest.fixture
def ports(ports: DutyRoomPorts, ledger: Ledger, history: MemoryHistory, health: Health) -> DutyRoomPorts:
    return DutyRoomPorts(ports.inventory, ports.numbers, ledger, history, health, SystemClock())


async def test_it_listens_on_a_free_port_and_stops_quickly_under_open_pages(ports: DutyRoomPorts) -> None:
    server = await serve(create_app(ports), "127.0.0.1", 0)
    began = time.monotonic()

    async with httpx.AsyncClient(base_url=server.url) as client, client.stream("GET", "/api/v1/stream") as page:
        lines = page.aiter_lines()
        first = [await anext(lines) for _ in range(3)]
        await server.stop()
        rest = [line async for line in lines]

    assert first[2] == "event: snapshot"
    assert rest
    assert time.monotonic() - began < 2


async def test_a_page_that_leaves_is_forgotten(ports: DutyRoomPorts) -> None:
    app = create_app(ports)
    server = await serve(app, "127.0.0.1", 0)

    async with httpx.AsyncClient(base_url=server.url) as client:
        async with client.stream("GET", "/api/v1/stream") as page:
            await anext(page.aiter_lines())
            listening = app.state.live.stream.pages
        async with asyncio.timeout(60):
            while app.state.live.stream.pages:  # noqa: ASYNC110 - the server tells nobody when a page leaves
                await asyncio.sleep(0)

    assert listening == 1
    await server.stop()


async def test_a_port_that_is_taken_is_said_so(ports: DutyRoomPorts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Unreachable, match="choose another port"):
        await serve(create_app(ports), "127.0.0.1", taken.getsockname()[1])
