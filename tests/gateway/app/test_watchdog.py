from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app.watchdog import Watchdog
from gateway.clock import FakeClock
from gateway.model import SECOND

PROCESS = 4711


class Manager:
    """The receiving end of a notify socket, as systemd has it."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0)

    def heard(self) -> list[str]:
        """Return what was said since the last look."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.socket.close()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(PROCESS)}


async def test_a_gateway_says_ready_then_that_it_lives_then_that_it_stops(
    manager: Manager, environment: dict[str, str]
) -> None:
    clock = FakeClock()

    async with Watchdog(
        lambda: clock.now().monotonic_ns, environment=environment, process=PROCESS, clock=clock
    ) as watchdog:
        watchdog.ready("62 channels")
        await asyncio.sleep(0)
        await clock.advance(60)
        watchdog.stopping()

    heard = manager.heard()
    assert heard[0] == "READY=1\nSTATUS=62 channels"
    assert heard[1:-1] == ["WATCHDOG=1"] * 5
    assert heard[-1].startswith("STOPPING=1\n")


async def test_a_journal_that_no_longer_gets_round_is_not_alive(
    manager: Manager, environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    clock, stuck_at_ns = FakeClock(), 30 * SECOND

    with caplog.at_level(logging.ERROR):
        async with Watchdog(
            lambda: min(stuck_at_ns, clock.now().monotonic_ns), environment=environment, process=PROCESS, clock=clock
        ) as watchdog:
            watchdog.ready("")
            await asyncio.sleep(0)
            await clock.advance(45)
            manager.heard()
            await clock.advance(120)

    assert manager.heard() == []
    assert len(caplog.records) == 1


async def test_a_journal_that_gets_round_again_is_alive_again(manager: Manager, environment: dict[str, str]) -> None:
    clock, heartbeats = FakeClock(), [0]

    async with Watchdog(lambda: heartbeats[-1], environment=environment, process=PROCESS, clock=clock) as watchdog:
        watchdog.ready("")
        await asyncio.sleep(0)
        await clock.advance(35)
        heartbeats.append(40 * SECOND)
        manager.heard()
        await clock.advance(15)

    assert manager.heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize("changes", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "soon"}], ids=str)
async def test_a_watchdog_that_is_not_ours_is_not_fed(
    manager: Manager, environment: dict[str, str], changes: dict[str, str]
) -> None:
    clock = FakeClock()

    async with Watchdog(
        lambda: clock.now().monotonic_ns, environment=environment | changes, process=PROCESS, clock=clock
    ) as watchdog:
        watchdog.ready("")
        await asyncio.sleep(0)
        await clock.advance(60)

    assert manager.heard() == ["READY=1\nSTATUS="]


async def test_abstract_sockets_are_understood(environment: dict[str, str], tmp_path: Path) -> None:
    name = f"lifeline-{tmp_path.name}"
    manager = Manager("\0" + name)

    async with Watchdog(
        lambda: 0, environment=environment | {"NOTIFY_SOCKET": f"@{name}"}, process=PROCESS, clock=FakeClock()
    ) as watchdog:
        watchdog.ready("here")

    assert "READY=1\nSTATUS=here" in manager.heard()
    manager.socket.close()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/at/all"])
async def test_without_systemd_nothing_fails(address: str) -> None:
    async with Watchdog(
        lambda: 0, environment={"NOTIFY_SOCKET": address}, process=PROCESS, clock=FakeClock()
    ) as watchdog:
        watchdog.ready("")
        watchdog.stopping()

    assert watchdog._feeding is None
