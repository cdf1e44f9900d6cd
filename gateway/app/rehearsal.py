"""The whole gateway on a simulated clock, fed the bytes of a fleet through the collectors' own decoding.

Nothing here opens a socket: messages go where a broker's would, requests of registers to a function that answers.
The same fleet gives the same warnings, however fast or slow the machine is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from gateway.app.gateway import Gateway
from gateway.clock import FakeClock
from gateway.collectors import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.modbus_unit import ModbusUnit
from gateway.collectors.mqtt_connection import MqttMessage
from gateway.collectors.mqtt_intake import Intake
from gateway.early_warning import EarlyWarning
from gateway.errors import Unreachable
from gateway.model import SECOND, Batch, Record, Tick
from gateway.settings import ModbusTcpSettings, MqttSettings, Site

_SLICES = 6
"""So many are journaled with one commit."""
_KIND = "{kind}"
_UNIT = 6
"""Where the unit stands in a Modbus TCP request."""
_AHEAD = 16
"""Commits that may wait for the disk while the next is made."""


class Arrival(Protocol):
    """One message, or the moment to ask a device whose `payload` is None."""

    @property
    def arrives_ns(self) -> int:
        """When it reaches the gateway."""
        ...

    @property
    def device(self) -> str:
        """Whose it is."""
        ...

    @property
    def payload(self) -> bytes | None:
        """Its bytes."""
        ...

    @property
    def sequence(self) -> int:
        """How many messages its device has made since its birth; below 0 for the will of a Sparkplug node."""
        ...


class Counted(NamedTuple):
    """What went through a rehearsal."""

    messages: int
    polls: int
    readings: int
    kept: int
    """Distinct (channel, time) in history at the end."""


class Rehearsal:
    """A gateway of a site in a folder of its own, from `start_ns` on; a block of it runs it."""

    def __init__(
        self,
        site: Site,
        state: Path,
        *,
        start_ns: int,
        answer: Callable[[str, bytes, int], bytes | None],
        bear_again: Callable[[str], None] = lambda _: None,
        slice_seconds: float = 10.0,
    ) -> None:
        """`answer` gives what a device replies to a Modbus TCP request at a time; None when it does not.

        `bear_again` is told which Sparkplug device is asked for its birth.
        What arrives within a slice makes one batch; a tick follows, as a live journal writes them.
        """
        self._site = site
        self._clock = FakeClock(start_ns, boot_id="rehearsal")
        self._start_ns = start_ns
        self._answer = answer
        self._bear_again = bear_again
        self._slice_ns = round(slice_seconds * SECOND)
        self._gateway = Gateway(site, state, clock=self._clock, live=False)
        self._stack = AsyncExitStack()
        self._waiting: deque[Awaitable[None]] = deque()
        self._intakes: dict[str, Intake] = {}
        self._topics: dict[str, tuple[Intake, str]] = {}
        """Device → its topic; the kind of a Sparkplug message still has to be put into it."""
        self._nodes: dict[str, str] = {}
        """Topic of the commands to a Sparkplug node → its device."""
        self._units: dict[str, tuple[ModbusUnit, ModbusTcpSettings]] = {}
        self._lines: dict[str, ModbusConnection] = {}
        self._gathered: list[Record] = []
        self._slices = 0
        self._arrived = 0
        self._messages = self._polls = self._readings = 0

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._gateway)
        for settings in self._site.collectors.values():
            devices = self._gateway.collected_by(settings.id)
            if isinstance(settings, MqttSettings):
                self._expect_messages(settings, devices)
            elif isinstance(settings, ModbusTcpSettings):
                for one in devices:
                    unit = ModbusUnit(settings.id, one, settings.poll_seconds)
                    self._units[one.device.id] = (unit, settings)
            elif devices:
                await self._stack.aclose()
                raise Unreachable(f"a rehearsal carries mqtt and modbus_tcp, {settings.id} is {settings.kind}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._lines.values():
            line.close()
        await self._stack.aclose()

    async def play(self, arrivals: Iterable[Arrival], end_ns: int) -> None:
        """Let everything arrive and time pass until `end_ns`; arrivals are in order."""
        slice_end = self._now_ns + self._slice_ns
        records: list[Record] = []
        for arrival in arrivals:
            while arrival.arrives_ns >= slice_end:
                await self._hand_over(records, min(slice_end, end_ns))
                records, slice_end = [], slice_end + self._slice_ns
            self._go_to(arrival.arrives_ns)
            records += await self._take(arrival)
        while self._now_ns < end_ns:
            await self._hand_over(records, min(slice_end, end_ns))
            records, slice_end = [], slice_end + self._slice_ns
        await self._commit()
        await self._settle(0)
        await self._gateway.drained()

    def warnings(self) -> list[EarlyWarning]:
        """Return every early warning so far."""
        return list(self._gateway.ledger.warnings())

    def counted(self) -> Counted:
        """Return what went through so far."""
        kept = self._gateway.history.count(None)
        return Counted(self._messages, self._polls, self._readings, kept)

    @property
    def _now_ns(self) -> int:
        return self._clock.now().utc_ns

    def _go_to(self, time_ns: int) -> None:
        self._clock.set_monotonic(time_ns - self._start_ns)

    def _expect_messages(self, settings: MqttSettings, devices: Sequence[CollectedDevice]) -> None:
        intake = self._intakes[settings.id] = Intake(settings, devices, self._clock)
        for one in devices:
            station, group = one.device.station or one.device.id, settings.sparkplug_group
            if one.device.profile.protocol == "sparkplug":
                topic = f"spBv1.0/{group}/{_KIND}/{station}"
                self._nodes[topic.replace(_KIND, "NCMD")] = one.device.id
            else:
                topic = settings.topics[0].replace("{device}", station)
            self._topics[one.device.id] = (intake, topic)

    async def _take(self, arrival: Arrival) -> list[Record]:
        if arrival.payload is None:
            return await self._poll(arrival.device)
        intake, topic = self._topics[arrival.device]
        if _KIND in topic:
            born = "NDATA" if arrival.sequence else "NBIRTH"
            topic = topic.replace(_KIND, "NDEATH" if arrival.sequence < 0 else born)
        self._arrived += 1
        self._messages += 1
        message = MqttMessage(topic.encode(), arrival.payload, self._arrived, 1, False, False, self._arrived)  # noqa: FBT003
        intake.add(message, ())
        for command, _ in intake.commands():
            if command in self._nodes:
                self._bear_again(self._nodes[command])
        return []

    async def _poll(self, device: str) -> list[Record]:
        unit, settings = self._units[device]
        self._polls += 1
        records: list[Record] = []
        for poll in unit.classes:
            line = await self._line(settings)
            records += await unit.poll(line, self._clock, poll)
        return records

    async def _line(self, settings: ModbusTcpSettings) -> ModbusConnection:
        line = self._lines.get(settings.id)
        if line is None or not line.is_open:
            line = ModbusConnection(settings, partial(self._open, settings.id))
            await line.__aenter__()
            self._lines[settings.id] = line
        return line

    async def _open(self, collector: str, protocol: asyncio.Protocol) -> asyncio.BaseTransport:
        units = {unit.number: device for device, (unit, line) in self._units.items() if line.id == collector}
        return _Wire(protocol, lambda frame: self._answer(units[frame[_UNIT]], frame, self._now_ns))

    async def _hand_over(self, records: list[Record], until_ns: int) -> None:
        """Journal what has gathered, then the tick that lets silence pass."""
        self._go_to(until_ns)
        received = self._clock.now()
        for intake in self._intakes.values():
            records += intake.take(received).records
        self._readings += sum(len(record) for record in records if isinstance(record, Batch))
        self._gathered += [*records, Tick(received.utc_ns)]
        self._slices += 1
        if self._slices % _SLICES == 0:
            await self._commit()

    async def _commit(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._waiting.append(self._gateway.put(gathered, urgent=True))
        await self._settle(_AHEAD)

    async def _settle(self, left: int) -> None:
        while len(self._waiting) > left:
            await self._waiting.popleft()


class _Wire(asyncio.WriteTransport):
    """A line without a wire: what is written is answered at once, or the line breaks."""

    def __init__(self, protocol: asyncio.Protocol, answer: Callable[[bytes], bytes | None]) -> None:
        super().__init__()
        self._protocol = protocol
        self._answer = answer

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Answer a request; a device that is dead breaks the line, so that no real second is waited for it."""
        reply = self._answer(bytes(data))
        loop = asyncio.get_running_loop()
        if reply is None:
            loop.call_soon(self._protocol.connection_lost, None)
        else:
            loop.call_soon(self._protocol.data_received, reply)

    def close(self) -> None:
        """Nothing is held."""


def climbs_of(warning: EarlyWarning) -> list[tuple[int, str]]:
    """Return when a warning was raised, returned after it had cleared, or rose, and to which level, in order."""
    climbs: list[tuple[int, str]] = []
    highest = 0
    for step in warning.steps:
        if step.level > highest:
            climbs.append((step.time_ns, step.level.name.lower()))
        highest = max(highest, step.level) if step.level else 0
    return climbs
