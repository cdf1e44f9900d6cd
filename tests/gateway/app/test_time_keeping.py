"""A box that boots without a clock: nothing is lost, and what is stored has the right time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.app import Gateway
from gateway.clock import Clock, FakeClock, Ntp
from gateway.model import SECOND, Anchor, Flag, Quality, batch_of
from tests.example_site import example_site

METHANE, NEAR = "MH-0231.gas-0231.ch4", "MH-0232.gas-0232.ch4"
NOON = 1_700_000_000 * SECOND


class Told:
    """A trust that is told what to say."""

    def __init__(self, state: Ntp) -> None:
        self.state = state

    def ntp(self) -> Ntp:
        return self.state


@asynccontextmanager
async def gateway_on(state: Path, clock: FakeClock, trust: Told) -> AsyncIterator[Gateway]:
    """Run a gateway without collectors."""
    site = replace(example_site(), collectors={})
    async with Gateway(site, state, clock=clock, trust=trust, port=0) as gateway:
        yield gateway


def stamps_of(gateway: Gateway) -> Clock:
    """Return the clock that collectors get."""
    assert gateway.times is not None
    return gateway.times.stamps


async def poll(gateway: Gateway, value: float, number: int | None = None) -> None:
    """Put one reading that the gateway stamps itself."""
    now = stamps_of(gateway).now()
    number = gateway.numbers[METHANE] if number is None else number
    await gateway.put([batch_of([(number, now.utc_ns, value, Quality.GOOD, 0)], now)], urgent=True)


async def caught_up(gateway: Gateway) -> None:
    """Wait for what the clock's task journals, and for its readers."""
    await asyncio.sleep(0)
    await gateway.put([], urgent=True)
    await gateway.drained()


async def test_readings_of_a_boot_in_1970_are_stored_with_their_time_once_it_is_known(tmp_path: Path) -> None:
    clock, trust = FakeClock(12 * SECOND), Told(Ntp.WAITING)
    async with gateway_on(tmp_path, clock, trust) as gateway:
        for value in (1.0, 2.0, 3.0):
            await poll(gateway, value)
            await clock.advance(10)
        await gateway.drained()
        held = gateway.health.gauges()["readings_held"]
        before = gateway.history.count()

        clock.set_utc(NOON)
        trust.state = Ntp.SYNCHRONISED
        await clock.advance(1)
        await poll(gateway, 4.0)
        await caught_up(gateway)

        rows = gateway.history.read(gateway.numbers[METHANE], 0, 2 * NOON)
        assert (held, before) == (3.0, 0)
        assert rows.value.tolist() == [1.0, 2.0, 3.0, 4.0]
        assert rows.time_ns.tolist() == [NOON + second * SECOND for second in (-30, -20, -10, 1)]
        assert rows.flags.tolist() == [0, 0, 0, 0]
    assert gateway.health.gauges()["readings_held"] == 0.0


async def test_a_reading_with_a_time_of_its_own_does_not_wait(tmp_path: Path) -> None:
    clock, trust = FakeClock(12 * SECOND), Told(Ntp.WAITING)
    async with gateway_on(tmp_path, clock, trust) as gateway:
        now = stamps_of(gateway).now()
        own, stamped = gateway.numbers[METHANE], gateway.numbers[NEAR]

        await gateway.put([batch_of([(own, NOON, 5.0, 1, 0), (stamped, now.utc_ns, 6.0, 1, 0)], now)], urgent=True)
        await gateway.drained()

        assert gateway.history.read(own, 0, 2 * NOON).time_ns.tolist() == [NOON]
        assert gateway.history.count(stamped) == 0
        assert gateway.history.latest()[own].received_ns > 0


async def test_a_restart_before_the_time_is_known_loses_nothing(tmp_path: Path) -> None:
    clock, trust = FakeClock(12 * SECOND), Told(Ntp.WAITING)
    async with gateway_on(tmp_path, clock, trust) as gateway:
        await poll(gateway, 1.0)
    await clock.advance(50)

    async with gateway_on(tmp_path, clock, trust) as gateway:
        await poll(gateway, 2.0)
        clock.set_utc(NOON)
        trust.state = Ntp.SYNCHRONISED
        await clock.advance(1)
        await caught_up(gateway)

        rows = gateway.history.read(gateway.numbers[METHANE], 0, 2 * NOON)
        assert rows.time_ns.tolist() == [NOON - 50 * SECOND, NOON]


async def test_rows_of_a_boot_that_never_knew_the_time_are_placed_before_this_one_and_say_so(tmp_path: Path) -> None:
    async with gateway_on(tmp_path, FakeClock(12 * SECOND, "first boot"), Told(Ntp.WAITING)) as gateway:
        await poll(gateway, 1.0)

    clock = FakeClock(NOON, "second boot")
    async with gateway_on(tmp_path, clock, Told(Ntp.SYNCHRONISED)) as gateway:
        await caught_up(gateway)

        rows = gateway.history.read(gateway.numbers[METHANE], 0, 2 * NOON)
        assert rows.time_ns.tolist() == [NOON]
        assert rows.quality.tolist() == [Quality.SUSPECT]
        assert rows.flags.tolist() == [Flag.TIME_UNSURE]


async def test_a_crash_between_journaling_and_forgetting_stores_nothing_twice(tmp_path: Path) -> None:
    clock, trust = FakeClock(12 * SECOND), Told(Ntp.WAITING)
    async with gateway_on(tmp_path, clock, trust) as gateway:
        await poll(gateway, 1.0)
    left = (tmp_path / "journal" / "unsure.db").read_bytes()
    clock.set_utc(NOON)
    trust.state = Ntp.SYNCHRONISED
    async with gateway_on(tmp_path, clock, trust) as gateway:
        await caught_up(gateway)
    (tmp_path / "journal" / "unsure.db").write_bytes(left)

    async with gateway_on(tmp_path, clock, trust) as gateway:
        await caught_up(gateway)

        rows = gateway.history.read(gateway.numbers[METHANE], 0, 2 * NOON)
        assert list(rows) == [(NOON, 1.0, Quality.GOOD, 0)]


async def test_a_jump_of_a_day_and_an_hour_back_change_no_stored_time_and_silence_nobody(tmp_path: Path) -> None:
    clock, trust = FakeClock(NOON), Told(Ntp.NONE)
    async with gateway_on(tmp_path, clock, trust) as gateway:
        wanted = []
        for step in range(60):
            jump = {20: 86_400, 40: -90_000}.get(step, 0)
            clock.set_utc(clock.now().utc_ns + jump * SECOND)
            await poll(gateway, float(step % 2))
            wanted.append(NOON + step * 10 * SECOND)
            await clock.advance(10)
            gateway.journal.wake()
        await caught_up(gateway)

        rows = gateway.history.read(gateway.numbers[METHANE], 0, 2 * NOON)
        found = [finding for one in gateway.ledger.warnings() for finding in one.findings.values()]
        silent = {finding.evidence.channel for finding in found if finding.hazard == "sensor_silent"}
        assert rows.time_ns.tolist() == wanted
        assert silent
        assert METHANE not in silent


async def test_the_anchor_is_journaled_once_a_boot(tmp_path: Path) -> None:
    clock, trust = FakeClock(NOON), Told(Ntp.NONE)
    for _ in range(2):
        async with gateway_on(tmp_path, clock, trust) as gateway:
            await clock.advance(30)
            await caught_up(gateway)
            anchors = [one.record for one in gateway.journal.read(0) if isinstance(one.record, Anchor)]

    assert anchors == [Anchor("fake", 0, NOON)]
