"""Every sink with a server of its own: a new one is tested by a line in SINKS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from gateway.settings import InfluxdbSettings
from gateway.sinks import Sink
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.line_protocol import Series
from simulators.servers.influxdb_stand_in import InfluxdbStandIn
from simulators.servers.victoria_metrics import VictoriaMetrics

SERIES = {number: Series("water_flow", {"channel": f"P-{number}.f.flow"}) for number in range(1, 4)}

Points: TypeAlias = dict[tuple[str, int], float]
"""(channel, time in ms) → value."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A sink, what its server holds, and how to take the server away."""

    sink: Sink
    held: Callable[[], Points]
    stop: Callable[[], None]
    start: Callable[[], None]


def _stand_in(stack: ExitStack, _folder: Path, _need: Callable[[str], str]) -> Bench:
    server = stack.enter_context(InfluxdbStandIn())

    def held() -> Points:
        return {
            (dict(tags)["channel"], time_ns // 1_000_000): float(fields["value"])
            for (_, tags, time_ns), fields in server.points.items()
            if "value" in fields
        }

    settings = InfluxdbSettings(server.url, server.org, server.bucket, server.token)
    return Bench(InfluxdbSink(settings, SERIES), held, server.stop, server.start)


def _victoria_metrics(stack: ExitStack, folder: Path, need: Callable[[str], str]) -> Bench:
    server = stack.enter_context(VictoriaMetrics(need("victoria-metrics"), folder))

    def held() -> Points:
        points = server.points("water_flow_value")
        return {(channel, time_ms): value for channel, rows in points.items() for time_ms, value in rows.items()}

    sink = InfluxdbSink(InfluxdbSettings(server.url, "city", "lifeline"), SERIES)
    return Bench(sink, held, server.stop, server.start)


SINKS = {"influxdb, stand-in": _stand_in, "influxdb, VictoriaMetrics": _victoria_metrics}


@pytest.fixture(params=list(SINKS.values()), ids=list(SINKS))
def bench(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str], str]) -> Iterator[Bench]:
    with ExitStack() as stack:
        made: Bench = request.param(stack, tmp_path, need)
        stack.callback(made.sink.close)
        yield made
