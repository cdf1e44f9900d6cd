"""Stations dial a listener, send what they have, and dial again when it hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import time

from gateway.clock import SystemClock
from gateway.codecs.contract import CodecOptions
from gateway.codecs.hj212 import Hj212Decoder
from gateway.inventory import Asset, Channel, Device, Inventory
from gateway.profiles import FieldPlace, Point, Profile
from simulators.fleet import LiveFleet, WallClock
from simulators.fleet.dialling import Stations
from simulators.instruments import Instruments
from simulators.reports import Reports
from simulators.signals import Constant

MN = "010000A8900016F000169DC0"


async def _listen(
    heard: list[bytes], enough: asyncio.Event, left: asyncio.Event, *, hang_up_first: bool = False
) -> asyncio.Server:
    calls = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if hang_up_first and calls == 1:
            writer.close()
            return
        # Who hangs up before it has read the answer resets the connection.
        with contextlib.suppress(ConnectionError):
            while said := await reader.read(4096):
                heard.append(said)
                writer.write(b"ok")
                enough.set()
        writer.close()
        left.set()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


def test_what_a_station_has_arrives_in_order_although_it_was_hung_up_on() -> None:
    async def work() -> bytes:
        heard: list[bytes] = []
        enough, left = asyncio.Event(), asyncio.Event()
        server = await _listen(heard, enough, left, hang_up_first=True)
        stations = Stations({"s": ("127.0.0.1", _port(server))}, again_seconds=0.01)
        stations.start()
        await asyncio.sleep(0.05)
        stations.send("s", b"one ")
        await asyncio.sleep(0.05)
        stations.send("s", b"two")
        await asyncio.wait_for(enough.wait(), 60.0)
        await stations.stop()
        await asyncio.wait_for(left.wait(), 60.0)
        server.close()
        return b"".join(heard)

    assert asyncio.run(work()).endswith(b"two")


def _outfall() -> Inventory:
    point = Point("cod", "chemical_oxygen_demand", "mg/L", FieldPlace(("w01018-Rtd",)))
    profile = Profile("x", "", "drainage", "hj212", "", {"cod": point}, ())
    channel = Channel(
        "O.o.cod", "O", "o", "cod", point.quantity, point.unit, None, 60.0, 180.0, 0.0, None, "normal", "", ()
    )
    device = Device("o", profile, "listener", "O", station="outfall")
    asset = Asset("O", "outfall", "drainage", "O", None, {})
    return Inventory("d", "D", "Asia/Shanghai", {"O": asset}, {"o": device}, {"O.o.cod": channel})


def test_a_fleet_sends_hj212_over_a_real_connection() -> None:
    inventory = _outfall()
    reports = Reports(
        inventory,
        {"O.o.cod": Constant(231.5)},
        Instruments(),
        start_ns=time.time_ns(),
        period_seconds={"o": 1.0},
        stations={"o": MN},
    )

    async def work() -> bytes:
        heard: list[bytes] = []
        enough, left = asyncio.Event(), asyncio.Event()
        server = await _listen(heard, enough, left)
        places = {"listener": ("127.0.0.1", _port(server))}
        timing = WallClock(SystemClock())
        fleet = LiveFleet(inventory, reports, timing=timing, brokers={}, lines={}, listeners=places)
        await asyncio.to_thread(fleet.start)
        await asyncio.wait_for(enough.wait(), 60.0)
        await asyncio.to_thread(fleet.stop)
        await asyncio.wait_for(left.wait(), 60.0)
        server.close()
        return b"".join(heard)

    frame = asyncio.run(work())

    message = Hj212Decoder(CodecOptions()).decode(frame[: frame.index(b"\n") + 1])
    assert message.station == MN
    assert [(reading.field, reading.value) for reading in message.readings] == [("w01018-Rtd", 231.5)]
