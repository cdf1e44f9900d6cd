"""InfluxDB 2 by its write API, or any server that takes it (VictoriaMetrics does).

    204                      all is there
    400, 422                 something in it is refused: halved down to the rows that are, the others are written
    413                      too much at once: halved
    429, 500, 502-504 …      later, and not before Retry-After
    401, 403, 404 and others somebody must change a setting, here or there: once a minute

InfluxDB OSS v2 API reference, `POST /api/v2/write`. The client is imported when the first batch is written: it takes
a second and 50 MB, which the start of a gateway must not wait for.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import numpy as np

from gateway.errors import Unreachable
from gateway.model import Batch
from gateway.settings import InfluxdbSettings
from gateway.sinks.contract import Rejected
from gateway.sinks.line_protocol import LineEncoder, Series

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
    from influxdb_client.rest import ApiException

_REFUSED = {400, 422}
_TOO_LARGE = 413
_LATER = {408, 429, 500, 502, 503, 504}
_FOR_PEOPLE_SECONDS = 60.0
_LONGEST_RETRY_AFTER_SECONDS = 600.0
"""A server whose clock or configuration is wrong must not silence a store for days."""
_DROPPED = re.compile(r"\bdropped=(\d+)")
_DETAIL = 500
_HURRIED_SECONDS = 2.0


class InfluxdbSink:
    """One bucket."""

    name = "influxdb"

    def __init__(self, settings: InfluxdbSettings, series: Mapping[int, Series]) -> None:
        self._settings = settings
        self._encoder = LineEncoder(series)
        # An event loop of its own, in a thread of its own: the caller may have one running.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="influxdb-http")
        self._runner = asyncio.Runner()
        self._is_closed = False
        self._client: InfluxDBClientAsync | None = None
        self._patience: float | None = None
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Timeout] | None = None

    def write(self, batch: Batch) -> list[Rejected]:
        """Write a batch; return the rows that the server refuses for ever."""
        rejected: list[Rejected] = []
        if not len(batch):
            return rejected
        self._thread.submit(lambda: self._runner.run(self._write_in_time(batch, rejected))).result()
        return rejected

    def hurry(self) -> None:
        """Give a write that runs or is still to come a few seconds and no more: the gateway stops."""
        self._patience = _HURRIED_SECONDS
        if running := self._running:
            loop, limit = running
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(_shorten, loop, limit)

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._thread.submit(self._close).result()
            self._thread.shutdown()

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._runner.run(client.close())  # type: ignore[no-untyped-call]  # the client leaves it untyped
        self._runner.close()

    async def _write_in_time(self, batch: Batch, rejected: list[Rejected]) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience) as limit:
                self._running = loop, limit
                await self._write(batch, 0, rejected)
        except TimeoutError as error:
            raise Unreachable(f"InfluxDB at {self._settings.url} is too slow to wait for at a stop") from error
        finally:
            self._running = None

    async def _write(self, batch: Batch, first: int, rejected: list[Rejected]) -> None:
        """Write a block of rows, of which the first is row `first` of the whole, halving it where it is refused."""
        from influxdb_client.rest import ApiException  # noqa: PLC0415 - see above

        lines = b""
        try:
            lines = self._encoder.encode(batch)
            await self._post(lines)
        except KeyError as unknown:
            detail = f"channel number {unknown} has no name"
        except ApiException as answer:
            if not _is_about_rows(answer):
                raise self._unreachable(answer) from answer
            detail = f"HTTP {answer.status}: {_reason(answer)}"
        else:
            return
        dropped = _DROPPED.search(detail)
        if len(batch) == 1 or (dropped and int(dropped[1]) == len(batch)):
            rejected += [Rejected(first + row, detail, line) for row, line in enumerate(lines.split(b"\n"))]
            return
        middle = len(batch) // 2
        await self._write(batch.take(np.arange(middle)), first, rejected)
        await self._write(batch.take(np.arange(middle, len(batch))), first + middle, rejected)

    async def _post(self, lines: bytes) -> None:
        import aiohttp  # noqa: PLC0415 - see above

        settings = self._settings
        try:
            if self._client is None:
                self._client = self._connect()
            await self._client.write_api().write(settings.bucket, settings.org, lines)
        except TimeoutError as error:
            message = f"InfluxDB at {settings.url} does not answer within {settings.timeout_seconds:g} s"
            raise Unreachable(message) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"InfluxDB at {settings.url} cannot be reached ({type(error).__name__})") from error

    def _connect(self) -> InfluxDBClientAsync:
        from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync  # noqa: PLC0415 - see above

        settings = self._settings
        milliseconds = round(settings.timeout_seconds * 1_000)
        # A redirect would take the token to wherever the answer says.
        return InfluxDBClientAsync(
            settings.url, settings.token or "", settings.org, timeout=milliseconds, allow_redirects=False
        )

    def _unreachable(self, answer: ApiException) -> Unreachable:
        settings, status = self._settings, int(answer.status or 0)
        where = f"InfluxDB at {settings.url}"
        if status in _LATER:
            reason = f"{where} cannot take anything now (HTTP {status})"
            return Unreachable(reason, retry_seconds=_retry_after(answer.retry_after))
        if status in {401, 403}:
            reason = f"{where} does not accept the token (HTTP {status}); give it one that may write to"
            reason += f" bucket {settings.bucket!r}"
        elif status == 404:  # noqa: PLR2004 - the standard's own number
            reason = f"{where} has no bucket {settings.bucket!r} of organisation {settings.org!r} (HTTP 404)"
        else:
            reason = f"{where} answers HTTP {status}; is this the address of an InfluxDB 2 server?"
        return Unreachable(f"{reason}; asked again every minute", retry_seconds=_FOR_PEOPLE_SECONDS)


def _is_about_rows(answer: ApiException) -> bool:
    """Tell whether an answer is the API's word on what was sent; a proxy's 400 is HTML and must refuse nothing."""
    if answer.status == _TOO_LARGE:
        return True
    try:
        return answer.status in _REFUSED and isinstance(json.loads(answer.body or b""), dict)
    except ValueError:
        return False


def _reason(answer: ApiException) -> str:
    message = answer.message
    text = message.decode(errors="replace") if isinstance(message, bytes) else str(message or "")
    return " ".join(text.split())[:_DETAIL]


def _retry_after(written: str | None) -> float:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); 0 when it says nothing."""
    if not written:
        return 0.0
    if written.isdecimal():
        return min(float(written), _LONGEST_RETRY_AFTER_SECONDS)
    try:
        then = parsedate_to_datetime(written)
    except ValueError:
        return 0.0
    seconds = (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), _LONGEST_RETRY_AFTER_SECONDS)


def _shorten(loop: asyncio.AbstractEventLoop, limit: asyncio.Timeout) -> None:
    if not limit.expired():
        limit.reschedule(loop.time() + _HURRIED_SECONDS)
