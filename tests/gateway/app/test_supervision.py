"""A task that fails is started again, however often, and says so once."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise

import pytest

from gateway.app.supervision import keep_running
from gateway.clock import FakeClock
from gateway.health import Health


async def test_a_task_that_dies_again_and_again_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    clock, health = FakeClock(), Health()
    starts: list[int] = []
    is_up = asyncio.Event()

    async def run() -> None:
        starts.append(clock.now().monotonic_ns)
        if len(starts) < 5:
            raise OSError("the port is gone")
        is_up.set()
        await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        task = asyncio.create_task(keep_running("line", run, clock=clock, health=health))
        await asyncio.sleep(0)
        await clock.advance(60)
        await asyncio.wait_for(is_up.wait(), 60)

    assert len(starts) == 5
    assert all(later > earlier for earlier, later in pairwise(starts))
    assert health.counts()["line", "failed", "OSError"] == 4
    assert [record.exc_info is not None for record in caplog.records] == [True], "one traceback, not one a try"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_returns_is_started_again_too() -> None:
    clock = FakeClock()
    starts: list[int] = []

    async def run() -> None:
        starts.append(clock.now().monotonic_ns)

    task = asyncio.create_task(keep_running("line", run, clock=clock, health=Health()))
    await asyncio.sleep(0)
    await clock.advance(600)

    assert 8 <= len(starts) <= 30, "pauses grow to a minute"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
