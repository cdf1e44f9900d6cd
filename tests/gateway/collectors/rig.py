"""A journal that records, and hand-made devices, for the collectors' tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, Self

import aiomqtt

from gateway.collectors import CollectedDevice, Collector
from gateway.errors import Unreachable
from gateway.health import CountName, Health
from gateway.inventory import Device
from gateway.model import Batch, Quarantine, Record
from gateway.profiles import FieldPlace, Point, Profile

GAS = Profile(
    id="gas/manhole_methane",
    title="methane in a manhole",
    lifeline="gas",
    protocol="json",
    source="made up",
    points={
        "ch4": Point("ch4", "combustible_gas", "%", FieldPlace(("ch4",))),
        "temperature": Point("temperature", "temperature", "Cel", FieldPlace(("temperature",))),
        "firmware": Point("firmware", "", "", FieldPlace(("firmware",)), is_text=True),
    },
    frames=(),
    time_path=("ts",),
    time_format="ms",
)


def gas_devices(collector: str = "district", count: int = 1) -> list[CollectedDevice]:
    """Devices gas-1, gas-2, … whose channels are 2n-1 (ch4) and 2n (temperature)."""
    return [
        CollectedDevice(Device(f"gas-{n}", GAS, collector, f"MH-{n}"), {"ch4": 2 * n - 1, "temperature": 2 * n})
        for n in range(1, count + 1)
    ]


class WatchedHealth(Health):
    """A health that tests can wait on."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    def count(self, stage: str, name: CountName, amount: int = 1, reason: str = "") -> None:
        super().count(stage, name, amount, reason)
        self._changed.set()

    def set_condition(self, name: str, *, ok: bool, reason: str = "", needed: bool = True) -> bool:
        changed = super().set_condition(name, ok=ok, reason=reason, needed=needed)
        self._changed.set()
        return changed

    def counted(self, stage: str, name: CountName, reason: str = "") -> int:
        """One counter, 0 when nothing was counted."""
        return self.counts().get((stage, name, reason), 0)

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something holds of what was reported."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_ok(self, name: str = "collector:district", seconds: float = 60.0) -> None:
        """Wait until a condition is ok."""
        await self.until(lambda: any(some.name == name and some.ok for some in self.conditions()), seconds)


class RecordingJournal:
    """Takes records over at the call and makes them durable in order; can be held or broken."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.urgent: list[bool] = []
        self.is_broken = False
        self.calls = 0
        self._open = asyncio.Event()
        self._open.set()
        self._changed = asyncio.Condition()

    def hold(self) -> None:
        """Nothing becomes durable until released."""
        self._open.clear()

    def release(self) -> None:
        """Let everything taken over become durable."""
        self._open.set()

    async def __call__(self, records: Sequence[Record], *, urgent: bool = False) -> None:
        self.calls += 1
        self.urgent.append(urgent)
        await self._notify()
        if self.is_broken:
            raise Unreachable("the disk is gone")
        await self._open.wait()
        self.records.extend(records)
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something holds of what arrived."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    @property
    def rows(self) -> list[tuple[int, int, float]]:
        """(channel, time_ns, value) of everything durable."""
        return [
            row
            for record in self.records
            if isinstance(record, Batch)
            for row in zip(record.channel.tolist(), record.time_ns.tolist(), record.value.tolist(), strict=True)
        ]

    @property
    def quarantine(self) -> list[Quarantine]:
        """The quarantine records that are durable."""
        return [record for record in self.records if isinstance(record, Quarantine)]


class Broker(Protocol):
    """A real broker that can be stopped and started again."""

    host: str
    port: int

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


@contextlib.asynccontextmanager
async def collecting(collector: Collector, journal: RecordingJournal) -> AsyncIterator[asyncio.Task[None]]:
    """Run a collector for the length of a block."""
    task = asyncio.create_task(collector.run(journal))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def publish(broker: Broker, messages: Sequence[tuple[str, bytes]], *, retain: bool = False, qos: int = 1) -> None:
    """Publish, at QoS 1 waiting for every PUBACK."""
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for topic, payload in messages:
            await client.publish(topic, payload, qos=qos, retain=retain)


async def leave_session(broker: Broker, client_id: str, topic: str) -> None:
    """Make the broker keep a persistent session that is subscribed to a topic."""
    async with aiomqtt.Client(broker.host, broker.port, identifier=client_id, clean_session=False) as client:
        await client.subscribe(topic, qos=1)


class Link:
    """A TCP link to a broker that can be frozen: open on both sides, and nothing goes through any more."""

    def __init__(self, broker: Broker) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.accepted = 0
        self._broker = broker
        self._frozen: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._pumps: list[asyncio.Task[None]] = []

    def freeze(self) -> None:
        """Let nothing more through the connections that are open now."""
        self._frozen |= self._writers

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        to_broker = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._writers |= {writer, to_broker[1]}
        self._pumps += [
            asyncio.create_task(self._pump(reader, to_broker[1])),
            asyncio.create_task(self._pump(to_broker[0], writer)),
        ]

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                if writer not in self._frozen:
                    writer.write(data)
                    await writer.drain()
