"""OPC UA against asyncua's own server."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator

import pytest
from asyncua import Server, ua

from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.collectors.backoff import Backoff
from gateway.collectors.opcua import OpcuaCollector, quality_of
from gateway.inventory import Device
from gateway.model import Attribute, Batch, Quality
from gateway.profiles import FieldPlace, Point, Profile
from gateway.settings import OpcuaSettings
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting

POINTS = {
    "co": Point("co", "carbon_monoxide", "[ppm]", FieldPlace(("gas", "co")), scale=0.1),
    "running": Point("running", "pump_running", "1", FieldPlace(("running",))),
    "absent": Point("absent", "temperature", "Cel", FieldPlace(("absent",))),
    "state": Point("state", "", "", FieldPlace(("state",)), is_text=True),
}
FAN = Profile("tunnel/fan", "", "tunnel", "json", "made up", POINTS, ())
NUMBERS = {"co": 1, "running": 2, "absent": 3}
NODES = {"fan-1": {"co": "ns=2;s=co", "running": "ns=2;s=running", "absent": "ns=2;s=none", "state": "ns=2;s=state"}}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/tunnel")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:tunnel")
    for name, value in {"co": 125.0, "running": True, "state": "auto"}.items():
        await server.nodes.objects.add_variable(ua.NodeId(name, space), name, value)
    async with server:
        yield server


def collector_of(server: Server, health: WatchedHealth) -> OpcuaCollector:
    port = server.bserver._server.sockets[0].getsockname()[1]
    settings = OpcuaSettings("plant", f"opc.tcp://127.0.0.1:{port}/tunnel", NODES, poll_seconds=0.1)
    fan = CollectedDevice(Device("fan-1", FAN, "plant", "TN-1"), NUMBERS)
    return OpcuaCollector(settings, [fan], clock=SystemClock(), health=health, backoff=Backoff(first_seconds=0.05))


def rows(journal: RecordingJournal) -> list[tuple[int, float, int]]:
    return [
        (channel, value, quality)
        for record in journal.records
        if isinstance(record, Batch)
        for channel, value, quality in zip(
            record.channel.tolist(), record.value.tolist(), record.quality.tolist(), strict=True
        )
    ]


@pytest.mark.slow
async def test_nodes_become_readings_with_the_quality_that_their_status_means(
    server: Server, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(collector_of(server, health), journal):
        await journal.until(lambda: len(rows(journal)) >= 3)
        uncertain = ua.DataValue(
            ua.Variant(200.0, ua.VariantType.Double), ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue)
        )
        await server.write_attribute_value(ua.NodeId("co", 2), uncertain)
        await journal.until(lambda: (1, 20.0, int(Quality.SUSPECT)) in rows(journal))

    first = rows(journal)[:3]
    assert first[:2] == [(1, 12.5, int(Quality.GOOD)), (2, 1.0, int(Quality.GOOD))]
    assert (first[2][0], first[2][2]) == (3, int(Quality.MISSING))
    assert math.isnan(first[2][1])
    texts = [record.text for record in journal.records if isinstance(record, Attribute)]
    assert set(texts) == {"auto"}


@pytest.mark.slow
async def test_a_value_that_stays_is_confirmed_at_each_poll(
    server: Server, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(collector_of(server, health), journal):
        await journal.until(lambda: len(rows(journal)) >= 9)

    times = [time for channel, time, _ in journal.rows if channel == 1]
    assert len(set(times)) == len(times)
    assert times == sorted(times)


@pytest.mark.slow
async def test_a_server_that_went_away_is_found_again(
    server: Server, journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with collecting(collector_of(server, health), journal):
        await health.until_ok("collector:plant")
        await server.bserver.stop()
        await health.until(lambda: health.counted("collector:plant", "failed", "connection") > 0, 20)
        await server.bserver.start()
        before = len(rows(journal))
        await journal.until(lambda: len(rows(journal)) > before, 20)

    assert len(rows(journal)) > before


def test_severities_become_qualities() -> None:
    assert [quality_of(code) for code in (0, ua.StatusCodes.UncertainSensorNotAccurate, ua.StatusCodes.BadNoData)] == [
        Quality.GOOD,
        Quality.SUSPECT,
        Quality.FAIL,
    ]
