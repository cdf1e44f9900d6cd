"""A fleet for every kind of collector that a site may have, read by the whole gateway over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.cli.live_fleet import open_fleet, speech_of
from gateway.clock import SystemClock
from gateway.model import SECOND
from gateway.settings import ModbusRtuSettings, Site, load_site
from simulators.instruments import Instruments
from simulators.reports import Reports
from tests.simulators.fleet.healthy_site import healthy_signals

SITE = """
site: {id: town, http_port: 0}
collectors:
  air: {kind: mqtt, host: broker.invalid, topics: ["city/{device}/up"]}
  radio: {kind: mqtt, host: broker.invalid, topics: ["application/1/device/{device}/event/up"], envelope: chirpstack}
  tcp: {kind: modbus_tcp, host: line.invalid, poll_seconds: 0.5}
  server: {kind: modbus_rtu_over_tcp, host: line.invalid, port: 4001, poll_seconds: 0.5}
  serial: {kind: modbus_rtu, port: /dev/ttyNONE, poll_seconds: 0.5}
  outfalls: {kind: hj212, listen_port: 9212, stations: {of-3: {id: 010000A8900016F000169DC0}}}
  rivers: {kind: sl651, listen_port: 9651, stations: {river-1: {id: "0012345678"}}}
assets:
  MH-1: {kind: manhole, lifeline: gas}
  SW-1: {kind: manhole, lifeline: drainage}
  P-1: {kind: pipe, lifeline: water}
  OF-3: {kind: outfall, lifeline: drainage}
devices:
  gas-1: {profile: gas/manhole_methane, collector: air, asset: MH-1}
  level-1: {profile: drainage/em500_swl, collector: radio, asset: SW-1, station: 24e124136b502217}
  meter-1: {profile: water/tuf2000m, collector: tcp, asset: P-1, unit: 3}
  meter-2: {profile: water/tuf2000m, collector: server, asset: P-1, unit: 4}
  gauge-1: {profile: water/keller_36xw, collector: serial, asset: P-1, unit: 5}
  gauge-2: {profile: water/keller_36xw, collector: serial, asset: P-1, unit: 6}
  analyser: {profile: drainage/hj212_outfall, collector: outfalls, asset: OF-3, station: of-3}
  river-1: {profile: drainage/sl651_station, collector: rivers, asset: OF-3}
"""
SERIES = ("rainfall_series", "level_series")
"""What a station sends in its hourly report, which no simulated one makes."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_site(path)


def test_stations_and_wrapped_devices_are_called_as_their_collectors_know_them(site: Site) -> None:
    speech = speech_of(site)

    assert speech.stations == {"analyser": "010000A8900016F000169DC0", "river-1": "0012345678"}
    assert speech.chirpstack == {"level-1"}


@pytest.mark.slow
async def test_a_gateway_hears_every_channel_of_every_kind_of_collector(site: Site, tmp_path: Path) -> None:
    speech, now_ns = speech_of(site), time.time_ns()
    reports = Reports(
        site.inventory,
        healthy_signals(site.inventory, at_ns=now_ns),
        Instruments(),
        start_ns=now_ns,
        period_seconds=dict.fromkeys(site.inventory.devices, 1.0),
        stations=speech.stations,
        chirpstack=speech.chirpstack,
    )
    wanted = {name for name in site.inventory.channels if not name.endswith(SERIES)}
    async with AsyncExitStack() as stack:
        fleet, collectors = open_fleet(stack, site, reports, tmp_path / "broker")
        moved = dataclasses.replace(site, collectors=collectors)
        gateway = Gateway(moved, tmp_path / "state", clock=SystemClock(), port=0)
        await stack.enter_async_context(gateway)
        fleet.start()

        heard: set[str] = set()
        async with asyncio.timeout(40):
            while heard != wanted:
                await gateway.drained()
                names = {number: name for name, number in gateway.numbers.items()}
                heard = {names[number] for number in gateway.history.latest()} & wanted
        latest = {names[number]: row for number, row in gateway.history.latest().items()}
        assert fleet.failed is None

    serial = collectors["serial"]
    assert isinstance(serial, ModbusRtuSettings)
    assert serial.port != "/dev/ttyNONE"
    assert all(now_ns - 90 * SECOND < latest[name].time_ns < time.time_ns() for name in wanted)
