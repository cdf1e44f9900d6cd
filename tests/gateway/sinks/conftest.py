"""A stand-in for InfluxDB, and a sink that writes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeAlias

import pytest

from gateway.model import SECOND, Batch, Instant, batch_of
from gateway.settings import InfluxdbSettings
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.line_protocol import Series
from simulators.servers.influxdb_stand_in import InfluxdbStandIn

START = 1_700_000_000 * SECOND
SERIES = {
    number: Series("water_flow", {"site": "d", "asset": f"P-{number}", "channel": f"P-{number}.f.flow"})
    for number in range(1, 4)
}

OpenSink: TypeAlias = Callable[..., InfluxdbSink]


def flows(rows: int, *, channel: int = 1, value: float = 1.5, start: int = 0) -> Batch:
    """Return good readings of one channel, one a second."""
    return batch_of(
        [(channel, START + (start + row) * SECOND, value + row, 1, 0) for row in range(rows)], Instant(START, 0, "b")
    )


@pytest.fixture
def influxdb() -> Iterator[InfluxdbStandIn]:
    with InfluxdbStandIn() as server:
        yield server


@pytest.fixture
def open_sink(influxdb: InfluxdbStandIn) -> Iterator[OpenSink]:
    """Open a sink to the stand-in (or elsewhere), closed at the end of the test."""
    with ExitStack() as stack:

        def opened(
            url: str | None = None,
            *,
            bucket: str = "lifeline",
            token: str | None = influxdb.token,
            timeout_seconds: float = 10.0,
        ) -> InfluxdbSink:
            settings = InfluxdbSettings(
                url or influxdb.url, "city", bucket, token=token, timeout_seconds=timeout_seconds
            )
            sink = InfluxdbSink(settings, SERIES)
            stack.callback(sink.close)
            return sink

        yield opened
