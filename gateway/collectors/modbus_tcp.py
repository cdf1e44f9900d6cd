"""Modbus TCP: one task for an endpoint asks its units in turn, each at its own phase of the poll period.

A unit that does not answer rests longer and longer, so that it costs its neighbours one timeout a rest, never a cycle.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import zlib
from collections.abc import Sequence

from gateway.clock import Clock
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.modbus_unit import ModbusUnit
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND, Batch, Put, Record
from gateway.settings import ModbusTcpSettings

_SPREAD_SECONDS = 5.0
_MOST_UNDERWAY = 64

logger = logging.getLogger(__name__)


class ModbusTcpCollector:
    """Polls the units behind one endpoint."""

    def __init__(
        self,
        settings: ModbusTcpSettings,
        devices: Sequence[CollectedDevice],
        *,
        clock: Clock,
        health: Health,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = f"collector:{settings.id}"
        self._settings = settings
        self._clock = clock
        self._health = health
        self._backoff = backoff or Backoff()
        self._units = [ModbusUnit(settings.id, collected, settings.poll_seconds) for collected in devices]
        self._underway = asyncio.Semaphore(_MOST_UNDERWAY)
        self._connection: ModbusConnection | None = None

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        async with asyncio.TaskGroup() as puts:
            try:
                await self._poll_for_ever(put, puts)
            finally:
                if self._connection is not None:
                    self._connection.close()

    async def _poll_for_ever(self, put: Put, puts: asyncio.TaskGroup) -> None:
        period_ns = round(self._settings.poll_seconds * SECOND)
        due = [(self._first_poll_ns(place), place) for place in range(len(self._units))]
        heapq.heapify(due)
        if not due:
            await asyncio.Event().wait()
        while True:
            due_ns, place = due[0]
            unit = self._units[place]
            await self._until(due_ns)
            if self._clock.now().monotonic_ns >= unit.rests_until_ns:
                connection = await self._connected()
                await self._poll(unit, connection, put, puts)
            late_ns = self._clock.now().monotonic_ns - due_ns
            missed = max(0, late_ns // period_ns)
            if missed and self._clock.now().monotonic_ns >= unit.rests_until_ns:
                self._health.count(self.name, "dropped", missed, "poll missed")
            heapq.heapreplace(due, (due_ns + (missed + 1) * period_ns, place))

    def _first_poll_ns(self, place: int) -> int:
        """Spread the endpoints of a site, and the units of an endpoint, over the period, the same at each start."""
        spread = min(self._settings.poll_seconds, _SPREAD_SECONDS)
        phase = zlib.crc32(self._settings.id.encode()) % 1_000 / 1_000
        share = (place + phase) / len(self._units)
        return self._clock.now().monotonic_ns + round(share * spread * SECOND)

    async def _until(self, due_ns: int) -> None:
        wait_ns = due_ns - self._clock.now().monotonic_ns
        # Even a line that is always late gives way to the others on the loop.
        await (self._clock.sleep(wait_ns / SECOND) if wait_ns > 0 else asyncio.sleep(0))

    async def _connected(self) -> ModbusConnection:
        """Return an open connection, however long that takes."""
        while self._connection is None or not self._connection.is_open:
            connection = ModbusConnection(self._settings)
            try:
                self._connection = await connection.__aenter__()
            except Unreachable as error:
                connection.close()
                self._health.count(self.name, "failed", reason="connection")
                if self._health.set_condition(self.name, ok=False, reason=f"{error}; trying again", needed=False):
                    logger.warning("%s: %s; trying again", self.name, error)
                await self._clock.sleep(self._backoff.next_seconds())
        if self._health.set_condition(self.name, ok=True, reason="connected", needed=False):
            logger.info("%s: connected to %s:%d", self.name, self._settings.host, self._settings.port)
        return self._connection

    async def _poll(self, unit: ModbusUnit, connection: ModbusConnection, put: Put, puts: asyncio.TaskGroup) -> None:
        was_failing = bool(unit.problem)
        records = await unit.poll(connection, self._clock)
        readings = sum(len(record) for record in records if isinstance(record, Batch))
        if readings:
            self._backoff.reset()
            self._health.count(self.name, "received", readings)
        for reason, _ in unit.failures:
            self._health.count(self.name, "failed", reason=reason)
        detail = "; ".join(detail for _, detail in unit.failures)
        is_ok = not unit.failures
        self._health.set_condition(f"device:{unit.device}", ok=is_ok, reason=detail or "answers", needed=False)
        if was_failing == is_ok:
            level = logging.INFO if is_ok else logging.WARNING
            logger.log(level, "%s: %s: %s", self.name, unit.device, detail or "answers again")
        if records:
            await self._underway.acquire()
            puts.create_task(self._durable(put, records, readings), name=f"{self.name} put")

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
