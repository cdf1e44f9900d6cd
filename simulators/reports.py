"""What a fleet sends, in the order in which it arrives, without a socket: bytes of messages, registers to be asked for.

The same reports go over real brokers and lines, or straight into the decoders of a rehearsal.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from gateway.inventory import Channel, Device, Inventory
from gateway.model import SECOND, Floats, Int64s
from simulators.calibrating import with_status
from simulators.courses import samples_of
from simulators.devices import Block, registers_of
from simulators.encoders import DEATH, ENCODERS, Sending
from simulators.encoders import chirpstack as wrapped
from simulators.instruments import Instruments
from simulators.modbus_answers import Said, answer, refusal
from simulators.noise import seed_of
from simulators.signals import Signal
from simulators.spoken import check_spoken

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
    """How many messages its device has made before; `DEATH` for the will of a Sparkplug node."""


class Measured(NamedTuple):
    """What a device measured at a moment, and when it reaches a gateway."""

    device: str
    time_ns: int
    """By the true clock."""
    arrives_ns: int
    """Far away when its line never comes back."""
    values: Mapping[str, float]


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
        chirpstack: Collection[str] = (),
    ) -> None:
        """`stations` gives a device's own id in its protocol, where the site file does not say it.

        Payloads of the devices of `chirpstack` come as events of a ChirpStack server. ConfigError for devices whose
        protocol nobody speaks here.
        """
        check_spoken(inventory.devices.values())
        self._signals = signals
        self._instruments = instruments
        self._devices = dict(inventory.devices)
        self._channels: dict[str, list[Channel]] = defaultdict(list)
        for channel in inventory.channels.values():
            self._channels[channel.device].append(channel)
        self._period_ns: dict[str, int] = {}
        self.stations: Mapping[str, str] = {
            **{device.id: device.station or device.id for device in self._devices.values()},
            **(stations or {}),
        }
        """What each device calls itself in its protocol."""
        self._wrapped = frozenset(chirpstack)
        self._sampled: dict[str, list[tuple[Channel, float]]] = defaultdict(list)
        """Device → its channels of samples, and the seconds between two of them."""
        for channel in inventory.channels.values():
            samples = self._devices[channel.device].profile.points[channel.point].samples
            if samples is not None and samples.step_seconds is not None:
                self._sampled[channel.device].append((channel, samples.step_seconds))
        self._sent: dict[str, int] = defaultdict(int)
        self._dead: set[str] = set()
        """Sparkplug nodes whose line went down after their birth."""
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
            name = self._next_due()
            if not self._instruments.reports(name, due_ns):
                continue
            death = self._death(self._devices[name], due_ns)
            if death is not None:
                yield death
            report = self._report(self._devices[name], due_ns)
            if report.arrives_ns > due_ns:
                # The line is down or slow: measured now and sent later, if the device remembers at all.
                if report.payload is not None:
                    heapq.heappush(self._late, report)
                continue
            yield report

    @property
    def next_ns(self) -> int:
        """When the next report arrives or is measured; far away when there is no device."""
        return min(self._due[0][0] if self._due else _NEVER_NS, self._late[0].arrives_ns if self._late else _NEVER_NS)

    def measured(self, end_ns: int) -> Iterator[Measured]:
        """Yield all that is measured and not lost before a moment, in order of time.

        It takes the place of `until`: what is measured while a line is down is here in its own time, once. A block of
        samples comes whole, before what was measured at its end.
        """
        while self._due and self._due[0][0] < end_ns:
            due_ns = self._due[0][0]
            name = self._next_due()
            is_asked = self._devices[name].profile.protocol == "modbus"
            is_there = self._instruments.reports(name, due_ns) and not self._instruments.exception(name, due_ns)
            if is_there and (not is_asked or self._instruments.back_online(name, due_ns) == due_ns):
                waves = self.waves(name, due_ns)
                arrives_ns = due_ns if is_asked else self._arrives(name, due_ns)
                for point, (times, samples) in waves.items():
                    for when, sample in zip(times.tolist(), samples.tolist(), strict=True):
                        yield Measured(name, when, arrives_ns, {point: sample})
                values = {point: value for point, value in self.values(name, due_ns).items() if point not in waves}
                yield Measured(name, due_ns, arrives_ns, values)

    def registers(self, device: str, time_ns: int) -> list[Block] | None:
        """Return the registers of a device that is asked at a moment; None when it does not answer."""
        found = self._devices[device]
        is_up = self._instruments.back_online(device, time_ns) == time_ns
        if not (is_up and self._instruments.reports(device, time_ns)):
            return None
        values = self.values(device, time_ns)
        calibrated = self._instruments.calibrated(device, values, time_ns)
        return registers_of(found.profile, with_status(found.profile, values, calibrated) if calibrated else values)

    def reply(self, device: str, frame: bytes, time_ns: int) -> Said:
        """Return what a device that is asked at a moment says to a Modbus TCP request."""
        if self._instruments.is_cut(device, time_ns):
            return Said(None, hangs_up=True)
        blocks = self.registers(device, time_ns)
        if blocks is None:
            return Said(None)
        code = self._instruments.exception(device, time_ns)
        said = refusal(frame, code) if code else answer(frame, blocks)
        return Said(said, self._instruments.delay_seconds(device, time_ns))

    def replied(self, device: str, frame: bytes, time_ns: int, *, patience_seconds: float = 1.0) -> bytes | None:
        """Return the reply that a master hears who waits so long; None when it hears none."""
        said = self.reply(device, frame, time_ns)
        return said.frame if said.after_seconds <= patience_seconds else None

    def is_cut(self, device: str, time_ns: int) -> bool:
        """Return whether nobody can connect to a device's line."""
        return self._instruments.is_cut(device, time_ns)

    def wrap(self, devices: Collection[str]) -> None:
        """Let a ChirpStack server stand between these devices and whoever hears them, from their next message on."""
        self._wrapped |= frozenset(devices)

    def bear_again(self, device: str) -> None:
        """Let the next message of a device be as its first, which a Sparkplug host may ask for."""
        self._sent[device] = 0

    def values(self, device: str, time_ns: int) -> dict[str, float]:
        """Return what each point of a device shows at a moment."""
        moment = np.array([time_ns], np.int64)
        return {one.point: float(self._signals[one.id].at(moment)[0]) for one in self._channels[device]}

    def waves(self, device: str, time_ns: int) -> dict[str, tuple[Int64s, Floats]]:
        """Return times and values of the samples that each point of a device took in the period before a moment."""
        waves = {}
        period_ns = self._period_ns[device] if device in self._sampled else 0
        for channel, step_seconds in self._sampled.get(device, ()):
            count = max(1, round(period_ns / SECOND / step_seconds))
            taken = np.arange(count) * (step_seconds * SECOND)
            times = time_ns - period_ns + taken.round().astype(np.int64)
            waves[channel.point] = times, samples_of(self._signals[channel.id], times)
        return waves

    def _report(self, device: Device, time_ns: int) -> Report:
        if device.profile.protocol == "modbus":
            return Report(self._instruments.back_online(device.id, time_ns), device.id, time_ns, None)
        arrives_ns = self._arrives(device.id, time_ns)
        waves = self.waves(device.id, time_ns)
        # The time of a block is that of its first sample.
        begins_ns = time_ns - self._period_ns[device.id] if waves else time_ns
        clock_ns = self._instruments.clock(device.id, begins_ns)
        sequence = self._sent[device.id]
        self._sent[device.id] += 1
        values = self.values(device.id, time_ns)
        calibrated = self._instruments.calibrated(device.id, values, time_ns)
        taken = {point: samples.tolist() for point, (_, samples) in waves.items()}
        sending = Sending(device.profile, self.stations[device.id], values, clock_ns, sequence, calibrated, taken)
        payload = ENCODERS[device.profile.protocol](sending)
        if device.id in self._wrapped:
            payload = wrapped(sending, payload)
        return Report(arrives_ns, device.id, time_ns, payload, sequence)

    def _arrives(self, device: str, time_ns: int) -> int:
        """Return when what a device sends by itself arrives."""
        late_seconds = self._instruments.delay_seconds(device, time_ns)
        return self._instruments.back_online(device, time_ns) + round(late_seconds * SECOND)

    def _death(self, device: Device, time_ns: int) -> Report | None:
        """Return the will of a Sparkplug node whose line is down since its last report; it is born anew when back."""
        if device.profile.protocol != "sparkplug":
            return None
        is_up = self._instruments.back_online(device.id, time_ns) == time_ns
        if is_up or device.id in self._dead or not self._sent[device.id]:
            self._dead -= {device.id} if is_up else set()
            return None
        self._dead.add(device.id)
        self._sent[device.id] = 0
        will = Sending(device.profile, self.stations[device.id], {}, time_ns, DEATH)
        return Report(time_ns, device.id, time_ns, ENCODERS["sparkplug"](will), DEATH)

    def _next_due(self) -> str:
        """Take the device that is due first, and note when it is due again."""
        due_ns, name = self._due[0]
        period_ns = self._instruments.period_ns(name, due_ns, self._period_ns[name])
        heapq.heapreplace(self._due, (due_ns + period_ns, name))
        return name
