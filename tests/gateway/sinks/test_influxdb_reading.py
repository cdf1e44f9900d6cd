"""What was written comes back exactly, by questions that no name can break out of."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreachable
from gateway.model import SECOND, Instant, batch_of
from gateway.settings import InfluxdbSettings
from gateway.sinks.flux import quoted, rows_query
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.influxdb_reading import InfluxdbReading
from gateway.sinks.line_protocol import Series
from simulators.servers.influxdb_stand_in import InfluxdbStandIn

pytestmark = pytest.mark.slow

START = 1_700_000_000 * SECOND + 123_456_789
REAL = os.environ.get("LIFELINE_TEST_INFLUXDB", "")
"""`http://host:8086/org/bucket` of a real InfluxDB 2; its token stands in LIFELINE_TEST_INFLUXDB_TOKEN."""
RUNS = count()

Row: TypeAlias = tuple[int, int, float, int, int]


@pytest.fixture(params=["stand-in", *(["a real InfluxDB"] if REAL else [])])
def settings(request: pytest.FixtureRequest) -> Iterator[InfluxdbSettings]:
    if request.param == "stand-in":
        with InfluxdbStandIn() as server:
            yield InfluxdbSettings(server.url, server.org, server.bucket, server.token)
        return
    url, org, bucket = REAL.rsplit("/", 2)
    yield InfluxdbSettings(url, org, bucket, os.environ["LIFELINE_TEST_INFLUXDB_TOKEN"])


@pytest.fixture
def series() -> dict[int, Series]:
    """Two channels of a site of this test's own."""
    site = f"reading-{os.getpid()}-{next(RUNS)}"
    names = {1: "P-1.f.flow", 2: 'P-2.f."flow\\ ${x}, =~2'.replace("\\", "")}
    return {number: Series("water_flow", {"site": site, "channel": name}) for number, name in names.items()}


@pytest.fixture
def written(settings: InfluxdbSettings, series: dict[int, Series]) -> Callable[[list[Row]], InfluxdbReading]:
    """Write rows; return what reads them."""

    def write(rows: list[Row]) -> InfluxdbReading:
        sink = InfluxdbSink(settings, series)
        try:
            assert sink.write(batch_of(rows, Instant(START, 0, "b"))) == []
        finally:
            sink.close()
        return InfluxdbReading(settings, series)

    return write


def test_readings_come_back_to_the_nanosecond(written: Callable[[list[Row]], InfluxdbReading]) -> None:
    rows = [
        (1, START, 1.5, 1, 0),
        (1, START + 1, 0.1 + 0.2, 3, 16),
        (1, START + 2, float("nan"), 9, 64),
        (2, START, 7.0, 1, 0),
    ]

    found = written(rows).read(1, START, START + SECOND)

    assert found.time_ns.tolist() == [START, START + 1, START + 2]
    assert found.value.tolist()[:2] == [1.5, 0.1 + 0.2]
    assert np.isnan(found.value[2])
    assert (found.quality.tolist(), found.flags.tolist()) == ([1, 3, 9], [0, 16, 64])


def test_start_is_in_end_is_out_and_the_earliest_are_kept(written: Callable[[list[Row]], InfluxdbReading]) -> None:
    reading = written([(1, START + at * SECOND, float(at), 1, 0) for at in range(10)])

    found = reading.read(1, START + 2 * SECOND, START + 9 * SECOND, 3)
    whole = reading.read(1, START + 2 * SECOND, START + 9 * SECOND)

    assert found.value.tolist() == [2.0, 3.0, 4.0]
    assert whole.value.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def test_a_name_full_of_special_characters_is_only_a_name(written: Callable[[list[Row]], InfluxdbReading]) -> None:
    reading = written([(1, START, 1.0, 1, 0), (2, START, 2.0, 1, 0)])

    assert reading.read(2, START, START + 1).value.tolist() == [2.0]


def test_buckets_draw_what_may_be_drawn_and_count_everything(written: Callable[[list[Row]], InfluxdbReading]) -> None:
    rows = [(1, START + at * SECOND, float(at), 1, 0) for at in range(60)]
    rows[5] = (1, START + 5 * SECOND, 999.0, 4, 0)
    rows[6] = (1, START + 6 * SECOND, float("nan"), 9, 0)

    found = written(rows).buckets(1, START, START + 80 * SECOND, 4)

    assert found.start_ns.tolist() == [START + at * SECOND for at in (0, 20, 40, 60)]
    assert found.low.tolist()[:3] == [0.0, 20.0, 40.0]
    assert found.high.tolist()[:3] == [19.0, 39.0, 59.0]
    assert (found.first.tolist()[:3], found.last.tolist()[:3]) == ([0.0, 20.0, 40.0], [19.0, 39.0, 59.0])
    assert np.isnan(found.low[3])
    assert found.rows.tolist() == [20, 20, 20, 0]
    assert found.worst_quality.tolist() == [9, 1, 1, 0]


def test_a_channel_without_one_value_has_buckets_to_count(written: Callable[[list[Row]], InfluxdbReading]) -> None:
    found = written([(1, START, float("nan"), 9, 0)]).buckets(1, START, START + SECOND, 1)

    assert (found.rows.tolist(), found.worst_quality.tolist()) == ([1], [9])
    assert np.isnan(found.low[0])


def test_a_token_that_may_not_read_says_so() -> None:
    with InfluxdbStandIn() as server:
        reading = InfluxdbReading(
            InfluxdbSettings(server.url, "city", "lifeline", "wrong"), {1: Series("water_flow", {})}
        )

        with pytest.raises(Unreachable, match="does not accept the token"):
            reading.read(1, START, START + 1)


def test_a_server_that_is_away_is_unreachable() -> None:
    with InfluxdbStandIn() as server:
        url = server.url
    reading = InfluxdbReading(InfluxdbSettings(url, "city", "lifeline", "t"), {1: Series("water_flow", {})})

    with pytest.raises(Unreachable, match="cannot be reached"):
        reading.read(1, START, START + 1)


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f"), max_size=30))
def test_no_name_ends_its_literal_or_begins_an_expression(name: str) -> None:
    text = quoted(name)

    rest = re.sub(r'\\\\|\\"|\\\$\{', "", text[1:-1])
    assert '"' not in rest
    assert "\\" not in rest
    assert "${" not in rest
    assert text[1:-1].replace("\\${", "${").replace('\\"', '"').replace("\\\\", "\\") == name


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "\x7f"])
def test_control_characters_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        rows_query("lifeline", Series("flow", {"channel": name}), 0, 1, None)
