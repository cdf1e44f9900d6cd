"""Stations that dial in: a 4G unit connects, says who it is, and is then polled over its connection as one line.

    4G unit  ── connect ──►  allowed network?  ── registration packet ──►  listed station?  ──►  its line

Rule 1: whoever is not allowed is hung up on without a word, and counted. Rule 2: a station that dials again replaces
its older connection, which a mobile network may leave open for hours. Rule 3: who does not register soon is hung up on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from gateway.clock import Clock
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection, Open
from gateway.collectors.modbus_lateness import PollLateness
from gateway.collectors.modbus_line import ModbusLine
from gateway.collectors.modbus_memory import LineMemory
from gateway.errors import NotAllowed, Unreachable
from gateway.health import Health
from gateway.model import Put
from gateway.settings import ModbusServerSettings

_REGISTER_SECONDS = 30.0
_MOST_STRANGERS = 100
"""Connections that have not registered yet; more are hung up on."""

logger = logging.getLogger(__name__)


class ModbusListener:
    """Listens on one port and polls the stations that dial in."""

    def __init__(
        self,
        settings: ModbusServerSettings,
        devices: Sequence[CollectedDevice],
        *,
        clock: Clock,
        health: Health,
        memory: LineMemory | None = None,
        lateness: PollLateness | None = None,
        keeps_raw: bool = False,
    ) -> None:
        self.name = f"collector:{settings.id}"
        self.port = settings.port
        """The port it listens on, once it does."""
        self._settings = settings
        self._health = health
        self._strangers = 0
        self._arrivals = {station: _Arrivals() for station in settings.stations}
        behind: dict[str, list[CollectedDevice]] = defaultdict(list)
        for collected in devices:
            behind[collected.device.station or ""].append(collected)
        memory = memory or LineMemory()
        self.lines = {
            station: ModbusLine(
                settings,
                behind[station],
                clock=clock,
                health=health,
                memory=memory,
                lateness=lateness,
                dial=self._dial(station, arrivals),
                name=f"station:{settings.id}/{station}",
                keeps_raw=keeps_raw,
            )
            for station, arrivals in self._arrivals.items()
        }

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: _Stranger(self), self._settings.host, self._settings.port)
        except OSError as error:
            raise Unreachable(f"cannot listen on {self._settings.where}: {error}") from None
        self.port = server.sockets[0].getsockname()[1]
        self._health.set_condition(self.name, ok=True, reason=f"listens on port {self.port}", needed=False)
        try:
            async with asyncio.TaskGroup() as lines:
                for station, line in self.lines.items():
                    lines.create_task(line.run(put), name=f"{self.name} {station}")
        finally:
            server.close()
            for arrivals in self._arrivals.values():
                arrivals.close()

    async def write(self, device: str, point: str, value: float) -> None:
        """Write to a device behind one of the stations."""
        for line in self.lines.values():
            if line.writing.knows(device):
                return await line.writing.write(device, point, value)
        raise NotAllowed(f"nothing may be written to {device}: its 'writes' in the site file are empty")

    def _dial(self, station: str, arrivals: _Arrivals) -> Callable[[], Awaitable[ModbusConnection]]:
        async def dial() -> ModbusConnection:
            reason = "waits for the station to dial in"
            self._health.set_condition(f"station:{self._settings.id}/{station}", ok=False, reason=reason, needed=False)
            return await arrivals.next()

        return dial

    # What a connection asks.

    def is_welcome(self, peer: str) -> bool:
        """Tell whether an address may speak, and count it when not."""
        with contextlib.suppress(ValueError):
            address = ip_address(peer.partition("%")[0])
            if any(address in network for network in self._settings.allow) and self._strangers < _MOST_STRANGERS:
                self._strangers += 1
                return True
        self._health.count(self.name, "dropped", reason="address not allowed")
        logger.warning("%s: %s is not in an allowed network, or too many wait to register", self.name, peer)
        return False

    def no_longer_a_stranger(self) -> None:
        """Note that a connection has registered or gone."""
        self._strangers -= 1

    def station_of(self, packet: bytes) -> tuple[str, int] | None:
        """Return the station that a packet registers and the packet's length; None while more must come.

        Raises LookupError when it is no station's.
        """
        for station, registration in self._settings.stations.items():
            if packet.startswith(registration):
                return station, len(registration)
        if any(registration.startswith(packet) for registration in self._settings.stations.values()):
            return None
        raise LookupError

    def refuse(self, peer: str, packet: bytes, reason: str) -> None:
        """Count a connection that named no station of ours."""
        self._health.count(self.name, "dropped", reason=reason)
        logger.warning("%s: %s registered as %r: %s", self.name, peer, packet[:40], reason)

    def admit(self, station: str, transport: asyncio.Transport) -> ModbusConnection:
        """Give a station's line its new connection."""
        connection = ModbusConnection(self._settings, _adopted(transport))
        self._arrivals[station].bring(connection, transport)
        return connection


class _Arrivals:
    """The newest connection of one station, as a line dials it."""

    def __init__(self) -> None:
        self._newest: ModbusConnection | None = None
        self._transport: asyncio.Transport | None = None
        self._arrived = asyncio.Event()

    def bring(self, connection: ModbusConnection, transport: asyncio.Transport) -> None:
        self.close()
        self._newest, self._transport = connection, transport
        self._arrived.set()

    def close(self) -> None:
        if self._newest is not None and self._transport is not None:
            self._newest.close()
            # The line may not have taken it over yet.
            self._transport.abort()

    async def next(self) -> ModbusConnection:
        await self._arrived.wait()
        self._arrived.clear()
        assert self._newest is not None  # noqa: S101 - it has arrived
        return await self._newest.__aenter__()


class _Stranger(asyncio.Protocol):
    """A connection until it has said who it is; afterwards its bytes go to the line's connection."""

    def __init__(self, listener: ModbusListener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._packet = b""
        self._is_counted = False
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server's
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername", ("?",))[0])
        if not self._listener.is_welcome(self._peer):
            transport.abort()
            return
        self._is_counted = True
        self._alarm = asyncio.get_running_loop().call_later(_REGISTER_SECONDS, self._hang_up, "silent")

    def data_received(self, data: bytes) -> None:
        if self._transport is None or not self._is_counted:
            return
        self._packet += data
        try:
            found = self._listener.station_of(self._packet)
        except LookupError:
            self._hang_up("unknown station")
            return
        if found is None:
            return
        station, length = found
        self._forget()
        connection = self._listener.admit(station, self._transport)
        self._transport.set_protocol(connection)
        if rest := self._packet[length:]:
            connection.data_received(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._forget()

    def _hang_up(self, reason: str) -> None:
        self._listener.refuse(self._peer, self._packet, reason)
        self._forget()
        if self._transport is not None:
            self._transport.abort()

    def _forget(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._is_counted:
            self._is_counted = False
            self._listener.no_longer_a_stranger()


def _adopted(transport: asyncio.Transport) -> Open:
    async def adopt(_: asyncio.Protocol) -> asyncio.BaseTransport:
        return transport

    return adopt
