"""A fleet's reports over real sockets, at the pace of real time or faster, from one thread of one process.

Devices that push publish when their report is due, stations dial in and send; devices that are asked hold registers
behind real ports.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from gateway.errors import Unreachable
from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.fleet.dialling import Place, Stations
from simulators.fleet.pace import Timing
from simulators.fleet.publishing import MqttTarget, Publisher
from simulators.modbus_answers import Said, unit_of
from simulators.reports import Reports
from simulators.servers.modbus_lines import Line, ModbusLines
from simulators.servers.registers import Behaviour

_Done = TypeVar("_Done")

_START_SECONDS = 10.0
_LOOK_SECONDS = 0.5
"""A sleeper looks up so often: a device may have been taken off its line meanwhile."""
_AT_ONCE = 20
"""Reports that are sent before requests are looked at again."""
_REMEMBERED = 100_000


class Counted(NamedTuple):
    """What a fleet has said so far."""

    messages: int
    acknowledged: int
    """Messages that a broker has taken."""
    requests: int
    """Requests of registers."""
    lateness_p99_seconds: float
    """How late the newest messages were sent, in real seconds."""


class LiveFleet:
    """All devices of a site whose collector is among `brokers`, `lines` or `listeners`; the others stay dark.

    `listen` opens the lines, so that a collector may ask; `start` lets devices report; `stop` leaves nothing behind.
    A block of it does all three.
    """

    def __init__(
        self,
        inventory: Inventory,
        reports: Reports,
        *,
        timing: Timing,
        brokers: Mapping[str, MqttTarget],
        lines: Mapping[str, Line | int],
        listeners: Mapping[str, Place] | None = None,
        devices_per_client: int = 500,
    ) -> None:
        """`lines` gives each Modbus collector its line, or the port of one of Modbus TCP, 0 for a free one.

        `ports` tells them once it listens. `listeners` gives each collector that stations dial into its (host, port).
        """
        self._reports = reports
        self._timing = timing
        self._pushing: set[str] = set()
        self._sparkplug: set[str] = set()
        self._units: dict[tuple[str, int], str] = {}
        dialled: dict[str, Place] = {}
        by_broker: dict[str, list[str]] = {name: [] for name in brokers}
        for device in inventory.devices.values():
            if device.collector in brokers:
                self._pushing.add(device.id)
                by_broker[device.collector].append(device.id)
                if device.profile.protocol == "sparkplug":
                    self._sparkplug.add(device.id)
            elif listeners and device.collector in listeners:
                dialled[device.id] = listeners[device.collector]
            elif device.collector in lines:
                self._units[device.collector, device.unit or 1] = device.id
        self._publisher = Publisher(
            brokers,
            by_broker,
            stations=reports.stations,
            sparkplug=self._sparkplug,
            bear_again=self._bear_again,
            devices_per_client=devices_per_client,
        )
        self._dialled = frozenset(dialled)
        self._stations = Stations(dialled)
        written = {name: line if isinstance(line, Line) else Line(line) for name, line in lines.items()}
        self._lines = ModbusLines(written, self._reply, self._is_cut)
        self._messages = 0
        self._lateness: deque[float] = deque(maxlen=_REMEMBERED)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._begin: asyncio.Event | None = None
        self._end: asyncio.Event | None = None
        self._failed: BaseException | None = None

    @property
    def host(self) -> str:
        """Where its lines are."""
        return self._lines.host

    @property
    def ports(self) -> Mapping[str, int]:
        """The port of each line, once it listens."""
        return self._lines.ports

    def behave(self, device: str, behaviour: Behaviour) -> None:
        """Set how a device that is asked answers from now on."""
        line, unit = next(place for place, name in self._units.items() if name == device)
        self._lines.behave(line, unit, behaviour)

    def counted(self) -> Counted:
        """Return what has been said so far."""
        late = sorted(self._lateness)
        p99 = late[int(0.99 * (len(late) - 1))] if late else 0.0
        return Counted(self._messages, self._publisher.acknowledged, self._lines.requests, p99)

    def between(self, action: Callable[[], _Done]) -> Future[_Done]:
        """Have something done in the fleet's own thread between two reports, when no world is being stepped."""
        done: Future[_Done] = Future()

        def act() -> None:
            try:
                done.set_result(action())
            except Exception as error:  # noqa: BLE001 - whoever asked is told
                done.set_exception(error)

        if self._loop is None or self._loop.is_closed():
            raise Unreachable("the fleet does not listen")
        self._loop.call_soon_threadsafe(act)
        return done

    def listen(self) -> None:
        """Open the lines; Unreachable when a port is taken."""
        if self._thread is not None:
            return
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="fleet", daemon=True)
        self._thread.start()
        try:
            ready.result(_START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def start(self) -> None:
        """Let all devices report."""
        self.listen()
        self._publisher.connect()
        if self._loop is not None and self._begin is not None:
            self._loop.call_soon_threadsafe(self._begin.set)

    def stop(self) -> None:
        """Let every device fall silent and close every line; RuntimeError when the fleet had broken down."""
        thread, self._thread = self._thread, None
        if self._loop is not None and self._end is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)
        if thread is not None:
            thread.join(_START_SECONDS)
        self._publisher.close()

    @property
    def failed(self) -> BaseException | None:
        """Why the fleet has broken down; None when it has not."""
        return self._failed

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self._live(ready))
        except Unreachable as error:
            ready.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whoever holds the fleet is told, in `failed`
            self._failed = error

    async def _live(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._begin, self._end = asyncio.Event(), asyncio.Event()
        async with self._lines:
            ready.set_result(None)
            sending = asyncio.create_task(self._send(self._begin), name="fleet-sending")
            ending = asyncio.create_task(self._end.wait(), name="fleet-ending")
            await asyncio.wait((sending, ending), return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, ending):
                task.cancel()
            results = await asyncio.gather(sending, ending, return_exceptions=True)
            await self._stations.stop()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _send(self, begin: asyncio.Event) -> None:
        await begin.wait()
        self._stations.start()
        timing, reports = self._timing, self._reports
        while True:
            for number, report in enumerate(reports.until(timing.now_ns())):
                if report.payload is not None and self._sent(report.device, report.payload, report.sequence):
                    self._messages += 1
                    self._lateness.append((timing.now_ns() - report.arrives_ns) / SECOND / timing.speed)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            due_seconds = (reports.next_ns - timing.now_ns()) / SECOND / timing.speed
            await asyncio.sleep(min(_LOOK_SECONDS, max(0.0, due_seconds)))

    def _sent(self, device: str, payload: bytes, sequence: int) -> bool:
        if device in self._dialled:
            self._stations.send(device, payload)
        elif device in self._pushing:
            number = sequence if device in self._sparkplug else None
            self._publisher.publish(device, payload, sparkplug_sequence=number)
        else:
            return False
        return True

    def _reply(self, line: str, frame: bytes) -> Said:
        device = self._units.get((line, unit_of(frame)))
        return Said(None) if device is None else self._reports.reply(device, frame, self._timing.now_ns())

    def _is_cut(self, line: str) -> bool:
        now_ns = self._timing.now_ns()
        return any(self._reports.is_cut(device, now_ns) for (name, _), device in self._units.items() if name == line)

    def _bear_again(self, device: str) -> None:
        """Take a host's wish to hear a Sparkplug node's birth, from a thread of its client."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._reports.bear_again, device)
