"""A small HTTP server for pushes: answers 200 when everything a push said is on disk, and not before.

    POST /push/DEVICE                                    one device's own payload, by its profile
    POST /ctwing, /onenet, /lifeline_push                a platform's push; it names its device
    POST /v1.1/Observations, /v1.1/$batch, /v1.1/CreateObservations    OGC SensorThings

A payload that means nothing is kept and answered 200 too: sent again, it would mean as little. Whoever is too slow, too
long or unknown is cut off and counted. The token comes as `Authorization: Bearer`, `X-Token`, or `?token=` from
platforms that know nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from hmac import compare_digest
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from gateway.clock import Clock
from gateway.collectors.admission import is_allowed
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.push_intake import PLATFORMS, PushIntake, Taken
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.model import Put, Record
from gateway.settings import HttpPushSettings

logger = logging.getLogger(__name__)

_READ_BYTES = 1 << 16
_HEAD_BYTES = 1 << 14
_LAST_SECONDS = 1.0
_OGC_PATHS = frozenset({"/v1.1/Observations", "/v1.1/$batch", "/v1.1/CreateObservations"})


class _Answer(NamedTuple):
    status: int
    error: str = ""


class _Request(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class HttpPushCollector:
    """Serves one port."""

    def __init__(
        self,
        settings: HttpPushSettings,
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
        self._open: set[asyncio.Task[None]] = set()

    async def run(self, put: Put) -> None:
        """Listen until cancelled."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._admit(reader, writer, put)

        while True:
            try:
                server = await asyncio.start_server(serve, self._settings.listen_host, self._settings.listen_port)
            except OSError as error:
                problem = f"cannot listen on port {self._settings.listen_port}: {error.strerror or error}; trying again"
                if self._health.set_condition(self.name, ok=False, reason=problem, needed=False):
                    logger.warning("%s: %s", self.name, problem)
                await self._clock.sleep(self._backoff.next_seconds())
                continue
            async with server:
                self.port = server.sockets[0].getsockname()[1]
                self._health.set_condition(self.name, ok=True, reason=f"listening on port {self.port}", needed=False)
                try:
                    await server.serve_forever()
                finally:
                    await self._hang_up()

    async def _hang_up(self) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, put: Put) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        task = asyncio.current_task()
        settings = self._settings
        # A token alone opens the port to any network.
        by_network = bool(settings.allow) or not settings.needs_token
        refusal = "network" if by_network and not is_allowed(peer, settings.allow) else ""
        if not refusal and len(self._open) >= settings.max_connections:
            refusal = "too many connections"
        if refusal or task is None:
            self._health.count(self.name, "failed", reason=refusal)
            writer.close()
            return
        self._open.add(task)
        try:
            await self._serve(reader, writer, put)
        except asyncio.CancelledError:
            # Stopping; what was put is on disk, what was not answered comes again.
            pass
        except (ConnectionError, TimeoutError, h11.ProtocolError) as error:
            reason = "too slow" if isinstance(error, TimeoutError) else "no HTTP"
            reason = "connection lost" if isinstance(error, ConnectionError) else reason
            self._health.count(self.name, "dropped", reason=reason)
        finally:
            self._open.discard(task)
            with contextlib.suppress(OSError, TimeoutError):
                writer.close()
                async with asyncio.timeout(_LAST_SECONDS):
                    await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, put: Put) -> None:
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        while True:
            # The whole request must be there in time, however few bytes it comes by.
            async with asyncio.timeout(self._settings.request_seconds):
                request = await self._request(wire, reader, writer)
            if request is None:
                return
            answer = request if isinstance(request, _Answer) else await self._answer(request, put)
            writer.write(_written(wire, answer))
            async with asyncio.timeout(self._settings.request_seconds):
                await writer.drain()
            if wire.our_state is not h11.DONE or wire.their_state is not h11.DONE:
                return
            wire.start_next_cycle()

    async def _request(
        self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> _Request | _Answer | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                if head is not None and wire.they_are_waiting_for_100_continue:
                    writer.write(wire.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                wire.receive_data(await reader.read(_READ_BYTES))
            elif isinstance(event, h11.Request):
                head = event
                # Before the body: a stranger's is not worth reading.
                if not self._knows_token(head):
                    self._health.count(self.name, "failed", reason="token")
                    return _Answer(401, "the token is missing or wrong")
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._settings.max_body_bytes:
                    self._health.count(self.name, "failed", reason="too long")
                    return _Answer(413, f"at most {self._settings.max_body_bytes} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
                return _Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    def _knows_token(self, head: h11.Request) -> bool:
        if not self._settings.needs_token:
            return True
        headers = {name: value for name, value in head.headers}  # noqa: C416 - h11's headers are no mapping
        told = headers.get(b"authorization", b"").removeprefix(b"Bearer ") or headers.get(b"x-token", b"")
        asked = parse_qs(urlsplit(head.target.decode("latin-1")).query).get("token", [""])[0]
        wanted = (self._settings.token or "").encode()
        return bool(wanted) and compare_digest(told or asked.encode(), wanted)

    async def _answer(self, request: _Request, put: Put) -> _Answer:
        path = unquote(urlsplit(request.target).path)
        if request.method != "POST":
            return _Answer(405, "only POST")
        taken = self._taken(path, request.body)
        if taken is None:
            return _Answer(404, f"nothing takes {path[:60]!r}")
        if taken.is_stranger:
            return _Answer(404, taken.error)
        try:
            if taken.records:
                # A put is the journal's once it was called: stopping does not take it back.
                await asyncio.shield(asyncio.ensure_future(self._durable(put, taken.records)))
        except Unreachable as error:
            self._health.count(self.name, "dropped", reason="journal")
            return _Answer(503, str(error))
        self._health.count(self.name, "sent")
        return _Answer(201 if path in _OGC_PATHS and not taken.error else 200, taken.error)

    def _taken(self, path: str, body: bytes) -> Taken | None:
        if path in _OGC_PATHS:
            return self._intake.of_platform("sensorthings", body)
        if path.removeprefix("/") in PLATFORMS:
            return self._intake.of_platform(path.removeprefix("/"), body)
        if path.startswith("/push/"):
            return self._intake.of_device(path.removeprefix("/push/"), body)
        return None

    @staticmethod
    async def _durable(put: Put, records: list[Record]) -> None:
        await put(records)


def _written(wire: h11.Connection, answer: _Answer) -> bytes:
    body = json.dumps({"ok": not answer.error, **({"error": answer.error} if answer.error else {})}).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    if answer.status >= 400:  # noqa: PLR2004 - whoever errs must connect anew
        headers.append(("connection", "close"))
    parts = (h11.Response(status_code=answer.status, headers=headers), h11.Data(data=body), h11.EndOfMessage())
    return b"".join(wire.send(part) or b"" for part in parts)
