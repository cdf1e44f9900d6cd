"""What one MQTT connection brings, on its way to disk: gathered, put, and acknowledged in the order it came.

A put starts when 20 ms have passed, 200 messages wait, or half of the broker's window is new since the last hurried
put. The last is said to be urgent: a broker that allows 20 messages in flight would otherwise wait for every flush.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from gateway.clock import Clock
from gateway.collectors.mqtt_connection import MqttConnection, MqttMessage
from gateway.collectors.mqtt_intake import Gathered, Intake, RecentReceipts
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import Put, Record
from gateway.settings import MqttSettings

_GATHER_SECONDS = 0.02
_GATHER_MESSAGES = 200

logger = logging.getLogger(__name__)


class _Underway(NamedTuple):
    durable: asyncio.Future[None] | None
    gathered: Gathered
    messages: list[MqttMessage]


class MqttFlow:
    """One connection with everything between its socket and the journal."""

    def __init__(
        self,
        settings: MqttSettings,
        intake: Intake,
        recent: RecentReceipts,
        put: Put,
        *,
        clock: Clock,
        health: Health,
        max_waiting: int,
    ) -> None:
        self.connection = MqttConnection(settings, self._receive)
        self.waiting = 0
        """Messages that arrived and are not on disk yet."""
        self._stage = f"collector:{settings.id}"
        self._intake = intake
        self._recent = recent
        self._put = put
        self._clock = clock
        self._health = health
        self._max_waiting = max_waiting
        self._window = settings.in_flight
        self._messages: list[MqttMessage] = []
        self._unhurried = 0
        self._underway: asyncio.Queue[_Underway] = asyncio.Queue()
        self._hashes_underway: deque[tuple[bytes, ...]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopping = False

    def _receive(self, message: MqttMessage) -> None:
        self._intake.add(message, (self._recent.hashes, *self._hashes_underway))
        self._messages.append(message)
        self.waiting += 1
        if message.qos:
            self._unhurried += 1
        if 2 * self._unhurried >= self._window:
            self._flush(urgent=True)
        elif len(self._messages) >= _GATHER_MESSAGES:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._flush)
        if self.waiting >= self._max_waiting:
            self.connection.pause()

    def _flush(self, *, urgent: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._messages:
            return
        if urgent:
            self._unhurried = 0
        gathered = self._intake.take(self._clock.now())
        for topic, payload in self._intake.commands():
            self.connection.publish(topic, payload)
        messages, self._messages = self._messages, []
        self._count(gathered, len(messages))
        durable = asyncio.ensure_future(self._durable(gathered.records, urgent=urgent)) if gathered.records else None
        self._hashes_underway.append(gathered.hashes)
        self._window = max(self._window, self.connection.unacknowledged)
        self._underway.put_nowait(_Underway(durable, gathered, messages))

    def _count(self, gathered: Gathered, messages: int) -> None:
        self._health.count(self._stage, "received", messages)
        for reason, amount in gathered.failed.items():
            self._health.count(self._stage, "failed", amount, reason)
        if gathered.dropped:
            self._health.count(self._stage, "dropped", gathered.dropped, "redelivery")

    async def acknowledge(self) -> None:
        """Acknowledge what became durable, in order, until cancelled."""
        while True:
            durable, gathered, messages = await self._underway.get()
            try:
                if durable is not None:
                    # A put is the journal's once it was called: cancelling the collector does not take it back.
                    await asyncio.shield(durable)
            except Unreachable as error:
                self.connection.close(f"the journal does not take it: {error}")
            else:
                self._recent.extend(gathered.hashes, 2 * self._window)
                self.connection.acknowledge(messages)
                self._health.count(self._stage, "sent", len(messages))
            finally:
                self._hashes_underway.popleft()
                self.waiting -= len(messages)
                self._underway.task_done()
            if 2 * self.waiting <= self._max_waiting and not self._is_stopping:
                self.connection.resume()

    async def drain(self) -> None:
        """Read nothing more, and return when everything read so far is on disk and acknowledged."""
        self._is_stopping = True
        self.connection.pause()
        self._flush(urgent=True)
        await self._underway.join()

    async def _durable(self, records: Sequence[Record], *, urgent: bool) -> None:
        await self._put(records, urgent=urgent)
