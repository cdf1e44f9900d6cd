"""The sink against a real database that takes the v2 write API; it keeps whole milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.errors import Unreachable
from gateway.model import Batch
from simulators.servers.victoria_metrics import VictoriaMetrics
from tests.gateway.sinks.conftest import START, OpenSink, flows

pytestmark = pytest.mark.slow


@pytest.fixture
def database(tmp_path: Path, need: Callable[[str], str]) -> Iterator[VictoriaMetrics]:
    with VictoriaMetrics(need("victoria-metrics"), tmp_path / "database") as server:
        yield server


def points_of(batch: Batch) -> dict[int, float]:
    return dict(zip((batch.time_ns // 1_000_000).tolist(), batch.value.tolist(), strict=True))


def test_every_reading_is_there_once_however_often_it_was_written(
    database: VictoriaMetrics, open_sink: OpenSink
) -> None:
    sink = open_sink(database.url)
    batch = flows(5_000)

    rejected = [*sink.write(batch), *sink.write(batch)]

    assert rejected == []
    assert database.points("water_flow_value") == {"P-1.f.flow": points_of(batch)}
    assert database.points("water_flow_quality") == {"P-1.f.flow": dict.fromkeys(points_of(batch), 1.0)}


def test_values_come_back_bit_for_bit(database: VictoriaMetrics, open_sink: OpenSink) -> None:
    batch = flows(1_000)
    batch.value[:] = np.random.default_rng(7).normal(0, 1, 1_000).round(6)

    open_sink(database.url).write(batch)

    assert database.points("water_flow_value")["P-1.f.flow"] == points_of(batch)


def test_a_missing_value_has_a_quality_and_no_value(database: VictoriaMetrics, open_sink: OpenSink) -> None:
    batch = flows(3)
    batch.value[1], batch.quality[1] = np.nan, 9

    open_sink(database.url).write(batch)

    first_ms = START // 1_000_000
    assert sorted(database.points("water_flow_value")["P-1.f.flow"]) == [first_ms, first_ms + 2_000]
    assert database.points("water_flow_quality")["P-1.f.flow"][first_ms + 1_000] == 9


def test_a_killed_database_is_unreachable_and_takes_everything_when_it_is_back(
    database: VictoriaMetrics, open_sink: OpenSink
) -> None:
    sink = open_sink(database.url)
    sink.write(flows(10))
    database.kill()

    with pytest.raises(Unreachable):
        sink.write(flows(10, start=10))
    database.start()
    sink.write(flows(20))

    assert len(database.points("water_flow_value")["P-1.f.flow"]) == 20
