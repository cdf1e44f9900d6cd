"""A simulated fleet of 2,000 devices and 10,000 channels from one core: at domain rates, and as fast as it goes.

The fleet runs in a process of its own that is tied to one core, over a real broker and real Modbus lines at once, two
of them TCP and one of RTU frames; who asks the lines is this process, and it checks that every reply is one.
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
from simulators.fleet import Line, LiveFleet, MqttTarget, Pace
from simulators.instruments import Instruments
from simulators.models.contract import Model
from simulators.models.gas_space import GasSpaces, Space
from simulators.models.tunnel import Bore, RoadTunnel
from simulators.noise import seed_of
from simulators.reports import Reports
from simulators.rtu_frames import as_rtu
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from simulators.weather import Climate
from simulators.world import World

MANHOLES, STATIONS, PER_LINE, RTU_LINE = 1_400, 600, 200, 2
POINTS = 5
"""Channels of a manhole, and of an air station."""
DRAIN_SECONDS = 3.0
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
    lines = {f"line-{n}": Line(framing="rtu" if n == RTU_LINE else "tcp") for n in range(STATIONS // PER_LINE)}
    brokers = {"broker": MqttTarget(host, port, "city/{device}/up")}
    with LiveFleet(inventory, reports, timing=pace, brokers=brokers, lines=lines) as fleet:
        ready = {"ports": dict(fleet.ports), "devices": len(inventory.devices), "channels": len(inventory.channels)}
        print(json.dumps(ready), flush=True)
        for _ in sys.stdin:
            now_ns, deadline = pace.now_ns(), time.monotonic() + DRAIN_SECONDS
            due = _due(report_seconds, now_ns)
            while fleet.counted().acknowledged < due and time.monotonic() < deadline:
                time.sleep(0.05)
            rss = psutil.Process().memory_info().rss
            counted = {**fleet.counted()._asdict(), "due": due, "rss": rss, "failed": str(fleet.failed or "")}
            print(json.dumps(counted), flush=True)


def _due(report_seconds: float, now_ns: int) -> int:
    """Return how many messages the manholes had to send before a moment, from their periods and phases alone."""
    period_ns = round(report_seconds * 1e9)
    phases = [seed_of("phase", f"gas-{n}") % period_ns for n in range(MANHOLES)]
    return sum(max(0, -(-(now_ns - _START_NS - phase) // period_ns)) for phase in phases)


def _broker(folder: Path) -> AbstractContextManager[MosquittoBroker | NatsBroker]:
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return MosquittoBroker(found, folder) if found else NatsBroker(folder)


async def _ask(port: int, pace_seconds: float, seconds: float, *, is_rtu: bool) -> tuple[int, int]:
    """Ask every unit of a line once a period, one after the other as a line's master does.

    Return the requests, and the replies that had all registers.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked, answered, loop = 0, 0, asyncio.get_running_loop()
    begun = loop.time()
    while (passed := loop.time() - begun) < seconds:
        unit = asked % PER_LINE + 1
        request = bytes([0, 1, 0, 0, 0, 6, unit, 4, 0, 0, 0, POINTS])
        writer.write(as_rtu(request) if is_rtu else request)
        asked += 1
        if is_rtu:
            reply = await reader.readexactly(3 + 2 * POINTS + 2)
        else:
            head = await reader.readexactly(6)
            reply = await reader.readexactly(int.from_bytes(head[4:], "big"))
        answered += reply[:3] == bytes([unit, 4, 2 * POINTS])
        if pace_seconds and asked % PER_LINE == 0:
            await asyncio.sleep(max(0.0, asked // PER_LINE * pace_seconds - passed))
    writer.close()
    return asked, answered


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

            async def ask() -> list[tuple[int, int]]:
                ports = ready["ports"].items()
                rtu = f"line-{RTU_LINE}"
                asking = (_ask(port, pace_seconds, MEASURE_SECONDS, is_rtu=name == rtu) for name, port in ports)
                return await asyncio.gather(*asking)

            polls = asyncio.run(ask())
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
        "polls": sum(asked for asked, _ in polls) / took,
        "due": POINTS * (counted["due"] + sum(asked for asked, _ in polls)),
        "sent": POINTS * (min(counted["due"], counted["acknowledged"]) + sum(answered for _, answered in polls)),
        "cpu": busy / took,
        "late": counted["lateness_p99_seconds"],
        "rss": counted["rss"] / 2**20,
    }


def _figure(found: dict[str, Any]) -> str:
    return (
        f"{found['messages']:,.0f} messages/s acknowledged, {found['polls']:,.0f} polls/s, "
        f"{100 * found['cpu']:.0f} % of one core, messages late p99 {1000 * found['late']:.0f} ms, "
        f"{found['sent']:,} of {found['due']:,} readings sent, {found['rss']:.0f} MB RSS"
    )


def run() -> dict[str, str]:
    """Measure at domain rates, ten times as often, and the lines as fast as they answer."""
    domain = _measure(60.0, POLL_SECONDS)
    fleet = f"{domain['devices']:,} devices, {domain['channels']:,} channels"
    often = _measure(6.0, POLL_SECONDS)
    flat_out = _measure(60.0, 0.0)
    return {
        f"{fleet}: a report a minute, a poll each 5 s (budget: one core, all sent)": _figure(domain),
        "the same, a report each 6 s": _figure(often),
        "the same, a report a minute, polled as fast as it answers": _figure(flat_out),
    }
