"""A simulated fleet of 2,000 devices and 10,000 channels from one core: at domain rates, and as fast as it goes.

The fleet runs in a process of its own that is tied to one core, over a real broker and real Modbus lines; who asks the
lines is this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil

from gateway.clock import SystemClock
from gateway.inventory import Asset, Channel, Device, Inventory
from gateway.profiles import read_profile
from simulators.courses import courses_of
from simulators.fleet import LiveFleet, MqttTarget, Pace
from simulators.instruments import Instruments
from simulators.models.contract import Model
from simulators.models.gas_space import GasSpaces, Space
from simulators.models.tunnel import Bore, RoadTunnel
from simulators.reports import Reports
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from simulators.weather import Climate
from simulators.world import World

MANHOLES, STATIONS, PER_LINE = 1_400, 600, 200
POLL_SECONDS = 5.0
MEASURE_SECONDS = 20.0
_START_NS = 1_750_000_000_000_000_000
_END_NS = _START_NS + 86_400_000_000_000


def _inventory(report_seconds: float) -> Inventory:
    """Manholes with a methane node on a broker, tunnel sections with an air station on three lines."""
    gas, air = read_profile("gas/manhole_methane"), read_profile("tunnel/air_station")
    devices = {f"gas-{n}": Device(f"gas-{n}", gas, "broker", f"MH-{n}", None) for n in range(MANHOLES)}
    for n in range(STATIONS):
        line, unit = f"line-{n // PER_LINE}", n % PER_LINE + 1
        devices[f"air-{n}"] = Device(f"air-{n}", air, line, f"TN-{n}", unit)
    channels: dict[str, Channel] = {}
    assets: dict[str, Asset] = {}
    for device in devices.values():
        assets[device.asset] = Asset(device.asset, "place", device.profile.lifeline, device.asset, None, {})
        for point in device.profile.points.values():
            name = f"{device.asset}.{device.id}.{point.name}"
            channels[name] = Channel(
                name, device.asset, device.id, point.name, point.quantity, point.unit, point.span,
                report_seconds, 3 * report_seconds, 0.0, None, "normal", "", (),
            )  # fmt: skip
    return Inventory("b", "B", "Asia/Shanghai", assets, devices, channels)


def serve(host: str, port: int, report_seconds: float, speed: float) -> None:
    """Be the fleet: print the ports of the lines, then what was said, once stdin is closed."""
    inventory = _inventory(report_seconds)
    spaces = GasSpaces([Space(f"MH-{n}", {"G-1": 4.0 + n}) for n in range(MANHOLES)], end_ns=_END_NS)
    bores: list[Model] = [RoadTunnel(Bore(f"TN-{n}"), end_ns=_END_NS, seed=n) for n in range(STATIONS)]
    world = World([spaces, *bores], Climate(seed=1), _START_NS)
    instruments = Instruments()
    world.advance(_START_NS)
    reports = Reports(inventory, courses_of(inventory, world, instruments), instruments, start_ns=_START_NS)
    clock = SystemClock()
    pace = Pace(clock, start_ns=_START_NS, speed=speed)
    lines = {f"line-{n}": 0 for n in range(STATIONS // PER_LINE)}
    brokers = {"broker": MqttTarget(host, port, "city/{device}/up")}
    with LiveFleet(inventory, reports, timing=pace, brokers=brokers, lines=lines) as fleet:
        ready = {"ports": dict(fleet.ports), "devices": len(inventory.devices), "channels": len(inventory.channels)}
        print(json.dumps(ready), flush=True)
        for _ in sys.stdin:
            print(json.dumps({**fleet.counted()._asdict(), "failed": str(fleet.failed or "")}), flush=True)


def _broker(folder: Path) -> AbstractContextManager[MosquittoBroker | NatsBroker]:
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return MosquittoBroker(found, folder) if found else NatsBroker(folder)


async def _ask(port: int, pace_seconds: float, seconds: float) -> int:
    """Ask every unit of a line once a period, one after the other as a line's master does; return the replies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    replies, loop = 0, asyncio.get_running_loop()
    begun = loop.time()
    while (passed := loop.time() - begun) < seconds:
        request = bytes([0, 1, 0, 0, 0, 6, replies % PER_LINE + 1, 4, 0, 0, 0, 5])
        writer.write(request)
        head = await reader.readexactly(6)
        await reader.readexactly(int.from_bytes(head[4:], "big"))
        replies += 1
        if pace_seconds and replies % PER_LINE == 0:
            await asyncio.sleep(max(0.0, replies // PER_LINE * pace_seconds - passed))
    writer.close()
    return replies


def _measure(report_seconds: float, pace_seconds: float, speed: float = 1.0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, _broker(Path(folder)) as broker:
        call = f"from tests.benchmarks.bench_fleet import serve; serve({broker.host!r}, {broker.port}, "
        process = subprocess.Popen(
            [sys.executable, "-c", f"{call}{report_seconds}, {speed})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            own = psutil.Process(process.pid)
            own.cpu_affinity([0])
            ready = json.loads(process.stdout.readline())
            before, began = own.cpu_times(), time.perf_counter()

            async def ask() -> list[int]:
                ports = ready["ports"].values()
                return await asyncio.gather(*(_ask(port, pace_seconds, MEASURE_SECONDS) for port in ports))

            replies = asyncio.run(ask())
            took, after = time.perf_counter() - began, own.cpu_times()
            process.stdin.write("\n")
            process.stdin.flush()
            counted = json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(30)
    if counted["failed"]:
        raise RuntimeError(counted["failed"])
    busy = after.user + after.system - before.user - before.system
    return {
        **ready,
        "messages": counted["acknowledged"] / took,
        "polls": sum(replies) / took,
        "cpu": busy / took,
        "late": counted["lateness_p99_seconds"],
    }


def _figure(found: dict[str, Any]) -> str:
    return (
        f"{found['messages']:,.0f} messages/s acknowledged, {found['polls']:,.0f} polls/s, "
        f"{100 * found['cpu']:.0f} % of one core, messages late p99 {1000 * found['late']:.0f} ms"
    )


def run() -> dict[str, str]:
    """Measure at domain rates, ten times as often, and the lines as fast as they answer."""
    domain = _measure(60.0, POLL_SECONDS)
    fleet = f"{domain['devices']:,} devices, {domain['channels']:,} channels"
    often = _measure(6.0, POLL_SECONDS)
    flat_out = _measure(60.0, 0.0)
    return {
        f"{fleet}: a report a minute, a poll each 5 s": _figure(domain),
        "the same, a report each 6 s": _figure(often),
        "the same, a report a minute, polled as fast as it answers": _figure(flat_out),
    }
