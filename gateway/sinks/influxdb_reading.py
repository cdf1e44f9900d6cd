"""Readings back from InfluxDB 2 by `POST /api/v2/query`. Each question has a connection of its own.

The client is imported at the first question: it takes a second and 50 MB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.errors import Unreachable
from gateway.model import Bytes8, Flags16, Floats, Int64s
from gateway.settings import InfluxdbSettings
from gateway.sinks.flux import buckets_query, rows_query
from gateway.sinks.line_protocol import Series

_UNAUTHORIZED = {401, 403}
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Readings of one channel as columns, in the order of time."""

    time_ns: Int64s
    value: Floats
    quality: Bytes8
    flags: Flags16

    def __len__(self) -> int:
        return len(self.time_ns)


@dataclass(frozen=True, slots=True, eq=False)
class PointBuckets:
    """Readings of one channel, many to a bucket; NaN where there is nothing to draw, quality 0 where nothing is."""

    start_ns: Int64s
    end_ns: Int64s
    low: Floats
    high: Floats
    first: Floats
    last: Floats
    rows: Int64s
    worst_quality: Bytes8

    def __len__(self) -> int:
        return len(self.start_ns)


class InfluxdbReading:
    """One bucket, for reading; safe to use from any thread that runs no event loop."""

    def __init__(self, settings: InfluxdbSettings, series: Mapping[int, Series]) -> None:
        self._settings = settings
        self._series = series

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None = None) -> Points:
        """Return the readings of a channel number from start on and before end, at most the earliest `limit`.

        Raises Unreachable when the server does not answer, or not as asked.
        """
        text = rows_query(self._settings.bucket, self._series[channel], start_ns, end_ns, limit)
        fields: dict[str, dict[int, float]] = {"value": {}, "quality": {}, "flags": {}}
        for record in self._ask(text):
            fields[record["_field"]][record["time_ns"]] = record["_value"]
        times = sorted(fields["quality"])
        return Points(
            np.array(times, np.int64),
            np.array([fields["value"].get(at, np.nan) for at in times], np.float64),
            np.array([fields["quality"][at] for at in times], np.uint8),
            np.array([fields["flags"].get(at, 0) for at in times], np.uint16),
        )

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int) -> PointBuckets:
        """Return the readings of a channel number from start on and before end drawn together into `count` times."""
        width_ns = -(-(end_ns - start_ns) // count)
        starts = np.array([min(start_ns + one * width_ns, end_ns) for one in range(count + 1)], np.int64)
        columns = {name: np.full(count, np.nan) for name in ("low", "high", "first", "last")}
        whole = {name: np.zeros(count, np.int64) for name in ("rows", "worst_quality")}
        for record in self._ask(
            buckets_query(self._settings.bucket, self._series[channel], start_ns, end_ns, width_ns)
        ):
            column = columns.get(record["result"], whole.get(record["result"]))
            at = (record["time_ns"] - start_ns) // width_ns
            if column is not None and 0 <= at < count:
                column[at] = record["_value"]
        return PointBuckets(
            starts[:-1],
            starts[1:],
            low=columns["low"],
            high=columns["high"],
            first=columns["first"],
            last=columns["last"],
            rows=whole["rows"],
            worst_quality=whole["worst_quality"].astype(np.uint8),
        )

    def _ask(self, text: str) -> list[dict[str, Any]]:
        import aiohttp  # noqa: PLC0415 - see above
        from influxdb_client.rest import ApiException  # noqa: PLC0415

        where = f"InfluxDB at {self._settings.url}"
        try:
            return asyncio.run(self._asked(text))
        except ApiException as answer:
            status = int(answer.status or 0)
            if status in _UNAUTHORIZED:
                reason = f"does not accept the token (HTTP {status}); give it one that may read the bucket"
            elif status == _NOT_FOUND:
                reason = f"has no bucket {self._settings.bucket!r} of organisation {self._settings.org!r} (HTTP 404)"
            else:
                reason = f"answers HTTP {status} to a question: {answer.message!s:.300}"
            raise Unreachable(f"{where} {reason}") from answer
        except TimeoutError as error:
            seconds = self._settings.timeout_seconds
            raise Unreachable(f"{where} does not answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{where} cannot be reached ({type(error).__name__})") from error

    async def _asked(self, text: str) -> list[dict[str, Any]]:
        from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync  # noqa: PLC0415 - see above

        settings = self._settings
        async with InfluxDBClientAsync(
            settings.url,
            settings.token or "",
            settings.org,
            timeout=round(settings.timeout_seconds * 1_000),
            allow_redirects=False,
        ) as client:
            tables = await client.query_api().query(text, org=settings.org)
        return [record.values for table in tables for record in table.records]
