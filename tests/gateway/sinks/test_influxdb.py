"""What the sink does with each answer of the v2 write API."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.errors import Unreachable
from gateway.model import SECOND, Instant, batch_of
from simulators.servers.child import free_port
from simulators.servers.influxdb_stand_in import InfluxdbStandIn, Planned
from tests.gateway.sinks.conftest import START, OpenSink, flows

FIRST = ("water_flow", (("asset", "P-1"), ("channel", "P-1.f.flow"), ("site", "d")), START)


def test_a_batch_is_written_with_value_quality_and_flags(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    rejected = open_sink().write(batch_of([(1, START, 18.6, 3, 16)], Instant(START, 0, "b")))

    assert rejected == []
    assert influxdb.points == {FIRST: {"value": 18.6, "quality": 3, "flags": 16}}


def test_the_same_batch_again_changes_nothing(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    sink = open_sink()
    sink.write(flows(100))
    once = dict(influxdb.points)

    sink.write(flows(100))

    assert influxdb.points == once
    assert influxdb.requests == [(204, 100), (204, 100)]


def test_one_refused_point_of_a_batch_is_found_and_the_rest_is_written(
    influxdb: InfluxdbStandIn, open_sink: OpenSink
) -> None:
    influxdb.oldest_ns = START
    good = flows(1_000)
    good.time_ns[617] = START - 1

    rejected = open_sink().write(good)

    assert [one.row for one in rejected] == [617]
    assert rejected[0].sent.endswith(b" %d" % (START - 1))
    assert "beyond retention" in rejected[0].detail
    assert len(influxdb.points) == 999
    assert len(influxdb.requests) <= 25


def test_a_batch_that_is_refused_as_a_whole_takes_one_request(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    influxdb.oldest_ns = START + 10_000 * SECOND

    rejected = open_sink().write(flows(1_000))

    assert [one.row for one in rejected] == list(range(1_000))
    assert len(influxdb.requests) == 1


def test_a_malformed_line_refuses_itself_alone(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    sink = open_sink()
    sink._encoder._with_value[2] = b"\n,broken value="
    mixed = flows(9)
    mixed.channel[[2, 5]] = 2

    rejected = sink.write(mixed)

    assert sorted(one.row for one in rejected) == [2, 5]
    assert all(one.detail.startswith("HTTP 400: unable to parse ',broken value=") for one in rejected)
    assert len(influxdb.points) == 7


def test_a_row_of_an_unknown_channel_is_rejected_alone(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    mixed = flows(5)
    mixed.channel[3] = 99

    rejected = open_sink().write(mixed)

    assert [(one.row, one.detail) for one in rejected] == [(3, "channel number 99 has no name")]
    assert len(influxdb.points) == 4


def test_what_is_too_large_is_split(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    influxdb.max_bytes = 10_000

    rejected = open_sink().write(flows(1_000))

    assert rejected == []
    assert len(influxdb.points) == 1_000
    assert {status for status, _ in influxdb.requests} == {204, 413}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says_so(
    influxdb: InfluxdbStandIn, open_sink: OpenSink, status: int
) -> None:
    influxdb.plan.append(Planned(status, {"Retry-After": "17"}))
    sink = open_sink()

    with pytest.raises(Unreachable, match=f"cannot take anything now .HTTP {status}") as caught:
        sink.write(flows(10))
    rejected = sink.write(flows(10))

    assert caught.value.retry_seconds == 17
    assert rejected == []
    assert len(influxdb.points) == 10


def test_retry_after_may_be_a_date(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    influxdb.plan.append(Planned(503, {"Retry-After": then}))

    with pytest.raises(Unreachable) as caught:
        open_sink().write(flows(1))

    assert 90 < caught.value.retry_seconds <= 100


@pytest.mark.parametrize(("written", "seconds"), [("soon", 0.0), ("99999999", 600.0), ("-5", 0.0), ("", 0.0)])
def test_a_strange_retry_after_silences_nobody(
    influxdb: InfluxdbStandIn, open_sink: OpenSink, written: str, seconds: float
) -> None:
    influxdb.plan.append(Planned(503, {"Retry-After": written}))

    with pytest.raises(Unreachable) as caught:
        open_sink().write(flows(1))

    assert caught.value.retry_seconds == seconds


def test_a_wrong_token_is_for_people_to_mend_and_never_shown(open_sink: OpenSink) -> None:
    with pytest.raises(Unreachable, match=r"does not accept the token \(HTTP 401\)") as caught:
        open_sink(token="hunter2").write(flows(1))  # noqa: S106 - a wrong one

    assert caught.value.retry_seconds == 60
    assert "hunter2" not in str(caught.value)


def test_a_missing_bucket_is_named(open_sink: OpenSink) -> None:
    with pytest.raises(Unreachable, match="has no bucket 'nowhere' of organisation 'city'") as caught:
        open_sink(bucket="nowhere").write(flows(1))

    assert caught.value.retry_seconds == 60


@pytest.mark.parametrize("status", [302, 405, 418])
def test_another_kind_of_server_is_suspected(influxdb: InfluxdbStandIn, open_sink: OpenSink, status: int) -> None:
    influxdb.plan.append(Planned(status, {"Location": "http://127.0.0.1:1/"}))

    with pytest.raises(Unreachable, match=f"answers HTTP {status}; is this the address of an InfluxDB 2 server"):
        open_sink().write(flows(1))

    assert influxdb.points == {}


def test_a_proxy_that_refuses_everything_refuses_no_reading(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    page = "<html>400 The plain HTTP request was sent to HTTPS port</html>"
    influxdb.plan.append(Planned(400, body=page))

    with pytest.raises(Unreachable, match="answers HTTP 400; is this the address of an InfluxDB 2 server") as caught:
        open_sink().write(flows(10))

    assert caught.value.retry_seconds == 60
    assert len(influxdb.requests) == 1


def test_a_connection_that_breaks_is_retried_later(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    influxdb.plan.append(Planned(is_reset=True))
    sink = open_sink()

    with pytest.raises(Unreachable, match="cannot be reached"):
        sink.write(flows(3))
    sink.write(flows(3))

    assert len(influxdb.points) == 3


def test_nobody_at_the_address_is_unreachable(open_sink: OpenSink) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(Unreachable, match=f"InfluxDB at {url} cannot be reached"):
        open_sink(url).write(flows(1))


def test_a_server_that_does_not_answer_is_not_waited_for(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    influxdb.plan.append(Planned(is_silent=True))

    with pytest.raises(Unreachable, match=r"does not answer within 0\.2 s"):
        open_sink(timeout_seconds=0.2).write(flows(1))


@pytest.mark.slow
def test_a_stop_does_not_wait_long_for_a_silent_server(influxdb: InfluxdbStandIn, open_sink: OpenSink) -> None:
    influxdb.plan.append(Planned(is_silent=True))
    sink = open_sink(timeout_seconds=300)
    threading.Timer(0.2, sink.hurry).start()

    with pytest.raises(Unreachable, match="too slow to wait for at a stop"):
        sink.write(flows(1))


async def test_a_sink_may_be_used_and_closed_where_another_loop_runs(
    influxdb: InfluxdbStandIn, open_sink: OpenSink
) -> None:
    sink = open_sink()

    sink.write(flows(3))
    sink.close()

    assert len(influxdb.points) == 3
