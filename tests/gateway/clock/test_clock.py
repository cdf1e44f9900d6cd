from __future__ import annotations

import asyncio

from gateway.clock import FakeClock, SystemClock, to_iso
from gateway.model import SECOND


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock = FakeClock()
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now().monotonic_ns))

    tasks = [asyncio.create_task(sleeper("late", 3)), asyncio.create_task(sleeper("early", 1))]
    await asyncio.sleep(0)
    await clock.advance(5)
    await asyncio.gather(*tasks)

    assert woken == [("early", 1 * SECOND), ("late", 3 * SECOND)]
    assert clock.now().monotonic_ns == 5 * SECOND


async def test_setting_the_wall_clock_wakes_nobody_and_keeps_monotonic_time() -> None:
    clock = FakeClock()
    before = clock.now()

    clock.set_utc(before.utc_ns - 3600 * SECOND)

    assert clock.now().monotonic_ns == before.monotonic_ns
    assert clock.now().utc_ns == before.utc_ns - 3600 * SECOND


async def test_the_system_clock_knows_its_boot_and_goes_forward() -> None:
    clock = SystemClock()
    first = clock.now()

    await clock.sleep(0)
    second = clock.now()

    assert first.boot_id == second.boot_id != ""
    assert second.monotonic_ns >= first.monotonic_ns


def test_times_before_1970_and_nanoseconds_are_written_exactly() -> None:
    assert to_iso(-1) == "1969-12-31T23:59:59.999999999Z"
    assert to_iso(0) == "1970-01-01T00:00:00.000Z"
