"""Stations that dial in: who may, how they say who they are, and that they are polled like any line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from gateway.clock import SystemClock
from gateway.collectors.modbus_listener import ModbusListener
from gateway.settings import ModbusServerSettings
from tests.gateway.collectors.modbus_rig import device, point, profile, seen
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting

GAUGE = profile(point("level", 5), point("rate", 6))


def crc(frame: bytes) -> bytes:
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register.to_bytes(2, "little")


def answer(request: bytes) -> bytes:
    """What a unit behind a transparent 4G modem says: every register holds its own address."""
    start, count = int.from_bytes(request[2:4]), int.from_bytes(request[4:6])
    words = b"".join((start + place).to_bytes(2) for place in range(count))
    frame = request[:2] + bytes([2 * count]) + words
    return frame + crc(frame)


def listener(health: WatchedHealth, *, allow: str = "127.0.0.0/8") -> ModbusListener:
    settings = ModbusServerSettings(
        "field",
        "127.0.0.1",
        0,
        allow=(ip_network(allow),),
        stations={"pump-1": b"PUMP0001", "pump-2": b"PUMP0002"},
        heartbeat=b"PING",
        poll_seconds=0.05,
        timeout_seconds=1.0,
    )
    return ModbusListener(
        settings,
        [device(1, GAUGE, station="pump-1"), device(1, GAUGE, station="pump-2")],
        clock=SystemClock(),
        health=health,
    )


@contextlib.asynccontextmanager
async def dialled(
    collector: ModbusListener, health: WatchedHealth
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    await health.until_ok(collector.name)
    reader, writer = await asyncio.open_connection("127.0.0.1", collector.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            request = await reader.readexactly(8)
            # The heartbeat may come at any time, also right before a reply.
            writer.write(b"PING")
            await asyncio.sleep(0)
            writer.write(answer(request))


async def test_a_station_that_registers_is_polled(journal: RecordingJournal, health: WatchedHealth) -> None:
    collector = listener(health)
    async with collecting(collector, journal), dialled(collector, health) as (reader, writer):
        writer.write(b"PUMP")
        await writer.drain()
        writer.write(b"0001")
        serving = asyncio.create_task(serve(reader, writer))
        await journal.until(lambda: seen(journal)[11] >= 3)
        serving.cancel()
        states = {each.name: each.ok for each in health.conditions() if each.name.startswith("station:")}

    assert {value for _, _, value in journal.rows} == {5.0, 6.0}
    assert states == {"station:field/pump-1": True, "station:field/pump-2": False}


async def test_a_station_that_dials_again_replaces_its_older_connection(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    collector = listener(health)
    async with collecting(collector, journal), dialled(collector, health) as (old, old_writer):
        old_writer.write(b"PUMP0001")
        await old_writer.drain()
        async with dialled(collector, health) as (reader, writer):
            writer.write(b"PUMP0001")
            serving = asyncio.create_task(serve(reader, writer))
            await journal.until(lambda: seen(journal)[11] >= 3)
            serving.cancel()
            while await old.read(100):
                pass

    assert {value for _, _, value in journal.rows} == {5.0, 6.0}


@pytest.mark.parametrize(
    ("said", "allow", "reason"),
    [
        pytest.param(b"PUMP0009", "127.0.0.0/8", "unknown station", id="not in the list"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", "127.0.0.0/8", "unknown station", id="another protocol"),
        pytest.param(b"PUMP0001", "10.0.0.0/8", "address not allowed", id="from elsewhere"),
    ],
)
async def test_whoever_is_not_allowed_is_hung_up_on_and_counted(
    journal: RecordingJournal, health: WatchedHealth, said: bytes, allow: str, reason: str
) -> None:
    collector = listener(health, allow=allow)
    async with collecting(collector, journal), dialled(collector, health) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            writer.write(said)
            while await reader.read(100):
                pass
        await health.until(lambda: health.counted(collector.name, "dropped", reason) == 1)

    assert journal.rows == []
