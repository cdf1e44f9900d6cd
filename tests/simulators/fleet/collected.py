"""Small sites whose channels show constants, and the gateway's own collectors to read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from gateway.app.collecting import collected_by
from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.inventory import Asset, Channel, Device, Inventory
from gateway.profiles import Profile
from simulators.fleet import Line, LiveFleet, MqttTarget, WallClock
from simulators.instruments import Fault, Instruments
from simulators.reports import Reports
from simulators.signals import Constant, Signal
from tests.gateway.collectors.rig import RecordingJournal

WITHIN_SECONDS = 60.0


def site(devices: Collection[Device], values: Mapping[str, Mapping[str, float]]) -> Inventory:
    """Return a site with these devices; `values` gives each device's points, which are its channels."""
    assets = {device.asset: Asset(device.asset, "place", "water", device.asset, None, {}) for device in devices}
    channels = {}
    for device in devices:
        for name in values[device.id]:
            point = device.profile.points[name]
            number = f"{device.asset}.{device.id}.{name}"
            channels[number] = Channel(
                number, device.asset, device.id, name, point.quantity, point.unit, None,
                1.0, 3.0, 0.0, None, "normal", "", (),
            )  # fmt: skip
    return Inventory("t", "T", "Asia/Shanghai", assets, {device.id: device for device in devices}, channels)


def device(name: str, profile: Profile, collector: str, unit: int | None = None, station: str | None = None) -> Device:
    """Return a device on an asset of its own."""
    return Device(name, profile, collector, f"A-{name}", unit, station)


class Played:
    """A fleet of constants on a site."""

    def __init__(
        self,
        inventory: Inventory,
        values: Mapping[str, Mapping[str, float]],
        *faults: Fault,
        stations: Mapping[str, str] | None = None,
        chirpstack: Collection[str] = (),
    ) -> None:
        self.inventory = inventory
        self.signals: dict[str, Signal] = {
            channel.id: Constant(values[channel.device][channel.point]) for channel in inventory.channels.values()
        }
        self.numbers = {name: number for number, name in enumerate(inventory.channels, 1)}
        self._wanted = {
            number: values[inventory.channels[name].device][inventory.channels[name].point]
            for name, number in self.numbers.items()
        }
        self.reports = Reports(
            inventory,
            self.signals,
            Instruments(faults),
            start_ns=time.time_ns(),
            period_seconds=dict.fromkeys(inventory.devices, 1.0),
            stations=stations,
            chirpstack=chirpstack,
        )

    def collected(self, collector: str) -> list[CollectedDevice]:
        """Return the devices of a collector, as the gateway hands them to it."""
        return collected_by(collector, self.inventory, self.numbers)

    @asynccontextmanager
    async def live(
        self,
        *,
        brokers: Mapping[str, MqttTarget] | None = None,
        lines: Mapping[str, Line | int] | None = None,
        listeners: Mapping[str, tuple[str, int]] | None = None,
    ) -> AsyncIterator[LiveFleet]:
        """Run the fleet for the length of a block."""
        timing = WallClock(SystemClock())
        fleet = LiveFleet(
            self.inventory,
            self.reports,
            timing=timing,
            brokers=brokers or {},
            lines=lines or {},
            listeners=listeners,
        )
        await asyncio.to_thread(fleet.start)
        try:
            yield fleet
        finally:
            await asyncio.to_thread(fleet.stop)
        assert fleet.failed is None

    async def until_all_told(self, journal: RecordingJournal, *, times: int = 1) -> dict[int, float]:
        """Wait until every channel was journaled so often; return the newest value of each."""
        await journal.until(
            lambda: all(sum(row[0] == number for row in journal.rows) >= times for number in self._wanted),
            WITHIN_SECONDS,
        )
        return {channel: value for channel, _, value in journal.rows}

    @property
    def wanted(self) -> dict[int, float]:
        """The truth: what every channel shows, by its number."""
        return dict(self._wanted)
