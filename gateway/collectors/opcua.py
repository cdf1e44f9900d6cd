"""OPC UA: one session to a server, all nodes read in one request each period; status codes become qualities.

A value that has not changed keeps its source's old time, so its reading takes the time of the poll that confirmed it.
Needs the extra `opcua` (asyncua), imported when the collector runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.clock import Clock
from gateway.codecs.contract import FieldReading, Message
from gateway.codecs.profile_fields import FieldMapper
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import SECOND, Attribute, Put, Quality, Record, batch_of
from gateway.profiles import FieldPlace
from gateway.settings import OpcuaSettings

if TYPE_CHECKING:
    from asyncua import Client, ua

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_TEXT = 1_000


class _Node(NamedTuple):
    point: str
    id: str
    is_text: bool


class _Device(NamedTuple):
    id: str
    nodes: list[_Node]
    mapper: FieldMapper
    channels: dict[str, int]


class OpcuaCollector:
    """Reads the nodes of one server."""

    def __init__(
        self,
        settings: OpcuaSettings,
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
        self._devices = [_device(settings, collected) for collected in devices]
        self._newest: dict[str, int] = {}

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        while True:
            reason = await self._session(put)
            problem = f"no session with {self._settings.url}: {reason}; trying again"
            self._health.count(self.name, "failed", reason="connection")
            if self._health.set_condition(self.name, ok=False, reason=problem, needed=False):
                logger.warning("%s: %s", self.name, problem)
            await self._clock.sleep(self._backoff.next_seconds())

    async def _session(self, put: Put) -> str:
        """Poll through one session; return why it ended."""
        try:
            from asyncua import Client, ua  # noqa: PLC0415 - an extra, and 100 ms of imports
        except ImportError:
            return "asyncua is not installed: pip install 'lifeline-gateway[opcua]'"
        try:
            client = Client(self._settings.url, timeout=self._settings.timeout_seconds)
            await self._secure(client)
            async with client:
                if self._health.set_condition(self.name, ok=True, reason="connected", needed=False):
                    logger.info("%s: connected to %s", self.name, self._settings.url)
                await self._poll_for_ever(client, put)
        except (OSError, TimeoutError, ua.UaError, ValueError) as error:
            return f"{type(error).__name__}: {error}"[:300]
        return "closed"

    async def _secure(self, client: Client) -> None:
        settings = self._settings
        if settings.username is not None:
            client.set_user(settings.username)
            client.set_password(settings.password or "")
        if settings.security != "none":
            parts = [settings.security, "SignAndEncrypt", str(settings.certificate), str(settings.private_key)]
            if settings.server_certificate is not None:
                parts.append(str(settings.server_certificate))
            await client.set_security_string(",".join(parts))

    async def _poll_for_ever(self, client: Client, put: Put) -> None:
        places = [(device, node) for device in self._devices for node in device.nodes]
        nodes = [client.get_node(node.id) for _, node in places]
        period_ns = round(self._settings.poll_seconds * SECOND)
        due_ns = self._clock.now().monotonic_ns
        while True:
            values = await client.read_attributes(nodes)
            self._backoff.reset()
            said: dict[str, list[tuple[_Node, ua.DataValue]]] = {}
            for (device, node), value in zip(places, values, strict=True):
                said.setdefault(device.id, []).append((node, value))
            await self._journal(said, put)
            now_ns = self._clock.now().monotonic_ns
            due_ns = max(due_ns + period_ns, now_ns)
            await self._clock.sleep((due_ns - now_ns) / SECOND)

    async def _journal(self, said: dict[str, list[tuple[_Node, Any]]], put: Put) -> None:
        now = self._clock.now()
        rows: list[tuple[int, int, float, int, int]] = []
        records: list[Record] = []
        for device in self._devices:
            message = self._message(device, said[device.id], now.utc_ns)
            decoded = device.mapper(message)
            for point, time_ns, value, quality, flags in decoded.readings:
                if (number := device.channels.get(point)) is not None:
                    rows.append((number, time_ns or now.utc_ns, value, quality, flags))
            records += [Attribute(device.id, point, text, now.utc_ns) for point, text in decoded.texts]
            for wrong in decoded.rejected:
                self._health.count(self.name, "failed", reason=wrong.reason)
        if rows:
            records.insert(0, batch_of(rows, now))
        self._health.count(self.name, "received", len(rows))
        if not records:
            return
        try:
            # A put is the journal's once it was called: stopping does not take it back.
            await asyncio.shield(asyncio.ensure_future(_call(put, records)))
            self._health.count(self.name, "sent", len(rows))
        except Unreachable:
            # A poll cannot be asked for again.
            self._health.count(self.name, "failed", len(rows), "journal")

    def _message(self, device: _Device, values: list[tuple[_Node, Any]], now_ns: int) -> Message[None]:
        readings: list[FieldReading] = []
        texts: list[tuple[str, str]] = []
        for node, value in values:
            raw = value.Value.Value if value.Value is not None else None
            if node.is_text:
                if raw is not None:
                    texts.append((node.point, str(raw)[:_LONGEST_TEXT]))
                continue
            time_ns = self._time_ns(node.id, value.SourceTimestamp, now_ns)
            readings.append(_reading(node.point, time_ns, raw, value.StatusCode.value))
        return Message(device.id, None, readings, texts, [], None)

    def _time_ns(self, node: str, source: datetime | None, now_ns: int) -> int:
        if source is None:
            return now_ns
        if source.tzinfo is None:
            source = source.replace(tzinfo=UTC)
        passed = source - _EPOCH
        time_ns = (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds * 1_000
        if time_ns <= self._newest.get(node, 0):
            return now_ns
        self._newest[node] = time_ns
        return time_ns


def quality_of(status: int) -> int:
    """Return the quality that a status code means by its severity (OPC UA part 4, 7.39): good, uncertain, bad.

    >>> quality_of(0x00000000), quality_of(0x40900000), quality_of(0x80340000)
    (1, 3, 4)
    """
    return int((Quality.GOOD, Quality.SUSPECT, Quality.FAIL, Quality.FAIL)[status >> 30 & 0b11])


def _reading(point: str, time_ns: int, raw: object, status: int) -> FieldReading:
    quality = quality_of(status)
    if isinstance(raw, bool | int | float) and isfinite(raw):
        return FieldReading(point, time_ns, float(raw), "", quality)
    return FieldReading(point, time_ns, nan, "", int(Quality.MISSING))


def _device(settings: OpcuaSettings, collected: CollectedDevice) -> _Device:
    profile = collected.device.profile
    wanted = settings.nodes.get(collected.device.id, {})
    # A node is a point; where the point lies in a JSON payload says nothing here.
    points = {name: replace(point, place=FieldPlace((name,))) for name, point in profile.points.items()}
    nodes = [_Node(point, node, profile.points[point].is_text) for point, node in wanted.items() if point in points]
    return _Device(collected.device.id, nodes, FieldMapper(replace(profile, points=points)), dict(collected.channels))


async def _call(put: Put, records: list[Record]) -> None:
    await put(records)
