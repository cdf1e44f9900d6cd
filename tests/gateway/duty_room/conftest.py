"""The town's duty room, asked without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.clock import FakeClock
from gateway.duty_room import DutyRoomPorts, create_app
from gateway.health import Health
from gateway.ledger import Ledger
from tests.gateway.duty_room.town import MemoryHistory, town_inventory


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands at the beginning of the stories of `finding`."""
    return FakeClock()


@pytest.fixture
def history() -> MemoryHistory:
    """Return an empty history."""
    return MemoryHistory()


@pytest.fixture
def health() -> Health:
    """Return a gateway's counters."""
    return Health()


@pytest.fixture
def ledger(tmp_path: Path, clock: FakeClock, health: Health) -> Iterator[Ledger]:
    """Return a real ledger."""
    ledger = Ledger.open(tmp_path / "ledger", site="town", clock=clock, health=health)
    yield ledger
    ledger.close()


@pytest.fixture
def ports(ledger: Ledger, history: MemoryHistory, clock: FakeClock, health: Health) -> DutyRoomPorts:
    """Return what the duty room knows of the town."""
    inventory, _ = town_inventory()
    numbers = {channel: number for number, channel in enumerate(inventory.channels, 1)}
    return DutyRoomPorts(inventory, numbers, ledger, history, health, clock)


@pytest.fixture
def app(ports: DutyRoomPorts) -> FastAPI:
    """Return the application."""
    return create_app(ports)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client that asks the application directly."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client
