"""One Modbus line: one task asks its units in turn, each at its own phase of the period of its points.

A unit that does not answer rests longer and longer, so that it costs its neighbours one timeout a rest, never a cycle.
A unit that warms up leaves the line to the others meanwhile. Writes go between two reads.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from gateway.clock import Clock
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.modbus_lateness import PollLateness
from gateway.collectors.modbus_memory import LineMemory
from gateway.collectors.modbus_unit import ModbusUnit
from gateway.collectors.modbus_writing import Writing
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND, Batch, Put, Record
from gateway.profiles import PollClass
from gateway.settings import ModbusSettings, period_seconds

_SPREAD_SECONDS = 5.0
_MOST_UNDERWAY = 64

logger = logging.getLogger(__name__)


class _Turn(NamedTuple):
    due_ns: int
    place: int
    poll: PollClass
    is_warm: bool
    period_ns: int
    planned_ns: int
    """When the poll was due before the unit had to warm up."""


class ModbusLine:
    """Polls the units of one line."""

    def __init__(
        self,
        settings: ModbusSettings,
        devices: Sequence[CollectedDevice],
        *,
        clock: Clock,
        health: Health,
        backoff: Backoff | None = None,
        memory: LineMemory | None = None,
        dial: Callable[[], Awaitable[ModbusConnection]] | None = None,
        name: str = "",
        lateness: PollLateness | None = None,
        keeps_raw: bool = False,
    ) -> None:
        """`dial` brings an open connection or raises Unreachable; without it the settings say whom to dial."""
        self.name = f"collector:{settings.id}"
        self.writing = Writing(devices)
        self.silenced: set[str] = set()
        """Devices that a drill takes for dead: they are not asked."""
        self._condition = name or self.name
        self._settings = settings
        self._clock = clock
        self._health = health
        self._backoff = backoff or Backoff()
        self._memory = memory or LineMemory()
        self._dial = dial or self._dial_endpoint
        self._units = [
            ModbusUnit(
                settings.id,
                collected,
                settings.poll_seconds,
                memory=self._memory.of(collected.device.id),
                relearn_hours=settings.relearn_hours,
                keeps_raw=keeps_raw,
            )
            for collected in devices
        ]
        self._lateness = lateness or PollLateness()
        self._underway = asyncio.Semaphore(_MOST_UNDERWAY)
        self._connection: ModbusConnection | None = None

    async def write(self, device: str, point: str, value: float) -> None:
        """Write to a device of this line, as the site file allows."""
        await self.writing.write(device, point, value)

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        async with asyncio.TaskGroup() as puts:
            try:
                await self._poll_for_ever(put, puts)
            finally:
                if self._connection is not None:
                    self._connection.close()

    async def _poll_for_ever(self, put: Put, puts: asyncio.TaskGroup) -> None:
        turns = [turn for place in range(len(self._units)) for turn in self._first_turns(place)]
        heapq.heapify(turns)
        if not turns:
            await asyncio.Event().wait()
        while True:
            turn = turns[0]
            unit = self._units[turn.place]
            await self._until(turn.due_ns)
            if unit.device in self.silenced:
                self._leave_out(unit)
            elif self._clock.now().monotonic_ns >= unit.rests_until_ns:
                connection = await self._connected()
                if not turn.is_warm:
                    self._lateness.note(self._clock.now().monotonic_ns - turn.due_ns)
                    settle_seconds = await unit.warm_up(connection)
                    if settle_seconds > 0:
                        ready_ns = self._clock.now().monotonic_ns + round(settle_seconds * SECOND)
                        heapq.heapreplace(turns, turn._replace(due_ns=ready_ns, is_warm=True))
                        continue
                await self._poll(unit, turn.poll, connection, put, puts)
            heapq.heapreplace(turns, self._next(turn, unit))

    def _leave_out(self, unit: ModbusUnit) -> None:
        self._health.count(self.name, "failed", reason="drill")
        reason = "a drill takes this device for dead"
        self._health.set_condition(f"device:{unit.device}", ok=False, reason=reason, needed=False)

    def _next(self, turn: _Turn, unit: ModbusUnit) -> _Turn:
        now_ns = self._clock.now().monotonic_ns
        missed = max(0, (now_ns - turn.planned_ns) // turn.period_ns)
        if missed and now_ns >= unit.rests_until_ns:
            self._health.count(self.name, "dropped", missed, "poll missed")
        due_ns = turn.planned_ns + (missed + 1) * turn.period_ns
        return turn._replace(due_ns=due_ns, planned_ns=due_ns, is_warm=False)

    def _first_turns(self, place: int) -> list[_Turn]:
        """Spread the lines of a site, and the units of a line, over the period, the same at each start."""
        turns = []
        for poll in self._units[place].classes:
            period = period_seconds(self._settings, poll)
            spread = min(period, _SPREAD_SECONDS)
            phase = zlib.crc32(self._condition.encode()) % 1_000 / 1_000
            due_ns = self._clock.now().monotonic_ns + round((place + phase) / len(self._units) * spread * SECOND)
            turns.append(_Turn(due_ns, place, poll, False, round(period * SECOND), due_ns))  # noqa: FBT003 - a record
        return turns

    async def _until(self, due_ns: int) -> None:
        """Wait for a moment, and write what is to be written meanwhile."""
        while True:
            wait_ns = due_ns - self._clock.now().monotonic_ns
            if not self.writing.is_possible:
                # Even a line that is always late gives way to the others on the loop.
                await (self._clock.sleep(wait_ns / SECOND) if wait_ns > 0 else asyncio.sleep(0))
                return
            if not await self.writing.wanted(self._clock, wait_ns / SECOND):
                return
            await self.writing.write_next(await self._connected())

    async def _dial_endpoint(self) -> ModbusConnection:
        return await ModbusConnection(self._settings).__aenter__()

    async def _connected(self) -> ModbusConnection:
        """Return an open connection, however long that takes."""
        while self._connection is None or not self._connection.is_open:
            try:
                self._connection = await self._dial()
            except Unreachable as error:
                self._health.count(self.name, "failed", reason="connection")
                if self._health.set_condition(self._condition, ok=False, reason=f"{error}; trying again", needed=False):
                    logger.warning("%s: %s; trying again", self._condition, error)
                await self._clock.sleep(self._backoff.next_seconds())
        if self._health.set_condition(self._condition, ok=True, reason="connected", needed=False):
            logger.info("%s: connected to %s", self._condition, self._settings.where)
        return self._connection

    async def _poll(
        self, unit: ModbusUnit, poll: PollClass, connection: ModbusConnection, put: Put, puts: asyncio.TaskGroup
    ) -> None:
        was_failing = bool(unit.problem)
        records = await unit.poll(connection, self._clock, poll)
        readings = sum(len(record) for record in records if isinstance(record, Batch))
        if readings:
            self._backoff.reset()
            self._health.count(self.name, "received", readings)
        for reason, _ in unit.failures:
            self._health.count(self.name, "failed", reason=reason)
        detail = "; ".join(detail for _, detail in unit.failures + unit.standing)
        is_ok = not detail
        self._health.set_condition(f"device:{unit.device}", ok=is_ok, reason=detail or "answers", needed=False)
        if was_failing == is_ok:
            level = logging.INFO if is_ok else logging.WARNING
            logger.log(level, "%s: %s: %s", self.name, unit.device, detail or "answers again")
        if records:
            await self._underway.acquire()
            puts.create_task(self._durable(put, records, readings), name=f"{self.name} put")
        await self._memory.save()

    async def _durable(self, put: Put, records: list[Record], readings: int) -> None:
        try:
            # A put is the journal's once it was called: stopping does not take it back.
            await asyncio.shield(asyncio.ensure_future(_call(put, records)))
            self._health.count(self.name, "sent", readings)
        except Unreachable:
            # A poll cannot be asked for again.
            self._health.count(self.name, "failed", readings, "journal")
        finally:
            self._underway.release()


async def _call(put: Put, records: list[Record]) -> None:
    await put(records)
