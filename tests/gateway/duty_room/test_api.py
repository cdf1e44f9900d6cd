from __future__ import annotations

import math
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from gateway.clock import to_iso
from gateway.duty_room import DutyRoomPorts
from gateway.early_warning import Finding, Level
from gateway.health import Health
from gateway.ledger import Ledger
from gateway.model import SECOND
from tests.gateway.duty_room.town import MemoryHistory

Make = Callable[..., Finding]

START = 1_700_000_000 * SECOND
GAS = "MH-01.gas-01.ch4"


def raise_warning(ledger: Ledger, *findings: Finding) -> str:
    ledger.record_findings(findings).result(5)
    return ledger.warnings()[0].id


async def test_the_site_says_what_it_is(client: httpx.AsyncClient) -> None:
    site = (await client.get("/api/v1/site")).json()

    assert (site["id"], site["name"], site["timezone"], site["language"]) == (
        "town",
        "示范片区",
        "Asia/Shanghai",
        "zh",
    )
    assert site["quantities"]["tilt"] == {"zh": "倾角", "en": "tilt"}
    assert site["quantities"]["forecast_level"]["en"] == "level in half an hour"


async def test_the_list_shows_a_warning_with_what_weighs_most(
    client: httpx.AsyncClient, ledger: Ledger, finding: Make
) -> None:
    raise_warning(ledger, finding(Level.ORANGE, asset="MH-01"))

    (warning,) = (await client.get("/api/v1/warnings")).json()["warnings"]

    assert (warning["asset_name"], warning["lifeline"], warning["level"]) == ("长江中路 231 号井", "gas", "orange")
    assert (warning["value"], warning["limit"], warning["unit"]) == (23.5, 20.0, "%LEL")
    assert (warning["quantity"], warning["lead_minutes"]) == ("combustible_gas", None)
    assert warning["start"] == "2023-11-14T22:13:20.000Z"
    assert warning["needs_acknowledgement"] is True


async def test_one_warning_comes_with_its_evidence_and_its_life(
    client: httpx.AsyncClient, ledger: Ledger, finding: Make
) -> None:
    wanted = raise_warning(ledger, finding(Level.ORANGE, asset="MH-01"))

    warning = (await client.get(f"/api/v1/warnings/{wanted}")).json()

    (found,) = warning["findings"]
    assert found["evidence"]["basis"] == "CJJ/T 146"
    assert found["evidence"]["data_trust"] == {"good_share": 1.0, "age_seconds": 2.0}
    assert [step["kind"] for step in warning["steps"]] == ["raised"]


async def test_a_person_acknowledges(client: httpx.AsyncClient, ledger: Ledger, finding: Make) -> None:
    wanted = raise_warning(ledger, finding(Level.ORANGE, asset="MH-01"))
    step = {"person": " 王芳 ", "note": "已派人", "revision": 1}

    first = await client.post(f"/api/v1/warnings/{wanted}/acknowledge", json=step)
    again = await client.post(f"/api/v1/warnings/{wanted}/acknowledge", json=step)

    assert first.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["state"], first.json()["acknowledged_by"]) == ("acknowledged", "王芳")


async def test_a_step_on_what_has_changed_is_refused_with_the_reason(
    client: httpx.AsyncClient, ledger: Ledger, finding: Make
) -> None:
    wanted = raise_warning(ledger, finding(Level.YELLOW, asset="MH-01"), finding(Level.RED, 5, asset="MH-01"))

    answer = await client.post(f"/api/v1/warnings/{wanted}/acknowledge", json={"person": "王芳", "revision": 1})

    assert answer.status_code == 409
    assert "look at it again" in answer.json()["detail"]


@pytest.mark.parametrize(
    "step",
    [{}, {"person": "  "}, {"person": "x" * 65}, {"person": "王芳", "revision": 0}, {"person": "王芳", "level": "red"}],
)
async def test_a_step_that_says_too_little_or_too_much_is_refused(
    client: httpx.AsyncClient, ledger: Ledger, finding: Make, step: dict[str, object]
) -> None:
    wanted = raise_warning(ledger, finding(Level.YELLOW, asset="MH-01"))

    answer = await client.post(f"/api/v1/warnings/{wanted}/acknowledge", json=step)

    assert answer.status_code == 422
    assert ledger.warnings()[0].needs_acknowledgement


async def test_a_ledger_that_is_gone_is_said_to_be_unavailable(
    client: httpx.AsyncClient, ledger: Ledger, finding: Make
) -> None:
    wanted = raise_warning(ledger, finding(Level.YELLOW, asset="MH-01"))
    ledger.close()

    answer = await client.post(f"/api/v1/warnings/{wanted}/acknowledge", json={"person": "王芳"})

    assert answer.status_code == 503


@pytest.mark.parametrize(
    "path", ["/api/v1/warnings/none", "/api/v1/history?channel=x&start=2026-01-01T00:00Z&end=2026-01-02T00:00Z"]
)
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404


async def test_closed_warnings_are_listed_when_asked_for(
    client: httpx.AsyncClient, ledger: Ledger, finding: Make
) -> None:
    wanted = raise_warning(ledger, finding(Level.YELLOW), finding(Level.NONE, 60))
    ledger.acknowledge(wanted, person="王芳").result(5)

    usual = (await client.get("/api/v1/warnings")).json()["warnings"]
    asked = (await client.get("/api/v1/warnings?include_closed=true")).json()["warnings"]

    assert usual == []
    assert [warning["id"] for warning in asked] == [wanted]


async def test_late_findings_stand_apart(client: httpx.AsyncClient, ledger: Ledger, finding: Make) -> None:
    ledger.record_findings([finding(Level.RED, asset="MH-01", is_late=True)]).result(5)

    answer = (await client.get("/api/v1/warnings")).json()

    assert answer["warnings"] == []
    assert [late["asset_name"] for late in answer["late"]] == ["长江中路 231 号井"]


async def test_channels_come_with_limits_and_newest_reading(
    client: httpx.AsyncClient, ports: DutyRoomPorts, history: MemoryHistory
) -> None:
    history.write(ports.numbers[GAS], START - SECOND, 3.5, 3)

    channels = {channel["id"]: channel for channel in (await client.get("/api/v1/channels")).json()["channels"]}

    assert channels[GAS]["latest"] == {"time_ms": 1_699_999_999_000, "value": 3.5, "quality": 3}
    assert channels[GAS]["ladders"][0]["rungs"] == {"yellow": 20, "orange": 50, "red": 100}
    assert channels["BR-01.bridge-01.strain"]["latest"] is None


async def test_few_readings_come_as_they_are(
    client: httpx.AsyncClient, ports: DutyRoomPorts, history: MemoryHistory
) -> None:
    for second in range(5):
        history.write(ports.numbers[GAS], START + second * SECOND, float(second) if second != 2 else float("nan"))

    answer = await client.get(
        "/api/v1/history", params={"channel": GAS, "start": to_iso(START), "end": to_iso(START + 4 * SECOND)}
    )

    rows = answer.json()["rows"]
    assert rows["value"] == [0.0, 1.0, None, 3.0]
    assert rows["time_ms"][0] == START // 1_000_000


async def test_many_readings_come_as_buckets_that_lose_no_extreme(
    client: httpx.AsyncClient, ports: DutyRoomPorts, history: MemoryHistory
) -> None:
    for second in range(300):
        history.write(ports.numbers[GAS], START + second * SECOND, 99.0 if second == 137 else 1.0)
    params = {"channel": GAS, "start": to_iso(START), "end": to_iso(START + 600 * SECOND), "buckets": "20"}

    answer = (await client.get("/api/v1/history", params=params)).json()

    assert answer["rows"] is None
    assert max(answer["buckets"]["high"]) == 99.0
    assert sum(answer["buckets"]["rows"]) == 300
    assert len(answer["buckets"]["low"]) == 10


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-02T00:00Z", "2026-01-01T00:00Z"),
        ("yesterday", "2026-01-01T00:00Z"),
        ("2026-01-01T00:00", "2026-01-02T00:00"),
    ],
)
async def test_a_range_that_is_none_is_refused(client: httpx.AsyncClient, start: str, end: str) -> None:
    answer = await client.get("/api/v1/history", params={"channel": GAS, "start": start, "end": end})

    assert answer.status_code == 422


@pytest.mark.parametrize(("seconds", "said"), [(112_800.4, 112_800.0), (math.inf, None)], ids=["filling", "not"])
async def test_vital_signs_say_when_the_journal_is_full(
    client: httpx.AsyncClient, health: Health, seconds: float, said: float | None
) -> None:
    health.gauge("journal_seconds_to_full", lambda: seconds)

    vitals = (await client.get("/api/v1/vital-signs")).json()

    assert vitals["journal"] == {"seconds_to_full": said, "at_cap": "thin"}


async def test_vital_signs_count_what_is_fresh_stale_and_bad(
    client: httpx.AsyncClient,
    ports: DutyRoomPorts,
    history: MemoryHistory,
    ledger: Ledger,
    finding: Make,
) -> None:
    now = ports.clock.now().utc_ns
    history.write(ports.numbers[GAS], now, 15.0)
    history.write(ports.numbers["MH-02.gas-02.ch4"], now, 15.0, 4)
    history.write(ports.numbers["MH-03.gas-03.ch4"], now - 181 * SECOND, 19.0)
    raise_warning(ledger, finding(Level.ORANGE, asset="MH-01"))

    vitals = (await client.get("/api/v1/vital-signs")).json()

    gas = next(each for each in vitals["lifelines"] if each["lifeline"] == "gas")
    assert (gas["channels"], gas["fresh"], gas["stale"], gas["bad"]) == (12, 2, 10, 1)
    assert gas["nearest"] == {"channel": GAS, "share": 0.75}
    assert gas["warnings"] == {"orange": 1}
    assert (vitals["warnings_open"], vitals["warnings_unacknowledged"]) == (1, 1)


async def test_ready_says_what_is_missing(client: httpx.AsyncClient, health: Health) -> None:
    before = await client.get("/readyz")
    health.set_condition("broker", ok=False, reason="no answer from 10.0.0.1; check the cable")

    after = await client.get("/readyz")

    assert (before.status_code, after.status_code) == (200, 503)
    assert after.json()["conditions"][0]["reason"] == "no answer from 10.0.0.1; check the cable"


async def test_metrics_speak_prometheus(client: httpx.AsyncClient, health: Health) -> None:
    health.count("mqtt", "dropped", 3, reason='odd "topic"')

    text = (await client.get("/metrics")).text

    assert 'lifeline_dropped_total{reason="odd \\"topic\\"",stage="mqtt"} 3.0' in text
    assert 'lifeline_condition_ok{condition="ledger",needed="true"} 1.0' in text
    assert "lifeline_warnings_open 0.0" in text


async def test_it_is_alive(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).text == "ok\n"


def test_every_route_is_described(app: FastAPI) -> None:
    described = app.openapi()["paths"]

    assert {
        "/api/v1/warnings",
        "/api/v1/warnings/{warning}",
        "/api/v1/warnings/{warning}/acknowledge",
        "/api/v1/channels",
        "/api/v1/history",
        "/api/v1/vital-signs",
        "/api/v1/stream",
        "/healthz",
        "/readyz",
        "/metrics",
    } <= described.keys()
