"""The stand-in answers as InfluxDB 2 does, asked by a plain HTTP client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from simulators.servers.influxdb_stand_in import InfluxdbStandIn, Planned


@pytest.fixture
def influxdb() -> Iterator[InfluxdbStandIn]:
    with InfluxdbStandIn() as server:
        yield server


def write(server: InfluxdbStandIn, lines: str, *, bucket: str = "lifeline", token: str = "") -> httpx.Response:
    return httpx.post(
        f"{server.url}/api/v2/write?org=city&bucket={bucket}&precision=ns",
        content=lines,
        headers={"Authorization": f"Token {token or server.token}"},
        timeout=10,
    )


def test_good_lines_are_written_and_the_same_point_again_overwrites_itself(influxdb: InfluxdbStandIn) -> None:
    first = write(influxdb, "m,a=b v=1 5\nm,a=b v=2 6")
    again = write(influxdb, "m,a=b v=3,w=1i 5")

    assert (first.status_code, again.status_code) == (204, 204)
    assert influxdb.points == {
        ("m", (("a", "b"),), 5): {"v": 3.0, "w": 1},
        ("m", (("a", "b"),), 6): {"v": 2.0},
    }


def test_one_malformed_line_refuses_all(influxdb: InfluxdbStandIn) -> None:
    answer = write(influxdb, "m v=1 5\nm v=oops 6")

    assert answer.status_code == 400
    assert answer.json() == {"code": "invalid", "message": "unable to parse 'm v=oops 6': invalid field"}
    assert influxdb.points == {}


def test_a_field_of_another_type_drops_its_point_and_keeps_the_others(influxdb: InfluxdbStandIn) -> None:
    write(influxdb, "m v=1 5")

    answer = write(influxdb, "m v=1i 6\nm v=2 7")

    assert answer.status_code == 422
    assert "dropped=1" in answer.json()["message"]
    assert [time for _, _, time in influxdb.points] == [5, 7]


def test_token_and_bucket_are_asked_for(influxdb: InfluxdbStandIn) -> None:
    wrong_token = write(influxdb, "m v=1 5", token="wrong")  # noqa: S106 - a wrong one
    wrong_bucket = write(influxdb, "m v=1 5", bucket="other")

    assert (wrong_token.status_code, wrong_bucket.status_code) == (401, 404)
    assert influxdb.points == {}


def test_what_is_too_large_is_refused(influxdb: InfluxdbStandIn) -> None:
    influxdb.max_bytes = 10

    assert write(influxdb, "m v=1 5\nm v=1 6").status_code == 413


def test_planned_answers_come_first_one_request_each(influxdb: InfluxdbStandIn) -> None:
    influxdb.plan.append(Planned(429, {"Retry-After": "3"}))
    influxdb.plan.append(Planned(is_reset=True))

    busy = write(influxdb, "m v=1 5")
    with pytest.raises(httpx.HTTPError):
        write(influxdb, "m v=1 5")
    good = write(influxdb, "m v=1 5")

    assert (busy.status_code, busy.headers["Retry-After"], good.status_code) == (429, "3", 204)
    assert influxdb.requests == [(429, 1), (0, 1), (204, 1)]


def test_a_server_that_comes_back_has_the_same_port_and_points(influxdb: InfluxdbStandIn) -> None:
    write(influxdb, "m v=1 5")
    port = influxdb.port

    influxdb.stop()
    influxdb.start()

    assert influxdb.port == port
    assert write(influxdb, "m v=1 6").status_code == 204
    assert len(influxdb.points) == 2
