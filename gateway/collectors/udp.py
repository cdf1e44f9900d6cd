"""Datagrams of devices that are known by the address they send from (a device's `station`). Answers nothing.

Nobody can be asked to slow down: when too many wait for the disk, new ones are dropped and counted. UDP may lose a
datagram before it reaches us, so it stands outside the promise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from gateway.clock import Clock
from gateway.collectors.admission import address_of, is_allowed
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.push_intake import PushIntake
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import Put, Record
from gateway.settings import UdpSettings

logger = logging.getLogger(__name__)

_MOST_WAITING = 1_000
_TOGETHER = 64


class UdpCollector(asyncio.DatagramProtocol):
    """Serves one socket."""

    def __init__(
        self,
        settings: UdpSettings,
        devices: Sequence[CollectedDevice],
        *,
        clock: Clock,
        health: Health,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = f"collector:{settings.id}"
        self.port: int | None = None
        """The port that is listened on, once it is."""
        self._settings = settings
        self._clock = clock
        self._health = health
        self._backoff = backoff or Backoff()
        self._intake = PushIntake(settings.id, devices, clock=clock, health=health)
        self._waiting: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue(_MOST_WAITING)

    async def run(self, put: Put) -> None:
        """Listen until cancelled."""
        while True:
            try:
                transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: self, (self._settings.listen_host, self._settings.listen_port)
                )
            except OSError as error:
                problem = f"cannot listen on port {self._settings.listen_port}: {error.strerror or error}; trying again"
                if self._health.set_condition(self.name, ok=False, reason=problem, needed=False):
                    logger.warning("%s: %s", self.name, problem)
                await self._clock.sleep(self._backoff.next_seconds())
                continue
            try:
                self.port = transport.get_extra_info("sockname")[1]
                self._health.set_condition(self.name, ok=True, reason=f"listening on port {self.port}", needed=False)
                await self._work_off(put)
            finally:
                transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Take one datagram, or count why not."""
        peer = str(addr[0])
        if not is_allowed(peer, self._settings.allow):
            self._health.count(self.name, "failed", reason="network")
        elif self._waiting.full():
            self._health.count(self.name, "dropped", reason="too many waiting")
        else:
            self._waiting.put_nowait((data, peer))

    async def _work_off(self, put: Put) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _TOGETHER and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            records: list[Record] = []
            for data, peer in batch:
                records += self._intake.of_device(str(address_of(peer)), data).records
            if not records:
                continue
            try:
                await put(records)
            except Unreachable:
                self._health.count(self.name, "dropped", len(batch), "journal")
            else:
                self._health.count(self.name, "sent", len(batch))
