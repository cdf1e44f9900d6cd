"""The page's past comes from InfluxDB where the site file says so, and from this box while InfluxDB is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app.read_back import ReadBack
from gateway.health import Health
from gateway.history import History
from gateway.journal import Entry
from gateway.model import SECOND, Instant, batch_of
from gateway.settings import HistorySettings, InfluxdbSettings
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.influxdb_reading import InfluxdbReading
from gateway.sinks.line_protocol import Series
from simulators.servers.influxdb_stand_in import InfluxdbStandIn

pytestmark = pytest.mark.slow

START = 1_700_000_000 * SECOND
SERIES = {1: Series("water_flow", {"channel": "P-1.f.flow"})}


@pytest.fixture
def influxdb() -> Iterator[InfluxdbStandIn]:
    with InfluxdbStandIn() as server:
        yield server


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def past(influxdb: InfluxdbStandIn, tmp_path: Path, health: Health) -> Iterator[ReadBack]:
    """Ten readings in InfluxDB, of which this box still has the last five."""
    settings = InfluxdbSettings(influxdb.url, "city", "lifeline", influxdb.token)
    batch = batch_of([(1, START + at * SECOND, float(at), 1, 0) for at in range(10)], Instant(START, 0, "b"))
    sink = InfluxdbSink(settings, SERIES)
    sink.write(batch)
    sink.close()
    history = History.open(tmp_path, settings=HistorySettings(), health=health)
    history.apply([Entry(1, batch.take(batch.time_ns >= batch.time_ns[5]), START)])
    yield ReadBack(InfluxdbReading(settings, SERIES), history, health)
    history.close()


def test_the_past_is_influxdbs_and_the_newest_reading_this_boxs(past: ReadBack) -> None:
    assert past.read(1, START, START + 60 * SECOND, 100).value.tolist() == [float(at) for at in range(10)]
    assert past.buckets(1, START, START + 10 * SECOND, 2).rows.tolist() == [5, 5]
    assert past.latest()[1].value == 9.0


def test_while_influxdb_is_away_this_boxs_own_past_is_shown_and_said_to_be(
    past: ReadBack, influxdb: InfluxdbStandIn, health: Health
) -> None:
    influxdb.stop()

    rows = past.read(1, START, START + 60 * SECOND, 100).value.tolist()
    counts = past.buckets(1, START, START + 10 * SECOND, 2).rows.tolist()
    (said,) = [one.reason for one in health.conditions() if one.name == "influxdb_read" and not one.ok]
    influxdb.start()
    past.read(1, START, START + SECOND, 1)

    assert (rows, counts) == ([5.0, 6.0, 7.0, 8.0, 9.0], [0, 5])
    assert "the page shows this box's own history" in said
    assert all(one.ok for one in health.conditions() if one.name == "influxdb_read")
