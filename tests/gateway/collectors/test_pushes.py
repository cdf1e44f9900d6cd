"""Pushes by HTTP and datagrams: who may send, what is kept, and when it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest

from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.collectors.http_push import HttpPushCollector
from gateway.collectors.udp import UdpCollector
from gateway.inventory import Device
from gateway.profiles import FieldPlace, PackedPlace, Point, Profile
from gateway.settings import HttpPushSettings, UdpSettings
from tests.gateway.collectors.rig import GAS, RecordingJournal, WatchedHealth, collecting

STAGE = "collector:push"
DEPTH = Point("depth", "water_level", "m", FieldPlace(("Water_depth",)))
COVER = Profile("drainage/cover", "", "drainage", "ctwing", "", {"depth": DEPTH}, ())
RESULT = Point("x", "flow", "m3/h", FieldPlace(("result",)))
STREAM = Profile("water/stream", "", "water", "sensorthings", "", {"x": RESULT}, ())
NODE = Profile(
    "drainage/node", "", "drainage", "packed", "",
    {
        "level": Point("level", "water_level", "mm", PackedPlace(0, "u16"), factor=0.001, sentinels=(65_535,)),
        "open": Point("open", "switch", "1", PackedPlace(2, "u8", size=1, bit=3)),
        "temperature": Point("temperature", "temperature", "Cel", PackedPlace(3, "i16", is_little=True), scale=0.1),
    },
    (),
)  # fmt: skip
DEVICES = [
    CollectedDevice(Device("gas-1", GAS, "push", "MH-1"), {"ch4": 1, "temperature": 2}),
    CollectedDevice(Device("cover-1", COVER, "push", "MH-2", station="59e0"), {"depth": 3}),
    CollectedDevice(Device("stream-1", STREAM, "push", "P-1", station="999"), {"x": 4}),
    CollectedDevice(
        Device("node-1", NODE, "push", "MH-3", station="127.0.0.1"), {"level": 5, "open": 6, "temperature": 7}
    ),
]
SETTINGS = HttpPushSettings("push", "127.0.0.1", 0)
GAS_PUSH = b'{"ts":1760000000000,"ch4":1.5}'
COVER_PUSH = b'{"deviceId":"59e0","messageType":"dataReport","timestamp":1586400800535,"payload":{"Water_depth":70}}'
OBSERVATION = {"result": 49, "phenomenonTime": "2020-10-11T12:13:14+02:00", "Datastream": {"@iot.id": 999}}


@contextlib.asynccontextmanager
async def serving(
    journal: RecordingJournal, health: WatchedHealth, settings: HttpPushSettings = SETTINGS
) -> AsyncIterator[httpx.AsyncClient]:
    collector = HttpPushCollector(settings, DEVICES, clock=SystemClock(), health=health)
    async with collecting(collector, journal):
        await health.until_ok(STAGE)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{collector.port}", timeout=60) as client:
            yield client


async def test_a_push_is_answered_when_it_is_on_disk_and_not_before(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with serving(journal, health) as client:
        journal.hold()
        asked = asyncio.create_task(client.post("/push/gas-1", content=GAS_PUSH))
        await journal.until(lambda: journal.calls == 1)
        is_early = asked.done()
        journal.release()
        answer = await asked

    assert not is_early
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert journal.rows == [(1, 1_760_000_000_000_000_000, 1.5)]


async def test_platforms_name_their_device_in_the_push(journal: RecordingJournal, health: WatchedHealth) -> None:
    batch = {"requests": [{"id": "1", "method": "post", "url": "Observations", "body": OBSERVATION}]}
    rows = {"components": ["phenomenonTime", "result"], "dataArray": [["2020-10-11T00:00:00Z", 7]]}
    arrays = [{"Datastream": {"@iot.id": 999}} | rows]
    async with serving(journal, health) as client:
        answers = [
            await client.post("/ctwing", content=COVER_PUSH),
            await client.post("/v1.1/Observations", json=OBSERVATION),
            await client.post("/v1.1/$batch", json=batch),
            await client.post("/v1.1/CreateObservations", json=arrays),
        ]

    assert [answer.status_code for answer in answers] == [200, 201, 201, 201]
    assert [(channel, value) for channel, _, value in journal.rows] == [(3, 70.0), (4, 49.0), (4, 49.0), (4, 7.0)]


async def test_what_means_nothing_is_kept_and_answered(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with serving(journal, health) as client:
        answer = await client.post("/push/gas-1", content=b"{")

    assert answer.status_code == 200
    assert not answer.json()["ok"]
    assert [(one.source, one.reason, one.payload) for one in journal.quarantine] == [("push gas-1", "json", b"{")]


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/push/nobody", GAS_PUSH, 404),
        ("/elsewhere", GAS_PUSH, 404),
        ("/ctwing", COVER_PUSH.replace(b"59e0", b"x"), 404),
    ],
    ids=["a strange device", "a strange path", "a strange station"],
)
async def test_strangers_are_refused(
    journal: RecordingJournal, health: WatchedHealth, path: str, content: bytes, status: int
) -> None:
    async with serving(journal, health) as client:
        answer = await client.post(path, content=content)

    assert answer.status_code == status
    assert journal.records == []


async def test_the_token_is_asked_for_before_the_body(journal: RecordingJournal, health: WatchedHealth) -> None:
    guarded = replace(SETTINGS, token="secret", needs_token=True)  # noqa: S106 - the test's own
    async with serving(journal, health, guarded) as client:
        answers = [
            await client.post("/push/gas-1", content=GAS_PUSH),
            await client.post("/push/gas-1", content=GAS_PUSH, headers={"authorization": "Bearer wrong"}),
            await client.post("/push/gas-1", content=GAS_PUSH, headers={"authorization": "Bearer secret"}),
            await client.post("/push/gas-1", content=GAS_PUSH, headers={"x-token": "secret"}),
            await client.post("/push/gas-1?token=secret", content=GAS_PUSH),
        ]

    assert [answer.status_code for answer in answers] == [401, 401, 200, 200, 200]
    assert health.counted(STAGE, "failed", "token") == 2


async def test_a_push_that_is_too_long_is_cut_off(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with serving(journal, health, replace(SETTINGS, max_body_bytes=1_000)) as client:
        answer = await client.post("/push/gas-1", content=b" " * 5_000)

    assert answer.status_code == 413
    assert health.counted(STAGE, "failed", "too long") == 1


async def test_whoever_dribbles_is_cut_off(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with serving(journal, health, replace(SETTINGS, request_seconds=0.1)) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"POST /push/gas-1 HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n{")
        await health.until(lambda: health.counted(STAGE, "dropped", "too slow") == 1)
        ended = await reader.read()
        writer.close()

    assert ended == b""


async def test_another_network_is_not_answered(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with serving(journal, health, replace(SETTINGS, allow=(ip_network("10.0.0.0/8"),))) as client:
        with pytest.raises(httpx.TransportError):
            await client.post("/push/gas-1", content=GAS_PUSH)

    assert health.counted(STAGE, "failed", "network") == 1


async def test_bytes_that_are_no_http_end_the_connection(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with serving(journal, health) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"\x7e\x7e\x01 what is this\r\n\r\n")
        ended = await reader.read()
        writer.close()

    assert ended == b""
    assert health.counted(STAGE, "dropped", "no HTTP") == 1


async def test_a_journal_that_takes_nothing_is_said(journal: RecordingJournal, health: WatchedHealth) -> None:
    journal.is_broken = True
    async with serving(journal, health) as client:
        answer = await client.post("/push/gas-1", content=GAS_PUSH)

    assert answer.status_code == 503
    assert json.loads(answer.content)["error"] == "the disk is gone"


async def test_a_datagram_belongs_to_the_device_at_its_address(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    collector = UdpCollector(UdpSettings("push", "127.0.0.1", 0), DEVICES, clock=SystemClock(), health=health)
    async with collecting(collector, journal):
        await health.until_ok(STAGE)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", collector.port or 0)
        )
        transport.sendto(bytes.fromhex("04d2 08 ebff"))
        transport.sendto(b"\x01")
        await journal.until(lambda: len(journal.rows) == 3 and len(journal.quarantine) == 1)
        transport.close()

    assert [(channel, value) for channel, _, value in journal.rows] == [(5, 1.234), (6, 1.0), (7, pytest.approx(-2.1))]


async def test_a_datagram_of_another_network_is_dropped(health: WatchedHealth) -> None:
    settings = UdpSettings("push", "127.0.0.1", 0, allow=(ip_network("10.0.0.0/8"),))
    collector = UdpCollector(settings, DEVICES, clock=SystemClock(), health=health)

    collector.datagram_received(b"x", ("127.0.0.1", 5))

    assert health.counted(STAGE, "failed", "network") == 1
