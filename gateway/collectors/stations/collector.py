"""The listener: lets connections of allowed networks in, so many at a time, and gives each a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import Sequence

from gateway.clock import Clock
from gateway.codecs.contract import CodecOptions
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.stations.conversation import Conversation, Surroundings, close_quietly
from gateway.collectors.stations.datagrams import DatagramListener
from gateway.collectors.stations.dialects import dialect_of
from gateway.collectors.stations.intake import Intake
from gateway.health import Health
from gateway.model import Put
from gateway.settings import StationsSettings

_STREAM_LIMIT = 1 << 16

logger = logging.getLogger(__name__)


class StationsCollector:
    """Serves the stations of one listener."""

    def __init__(
        self,
        settings: StationsSettings,
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
        self._dialect = dialect_of(settings)
        self._intake = Intake(settings, self._dialect, devices, clock=clock, health=health)
        self._options = CodecOptions(
            is_lenient=settings.is_lenient,
            zone=settings.zone,
            zones={key: station.zone for key, station in settings.stations.items() if station.zone != settings.zone},
        )
        self._open: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        health.gauge(f"{self.name}:connections", lambda: float(len(self._open)))

    async def run(self, put: Put) -> None:
        """Listen until cancelled."""
        around = Surroundings(self._settings, self._dialect, self._intake, put, self._clock, self._health)
        while True:
            try:
                await (self._serve_udp(around) if self._settings.transport == "udp" else self._serve_tcp(around))
            except OSError as error:
                problem = f"cannot listen on {self._where}: {error.strerror or error}; trying again"
                if self._health.set_condition(self.name, ok=False, reason=problem, needed=False):
                    logger.warning("%s: %s", self.name, problem)
            await self._clock.sleep(self._backoff.next_seconds())

    def is_allowed(self, peer: str) -> bool:
        """Tell whether an address may connect."""
        try:
            address = ipaddress.ip_address(peer.split("%", 1)[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        if mapped is not None:
            address = mapped
        if not self._settings.allow:
            return address.is_loopback
        return any(address in network for network in self._settings.allow)

    @property
    def _where(self) -> str:
        return f"{self._settings.listen_host}:{self._settings.listen_port} ({self._settings.transport})"

    async def _serve_tcp(self, around: Surroundings) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._converse(around, reader, writer)

        host, port = self._settings.listen_host, self._settings.listen_port
        server = await asyncio.start_server(serve, host, port, limit=_STREAM_LIMIT)
        async with server:
            self._listening(server.sockets[0].getsockname()[1])
            try:
                await server.serve_forever()
            finally:
                await self._hang_up()

    async def _serve_udp(self, around: Surroundings) -> None:
        listener = DatagramListener(around, self._dialect.decoder, self._options, self.is_allowed)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: listener, (self._settings.listen_host, self._settings.listen_port)
        )
        try:
            self._listening(transport.get_extra_info("sockname")[1])
            await listener.run()
        finally:
            transport.close()

    def _listening(self, port: int) -> None:
        self.port = port
        self._backoff.reset()
        if self._health.set_condition(self.name, ok=True, reason=f"listening on port {port}", needed=False):
            logger.info("%s: listening on %s port %d", self.name, self._settings.listen_host, port)

    async def _converse(self, around: Surroundings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        peer = (writer.get_extra_info("peername") or ("",))[0]
        refusal = "" if self.is_allowed(peer) else "network"
        if not refusal and len(self._open) >= self._settings.max_connections:
            refusal = "too many connections"
        if refusal or task is None:
            self._health.count(self.name, "failed", reason=refusal)
            await close_quietly(writer)
            return
        self._open.add(task)
        try:
            await Conversation(around, self._dialect.decoder(self._options), peer).run(reader, writer)
        except asyncio.CancelledError:
            # asyncio's streams take a cancelled conversation for a fault; ours are cancelled when we stop.
            if not self._is_stopping:
                raise
        finally:
            self._open.discard(task)
            await close_quietly(writer)

    async def _hang_up(self) -> None:
        """End every conversation; what was put is on disk, what was not answered comes again."""
        self._is_stopping = True
        for task in self._open:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._open, return_exceptions=True)
        self._is_stopping = False
