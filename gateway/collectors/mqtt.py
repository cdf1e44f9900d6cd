"""MQTT: each message is decoded as it arrives, gathered for a moment, and acknowledged once it is on disk.

Knows nothing of aiomqtt. What one connection brought is on disk before the next begins: nothing queues without bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from gateway.clock import Clock
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.mqtt_flow import MqttFlow
from gateway.collectors.mqtt_intake import Intake, RecentReceipts
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND, Put
from gateway.settings import MqttSettings

_STANDS_SECONDS = 10.0
_DRAIN_SECONDS = 1.0

logger = logging.getLogger(__name__)


class MqttCollector:
    """Collects from one broker, through a persistent session under a stable client id."""

    def __init__(
        self,
        settings: MqttSettings,
        devices: Sequence[CollectedDevice],
        *,
        clock: Clock,
        health: Health,
        recent: Sequence[bytes] = (),
        max_waiting: int = 5_000,
        backoff: Backoff | None = None,
        keeps_raw: bool = False,
    ) -> None:
        """`recent` are the hashes of the newest messages without a time of their own, from the journal."""
        self.name = f"collector:{settings.id}"
        self._settings = settings
        self._devices = devices
        self._clock = clock
        self._health = health
        self._recent = RecentReceipts(recent, 2 * settings.in_flight)
        self._max_waiting = max_waiting
        self._keeps_raw = keeps_raw
        self._backoff = backoff or Backoff()
        self._flow: MqttFlow | None = None
        health.gauge(f"{self.name}:waiting", lambda: float(self._flow.waiting if self._flow else 0))

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        while True:
            began_ns = self._clock.now().monotonic_ns
            reason = await self._collect(put)
            if self._clock.now().monotonic_ns - began_ns > _STANDS_SECONDS * SECOND:
                self._backoff.reset()
            problem = f"no connection to {self._settings.host}:{self._settings.port}: {reason}; trying again"
            if self._health.set_condition(self.name, ok=False, reason=problem, needed=False):
                logger.warning("%s: %s", self.name, problem)
            await self._clock.sleep(self._backoff.next_seconds())

    async def _collect(self, put: Put) -> str:
        """Collect through one connection; return why it ended."""
        flow = self._flow = MqttFlow(
            self._settings,
            Intake(self._settings, self._devices, self._clock, keeps_raw=self._keeps_raw),
            self._recent,
            put,
            clock=self._clock,
            health=self._health,
            max_waiting=self._max_waiting,
        )
        async with asyncio.TaskGroup() as tasks:
            acknowledging = tasks.create_task(flow.acknowledge(), name=f"{self.name} acknowledging")
            reason = await self._until_lost(flow)
            await flow.drain()
            acknowledging.cancel()
        return reason

    async def _until_lost(self, flow: MqttFlow) -> str:
        try:
            async with flow.connection as connection:
                if self._settings.share:
                    await connection.probe_share(self._settings.share)
                await connection.subscribe(self._settings.filters, self._settings.qos)
                if self._health.set_condition(self.name, ok=True, reason="connected", needed=False):
                    logger.info("%s: connected to %s:%d", self.name, self._settings.host, self._settings.port)
                try:
                    return await connection.lost()
                except asyncio.CancelledError:
                    # Stopping: a moment for what is under way saves its redelivery at the next start.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_DRAIN_SECONDS):
                            await flow.drain()
                    raise
        except Unreachable as error:
            return str(error)
