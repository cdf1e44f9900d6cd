"""CJ/T 188 and DL/T 645 meters behind a converter: asked one after another, and a dead one costs one timeout a round.

Rule 1: only one request is on the bus. Rule 2: after a timeout the connection is dropped, so that a late answer never
becomes the next meter's value; an answer of another meter is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.clock import Clock
from gateway.codecs.cjt188 import Cjt188Decoder
from gateway.codecs.cjt188 import read_request as cjt188_request
from gateway.codecs.contract import CodecOptions, Message, StreamDecoder, Unreadable
from gateway.codecs.dlt645 import Dlt645Decoder
from gateway.codecs.dlt645 import read_request as dlt645_request
from gateway.codecs.profile_fields import FieldMapper
from gateway.collectors.backoff import Backoff
from gateway.collectors.cancellation import stop_if_cancelled
from gateway.collectors.contract import CollectedDevice
from gateway.errors import DecodeError, Unreachable
from gateway.health import Health
from gateway.model import SECOND, Put, Quarantine, Record, batch_of
from gateway.settings import Cjt188Settings, Meter, MetersSettings

logger = logging.getLogger(__name__)

_MOST_ANSWER = 4_096


@dataclass(frozen=True, slots=True)
class _Asked:
    device: str
    station: str
    requests: tuple[bytes, ...]
    mapper: FieldMapper
    channels: dict[str, int]


class MetersCollector:
    """Asks the meters of one bus."""

    def __init__(
        self,
        settings: MetersSettings,
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
        is_cjt188 = isinstance(settings, Cjt188Settings)
        self._make_decoder: Callable[[CodecOptions], StreamDecoder[Any]] = Cjt188Decoder if is_cjt188 else Dlt645Decoder
        self._options = CodecOptions(zone=settings.zone)
        self._asked = [
            _asked(collected, settings.meters[collected.device.id], is_cjt188=is_cjt188)
            for collected in devices
            if collected.device.id in settings.meters
        ]
        self._link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, put: Put) -> None:
        """Collect until cancelled."""
        period_ns = round(self._settings.poll_seconds * SECOND)
        due_ns = self._clock.now().monotonic_ns
        try:
            while True:
                for asked in self._asked:
                    await self._ask(asked, put)
                now_ns = self._clock.now().monotonic_ns
                due_ns = max(due_ns + period_ns, now_ns)
                await self._clock.sleep((due_ns - now_ns) / SECOND)
        finally:
            self._drop()

    async def _ask(self, asked: _Asked, put: Put) -> None:
        records: list[Record] = []
        problem = ""
        for request in asked.requests:
            try:
                records += self._records(asked, await self._answer(asked, request))
            except DecodeError as error:
                problem = str(error)
                self._health.count(self.name, "failed", reason=error.reason)
                now_ns = self._clock.now().utc_ns
                records.append(
                    Quarantine(f"{self._settings.id} {asked.device}", error.reason, problem[:500], b"", now_ns)
                )
            except Unreachable as error:
                problem = str(error)
                self._health.count(self.name, "failed", reason="timeout" if self._link else "connection")
                self._drop()
                break
        self._health.set_condition(f"device:{asked.device}", ok=not problem, reason=problem or "answers", needed=False)
        if records:
            with contextlib.suppress(Unreachable):
                # A put is the journal's once it was called: stopping does not take it back.
                await asyncio.shield(asyncio.ensure_future(_call(put, records)))

    async def _answer(self, asked: _Asked, request: bytes) -> Message[Any]:
        reader, writer = await self._linked()
        decoder = self._make_decoder(self._options)
        heard = 0
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                writer.write(request)
                await writer.drain()
                while heard < _MOST_ANSWER:
                    data = await reader.read(_MOST_ANSWER)
                    stop_if_cancelled()
                    if not data:
                        raise Unreachable("the converter hung up")
                    heard += len(data)
                    for said in decoder.feed(data):
                        if isinstance(said, Unreadable):
                            raise said.error
                        # A converter may send the request back before the answer: a request says no value.
                        if said.station == asked.station and (said.readings or said.rejected):
                            return said
        except TimeoutError:
            raise Unreachable(f"no answer within {self._settings.timeout_seconds:g} s") from None
        except ConnectionError as error:
            raise Unreachable(f"the link broke: {error}") from None
        raise Unreachable("an answer without end")

    async def _linked(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._link is None:
            host, port = self._settings.host, self._settings.port
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    self._link = await asyncio.open_connection(host, port)
            except (OSError, TimeoutError) as error:
                problem = f"no connection to {host}:{port}: {str(error) or 'timeout'}; trying again"
                if self._health.set_condition(self.name, ok=False, reason=problem, needed=False):
                    logger.warning("%s: %s", self.name, problem)
                await self._clock.sleep(self._backoff.next_seconds())
                raise Unreachable(problem) from None
            self._backoff.reset()
            if self._health.set_condition(self.name, ok=True, reason="connected", needed=False):
                logger.info("%s: connected to %s:%d", self.name, host, port)
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link[1].close()
            self._link = None

    def _records(self, asked: _Asked, message: Message[Any]) -> list[Record]:
        now = self._clock.now()
        decoded = asked.mapper(message)
        rows = [
            (asked.channels[point], now.utc_ns if time_ns is None else time_ns, value, quality, flags)
            for point, time_ns, value, quality, flags in decoded.readings
            if point in asked.channels
        ]
        for wrong in decoded.rejected:
            self._health.count(self.name, "failed", reason=f"field {wrong.reason}")
        self._health.count(self.name, "received", len(rows))
        return [batch_of(rows, now)] if rows else []


def _asked(collected: CollectedDevice, meter: Meter, *, is_cjt188: bool) -> _Asked:
    requests: tuple[bytes, ...]
    if is_cjt188:
        station, requests = meter.id.zfill(14), (cjt188_request(meter.type, meter.id),)
    else:
        station, requests = meter.id.zfill(12), tuple(dlt645_request(meter.id, item) for item in meter.items)
    device = collected.device
    return _Asked(device.id, station, requests, FieldMapper(device.profile), dict(collected.channels))


async def _call(put: Put, records: list[Record]) -> None:
    await put(records)
