"""Stations of the tests' own: they encode by themselves, dial in over real sockets, and see what they are answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from zoneinfo import ZoneInfo

from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.collectors.backoff import Backoff
from gateway.collectors.stations import StationsCollector
from gateway.inventory import Device
from gateway.profiles import FieldPlace, Point, Profile, ProtocolName
from gateway.settings import (
    Gbt26875Settings,
    Hj212Settings,
    Sl651Settings,
    Station,
    StationsSettings,
    Szy206Settings,
)
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting

BEIJING = ZoneInfo("Asia/Shanghai")
LOOPBACK = (ip_network("127.0.0.0/8"),)
KINDS: Mapping[ProtocolName, type[StationsSettings]] = {
    "hj212": Hj212Settings,
    "sl651": Sl651Settings,
    "szy206": Szy206Settings,
    "gbt26875_3": Gbt26875Settings,
}


def profile(protocol: ProtocolName, points: Mapping[str, tuple[str, ...]]) -> Profile:
    """A device model whose points lie in these fields, without conversion."""
    made = {name: Point(name, "", "", FieldPlace(path)) for name, path in points.items()}
    return Profile("water/test", "", "water", protocol, "made up", made, ())


def devices(protocol: ProtocolName, points: Mapping[str, tuple[str, ...]]) -> list[CollectedDevice]:
    """One device, `outfall`, whose points are channels 1, 2, …"""
    numbers = {name: number for number, name in enumerate(points, 1)}
    device = Device("outfall", profile(protocol, points), "stations", "OF-1")
    return [CollectedDevice(device, numbers)]


def settings(protocol: ProtocolName, station: str, **more: object) -> StationsSettings:
    """A listener on a free port that lets one station of this machine in."""
    password = more.pop("password", None)
    stations = {station.upper(): Station("outfall", station, BEIJING, str(password) if password else None)}
    plain = KINDS[protocol](
        id="stations", listen_host="127.0.0.1", listen_port=0, allow=LOOPBACK, stations=stations, zone=BEIJING
    )
    return replace(plain, **more)  # type: ignore[arg-type] # the keys of the settings


@dataclass(slots=True)
class Caller:
    """One connection of a station."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def hear(self, size: int = 4_096) -> bytes:
        """Return what comes next; nothing when the other side has hung up."""
        try:
            async with asyncio.timeout(60):
                return await self.reader.read(size)
        except ConnectionError:
            return b""


@contextlib.asynccontextmanager
async def listening(
    made: StationsSettings, behind: list[CollectedDevice], journal: RecordingJournal, health: WatchedHealth
) -> AsyncIterator[StationsCollector]:
    """A listener that runs."""
    collector = StationsCollector(made, behind, clock=SystemClock(), health=health, backoff=Backoff(first_seconds=0.01))
    async with collecting(collector, journal):
        await health.until_ok("collector:stations")
        yield collector


@contextlib.asynccontextmanager
async def call(collector: StationsCollector) -> AsyncIterator[Caller]:
    """A station that dials in."""
    assert collector.port
    reader, writer = await asyncio.open_connection("127.0.0.1", collector.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def dialled(
    made: StationsSettings, behind: list[CollectedDevice], journal: RecordingJournal, health: WatchedHealth
) -> AsyncIterator[Caller]:
    """One station that has dialled into a listener."""
    async with listening(made, behind, journal, health) as collector, call(collector) as station:
        yield station


def hj212_frame(
    content: str, *, cn: str = "2011", mn: str = "MN0001", pw: str = "123456", flag: int = 5, **keys: str
) -> bytes:
    """An HJ 212 frame, its CRC worked out bit by bit as appendix A of the standard does."""
    more = "".join(f"{key}={value};" for key, value in keys.items())
    segment = f"QN=20260101080000123;ST=32;CN={cn};PW={pw};MN={mn};Flag={flag};{more}CP=&&{content}&&".encode()
    crc = 0xFFFF
    for byte in segment:
        crc = (crc >> 8) ^ byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return b"##%04d" % len(segment) + segment + b"%04X\r\n" % crc


def sl651_crc(frame: bytes) -> bytes:
    """The CRC of SL 651, bit by bit."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2)


def sl651_frame(
    body: str, *, station: str = "0012345678", function: int = 0x32, packets: int = 0, packet: int = 0, end: int = 3
) -> bytes:
    """An SL 651 frame in HEX; `body` is hex behind serial number and time of sending."""
    numbers = f"{packets << 12 | packet:06X}" if packets else ""
    content = bytes.fromhex(numbers + body)
    start = b"\x16" if packets else b"\x02"
    head = bytes.fromhex(f"7E7E01{station}1234{function:02X}{len(content):04X}")
    frame = head + start + content + bytes([end])
    return frame + sl651_crc(frame)
