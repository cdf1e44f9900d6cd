"""A whole gateway copies what it journals to InfluxDB; InfluxDB's troubles are its own."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.model import SECOND, Batch, batch_of
from gateway.settings import InfluxdbSettings, Site
from simulators.servers.influxdb_stand_in import InfluxdbStandIn, Planned
from tests.example_site import example_site

pytestmark = pytest.mark.slow

METHANE = "MH-0231.gas-0231.ch4"
WAIT_SECONDS = 60

Running: TypeAlias = Callable[..., AbstractAsyncContextManager[Gateway]]


@pytest.fixture
def influxdb() -> Iterator[InfluxdbStandIn]:
    with InfluxdbStandIn() as server:
        yield server


@pytest.fixture
def site(influxdb: InfluxdbStandIn) -> Site:
    """The example site without devices to wait for, copied to the stand-in."""
    settings = InfluxdbSettings(influxdb.url, "city", "lifeline", influxdb.token, timeout_seconds=1.0)
    site = example_site()
    journal = replace(site.journal, yielding=("influxdb",), flush_seconds=0.01)
    return replace(site, collectors={}, influxdb=settings, journal=journal)


@pytest.fixture
def running(site: Site, tmp_path: Path) -> Running:
    """Run the gateway of one state folder."""

    @asynccontextmanager
    async def run(token: str = "") -> AsyncIterator[Gateway]:
        assert site.influxdb is not None
        settings = replace(site.influxdb, token=token or site.influxdb.token)
        async with Gateway(replace(site, influxdb=settings), tmp_path, clock=SystemClock(), port=0) as gateway:
            yield gateway

    return run


def methane(gateway: Gateway, count: int, *, first: int = 0) -> Batch:
    now = gateway.clock.now()
    start_ns = now.utc_ns - now.utc_ns % SECOND - 3_600 * SECOND
    rows = [(gateway.numbers[METHANE], start_ns + at * SECOND, 1.5, 1, 0) for at in range(first, first + count)]
    return batch_of(rows, now)


async def until(condition: Callable[[], bool]) -> None:
    """Return when something that another thread does has come true."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - a server's state is for looking at
            await asyncio.sleep(0.02)


async def readiness(gateway: Gateway) -> tuple[int, dict[str, str]]:
    """Return the answer of /readyz and the reasons in it by condition."""

    def ask() -> tuple[int, dict[str, str]]:
        with urllib.request.urlopen(gateway.url.rstrip("/") + "/readyz", timeout=60) as answer:  # noqa: S310 - our page
            conditions = json.load(answer)["conditions"]
            return answer.status, {one["name"]: one["reason"] for one in conditions if not one["ok"]}

    return await asyncio.to_thread(ask)


async def put(gateway: Gateway, batch: Batch) -> None:
    done: Awaitable[None] = gateway.put([batch], urgent=True)
    async with asyncio.timeout(60):
        await done
        await gateway.drained()


async def test_what_is_journaled_is_in_influxdb_with_its_tags(influxdb: InfluxdbStandIn, running: Running) -> None:
    async with running() as gateway:
        await put(gateway, methane(gateway, 300))

    tags = {tags for _, tags, _ in influxdb.points}
    assert len(influxdb.points) == 300
    assert {measurement for measurement, _, _ in influxdb.points} == {"combustible_gas"}
    assert [dict(one) for one in tags] == [
        {"asset": "MH-0231", "channel": METHANE, "device": "gas-0231", "lifeline": "gas", "site": "demo-district"}
    ]


async def test_influxdb_away_holds_up_nothing_is_said_once_and_gets_everything_later(
    influxdb: InfluxdbStandIn, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    influxdb.stop()
    with caplog.at_level(logging.INFO):
        async with running() as gateway:
            batch = methane(gateway, 200)
            await put(gateway, batch.take(batch.time_ns < batch.time_ns[100]))
            await until(
                lambda: any(not one.ok and one.name == "reader_influxdb" for one in gateway.health.conditions())
            )
            await put(gateway, batch.take(batch.time_ns >= batch.time_ns[100]))
            kept = gateway.history.count(gateway.numbers[METHANE])
            status, reasons = await readiness(gateway)

            influxdb.start()
            await until(lambda: len(influxdb.points) == 200)

    said = [record.getMessage() for record in caplog.records if "influxdb" in record.getMessage()]
    assert kept == 200
    assert status == 200
    assert f"InfluxDB at {influxdb.url} cannot be reached" in reasons["reader_influxdb"]
    assert sum("waits: InfluxDB" in text for text in said) == 1
    assert sum("goes on" in text for text in said) == 1


async def test_a_token_that_is_refused_stops_only_the_copy(influxdb: InfluxdbStandIn, running: Running) -> None:
    async with running("wrong") as gateway:
        await put(gateway, methane(gateway, 50))
        await until(lambda: bool(influxdb.requests))
        await until(lambda: any(not one.ok and one.name == "reader_influxdb" for one in gateway.health.conditions()))
        status, reasons = await readiness(gateway)
        kept = gateway.history.count(gateway.numbers[METHANE])

    assert (status, kept) == (200, 50)
    assert "does not accept the token (HTTP 401)" in reasons["reader_influxdb"]
    assert "asked again every minute" in reasons["reader_influxdb"]
    assert influxdb.requests == [(401, 50)]

    async with running() as gateway:
        await until(lambda: len(influxdb.points) == 50)


async def test_one_refused_point_is_in_quarantine_and_the_rest_in_influxdb(
    influxdb: InfluxdbStandIn, running: Running
) -> None:
    async with running() as gateway:
        batch = methane(gateway, 300)
        influxdb.oldest_ns = int(batch.time_ns[1])

        await put(gateway, batch)
        await until(lambda: len(influxdb.points) == 299)
        await until(lambda: bool(gateway.journal.quarantine(5)))
        (refused,) = gateway.journal.quarantine(5)
        _, reasons = await readiness(gateway)

    assert refused.reason == "rejected:influxdb"
    assert refused.payload.endswith(b" %d" % batch.time_ns[0])
    assert "beyond retention" in refused.detail
    assert "beyond retention" in reasons["influxdb_rejects"]


async def test_a_slow_and_breaking_server_loses_nothing(influxdb: InfluxdbStandIn, running: Running) -> None:
    influxdb.plan += [
        Planned(is_silent=True),
        Planned(503, {"Retry-After": "1"}),
        Planned(is_reset=True),
        Planned(429),
    ]
    async with running() as gateway:
        await put(gateway, methane(gateway, 100))
        await until(lambda: len(influxdb.points) == 100)

    assert [status for status, _ in influxdb.requests[:5]] == [0, 503, 0, 429, 204]


async def test_a_stop_does_not_wait_for_a_silent_server(influxdb: InfluxdbStandIn, site: Site, tmp_path: Path) -> None:
    assert site.influxdb is not None
    influxdb.plan += [Planned(is_silent=True)] * 10
    patient = replace(site, influxdb=replace(site.influxdb, timeout_seconds=300))
    async with Gateway(patient, tmp_path, clock=SystemClock(), port=0) as gateway:
        await put(gateway, methane(gateway, 100))
        await until(lambda: bool(influxdb.requests))
        began = gateway.clock.now().monotonic_ns

    assert gateway.clock.now().monotonic_ns - began < 5 * SECOND


async def test_a_replay_leaves_influxdb_alone(influxdb: InfluxdbStandIn, site: Site, tmp_path: Path) -> None:
    async with Gateway(site, tmp_path, clock=SystemClock(), live=False) as gateway:
        await put(gateway, methane(gateway, 100))

    assert influxdb.requests == []


def test_the_start_of_a_gateway_does_not_wait_for_the_client() -> None:
    script = "import sys, gateway.app; print([name for name in ('influxdb_client', 'aiohttp') if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
