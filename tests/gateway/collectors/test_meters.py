"""Meters behind a converter: a bus of the tests' own answers over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.collectors.backoff import Backoff
from gateway.collectors.meters import MetersCollector
from gateway.inventory import Device
from gateway.profiles import ProtocolName
from gateway.settings import Cjt188Settings, Dlt645Settings, Meter
from tests.gateway.collectors.dialling import BEIJING, profile
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting

CASES = Path(__file__).parents[2] / "cases"


def published(codec: str, case: str) -> bytes:
    return bytes.fromhex((CASES / codec / case / "frame.txt").read_text().splitlines()[1])


@contextlib.asynccontextmanager
async def bus(answers: Mapping[bytes, bytes]) -> AsyncIterator[int]:
    """A converter: a request that holds a key is echoed, as some converters do, and answered."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while request := await reader.read(256):
                answer = next((answer for key, answer in answers.items() if key in request), b"")
                writer.write(request + answer if answer else b"")
            writer.close()
            await writer.wait_closed()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        # The collector has hung up: every talk ends by itself.
        await asyncio.gather(*talks)


def behind(protocol: ProtocolName, points: Mapping[str, tuple[str, ...]], *names: str) -> list[CollectedDevice]:
    """Devices whose first points are channels 1, 11, 21 …"""
    return [
        CollectedDevice(
            Device(name, profile(protocol, points), "meters", "P-1"),
            {point: 10 * at + number for number, point in enumerate(points, 1)},
        )
        for at, name in enumerate(names)
    ]


async def test_a_water_meter_is_asked_and_its_litres_are_read(journal: RecordingJournal, health: WatchedHealth) -> None:
    answers = {bytes.fromhex("43763251000000"): published("cjt188", "litres_and_century_first")}
    devices = behind("cjt188", {"total": ("total",), "low_battery": ("status", "2")}, "meter-1")
    async with bus(answers) as port:
        settings = Cjt188Settings("meters", "127.0.0.1", port, {"meter-1": Meter("51327643")}, BEIJING)
        collector = MetersCollector(settings, devices, clock=SystemClock(), health=health)
        async with collecting(collector, journal):
            await journal.until(lambda: len(journal.rows) == 2)

    assert journal.rows == [(1, 1_590_670_704_000_000_000, 170.47), (2, 1_590_670_704_000_000_000, 0.0)]


async def test_a_dead_meter_costs_its_neighbour_one_timeout(journal: RecordingJournal, health: WatchedHealth) -> None:
    answers = {bytes.fromhex("660000023022"): published("dlt645", "voltage")}
    devices = behind("dlt645", {"voltage": ("voltage_a",)}, "dead", "alive")
    meters = {"dead": Meter("1", items=("02010100",)), "alive": Meter("223002000066", items=("02010100",))}
    async with bus(answers) as port:
        settings = Dlt645Settings("meters", "127.0.0.1", port, meters, BEIJING, timeout_seconds=0.4)
        collector = MetersCollector(settings, devices, clock=SystemClock(), health=health)
        async with collecting(collector, journal):
            await journal.until(lambda: bool(journal.rows))

    assert [(channel, value) for channel, _, value in journal.rows] == [(11, 235.0)]
    assert health.counted("collector:meters", "failed", "timeout") == 1


async def test_a_broken_answer_is_kept_with_its_reason(journal: RecordingJournal, health: WatchedHealth) -> None:
    broken = published("dlt645", "voltage")
    broken = broken[:-2] + b"\0" + broken[-1:]
    devices = behind("dlt645", {"voltage": ("voltage_a",)}, "pump")
    async with bus({b"\x68": broken}) as port:
        meters = {"pump": Meter("223002000066", items=("02010100",))}
        settings = Dlt645Settings("meters", "127.0.0.1", port, meters, BEIJING)
        collector = MetersCollector(settings, devices, clock=SystemClock(), health=health)
        async with collecting(collector, journal):
            await journal.until(lambda: bool(journal.records))

    assert [record.reason for record in journal.quarantine] == ["checksum"]
    assert journal.rows == []


async def test_a_bus_that_is_away_is_tried_again(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with bus({}) as port:
        pass
    settings = Cjt188Settings("meters", "127.0.0.1", port, {"meter-1": Meter("1")}, BEIJING, poll_seconds=0.01)
    devices = behind("cjt188", {"total": ("total",)}, "meter-1")
    backoff = Backoff(first_seconds=0.01, longest_seconds=0.01)
    collector = MetersCollector(settings, devices, clock=SystemClock(), health=health, backoff=backoff)

    async with collecting(collector, journal):
        await health.until(lambda: health.counted("collector:meters", "failed", "connection") >= 3)

    assert journal.records == []
