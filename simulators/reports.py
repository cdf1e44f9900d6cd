"""What a fleet sends, in the order in which it arrives, without a socket: bytes of messages, registers to be asked for.

The same reports go over real brokers and lines, or straight into the decoders of a rehearsal.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from gateway.inventory import Channel, Device, Inventory
from gateway.model import SECOND
from simulators.devices import Block, registers_of
from simulators.encoders import ENCODERS, Sending
from simulators.instruments import Instruments
from simulators.noise import seed_of
from simulators.signals import Signal

_LEAST_SECONDS = 1.0
_NEVER_NS = 1 << 62


class Report(NamedTuple):
    """One message on its way, or the moment at which a line may be asked."""

    arrives_ns: int
    device: str
    time_ns: int
    """When the device measured, by the true clock."""
    payload: bytes | None
    """None for a device that is asked: its registers are those of `Reports.registers`."""
    sequence: int = 0
    """How many messages its device has made before."""


class Reports:
    """Every report of a site's devices from `start_ns` on; each device has its own period and phase."""

    def __init__(
        self,
        inventory: Inventory,
        signals: Mapping[str, Signal],
        instruments: Instruments,
        *,
        start_ns: int,
        period_seconds: Mapping[str, float] | None = None,
        stations: Mapping[str, str] | None = None,
    ) -> None:
        """`stations` gives a device's own id in its protocol, where that is not its id in the site file."""
        self._signals = signals
        self._instruments = instruments
        self._devices = dict(inventory.devices)
        self._channels: dict[str, list[Channel]] = defaultdict(list)
        for channel in inventory.channels.values():
            self._channels[channel.device].append(channel)
        self._period_ns: dict[str, int] = {}
        self._stations = dict(stations or {})
        self._sent: dict[str, int] = defaultdict(int)
        self._due: list[tuple[int, str]] = []
        self._late: list[Report] = []
        for name, channels in self._channels.items():
            own = (period_seconds or {}).get(name) or min(channel.report_seconds for channel in channels)
            self._period_ns[name] = period_ns = round(max(_LEAST_SECONDS, own) * SECOND)
            self._due.append((start_ns + seed_of("phase", name) % period_ns, name))
        heapq.heapify(self._due)

    def until(self, end_ns: int) -> Iterator[Report]:
        """Yield what arrives before a moment, in order; go on from there when asked again."""
        while True:
            due_ns = self._due[0][0] if self._due else end_ns
            late_ns = self._late[0].arrives_ns if self._late else end_ns
            if min(due_ns, late_ns) >= end_ns:
                return
            if late_ns <= due_ns:
                yield heapq.heappop(self._late)
                continue
            _, name = self._due[0]
            heapq.heapreplace(self._due, (due_ns + self._period_ns[name], name))
            if not self._instruments.reports(name, due_ns):
                continue
            report = self._report(self._devices[name], due_ns)
            if report.arrives_ns > due_ns:
                # The line is down: it is measured now and sent when the line is back, if it remembers at all.
                if report.payload is not None:
                    heapq.heappush(self._late, report)
                continue
            yield report

    @property
    def next_ns(self) -> int:
        """When the next report arrives or is measured; far away when there is no device."""
        return min(self._due[0][0] if self._due else _NEVER_NS, self._late[0].arrives_ns if self._late else _NEVER_NS)

    def measured(self, end_ns: int) -> Iterator[tuple[str, int, dict[str, float]]]:
        """Yield (device, true time, values) of all that is measured and not lost before a moment, in order of time.

        It takes the place of `until`: what is measured while a line is down is here in its own time, once.
        """
        while self._due and self._due[0][0] < end_ns:
            due_ns, name = self._due[0]
            heapq.heapreplace(self._due, (due_ns + self._period_ns[name], name))
            is_asked = self._devices[name].profile.protocol == "modbus"
            is_up = self._instruments.back_online(name, due_ns) == due_ns
            if self._instruments.reports(name, due_ns) and (is_up or not is_asked):
                yield name, due_ns, self.values(name, due_ns)

    def registers(self, device: str, time_ns: int) -> list[Block] | None:
        """Return the registers of a device that is asked at a moment; None when it does not answer."""
        found = self._devices[device]
        is_up = self._instruments.back_online(device, time_ns) == time_ns
        if not (is_up and self._instruments.reports(device, time_ns)):
            return None
        return registers_of(found.profile, self.values(device, time_ns))

    def values(self, device: str, time_ns: int) -> dict[str, float]:
        """Return what each point of a device shows at a moment."""
        moment = np.array([time_ns], np.int64)
        return {one.point: float(self._signals[one.id].at(moment)[0]) for one in self._channels[device]}

    def _report(self, device: Device, time_ns: int) -> Report:
        arrives_ns = self._instruments.back_online(device.id, time_ns)
        if device.profile.protocol == "modbus":
            return Report(arrives_ns, device.id, time_ns, None)
        clock_ns = self._instruments.clock(device.id, time_ns)
        sequence = self._sent[device.id]
        self._sent[device.id] += 1
        station = self._stations.get(device.id, device.id)
        sending = Sending(device.profile, station, self.values(device.id, time_ns), clock_ns, sequence)
        return Report(arrives_ns, device.id, time_ns, ENCODERS[device.profile.protocol](sending), sequence)
