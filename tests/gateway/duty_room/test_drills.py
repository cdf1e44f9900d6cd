"""The routes of drills, over a port that remembers what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import httpx
import pytest

from gateway.duty_room import DutyRoomPorts, create_app
from gateway.early_warning import Drilled, DrillKind
from gateway.errors import NotAllowed
from gateway.model import SECOND


@dataclass
class Remembering:
    asked: list[tuple[str, str, float, str]] = field(default_factory=list)
    is_running: bool = False

    def begin(self, kind: DrillKind, *, unit: str, seconds: float, person: str) -> None:
        if self.is_running:
            raise NotAllowed("a drill is running; wait for its end")
        self.asked.append((kind, unit, seconds, person))
        self.is_running = True

    def outcomes(self, limit: int = 20) -> list[Drilled]:
        return [Drilled("unit", "flow-12", "Li", 0, 60 * SECOND, 2.5, 400, 0, 0)][:limit]


@pytest.fixture
def drills() -> Remembering:
    return Remembering()


@pytest.fixture
def client_of_drills(ports: DutyRoomPorts, drills: Remembering) -> httpx.AsyncClient:
    app = create_app(replace(ports, drills=drills))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_a_drill_is_begun_and_its_outcome_listed(
    client_of_drills: httpx.AsyncClient, drills: Remembering
) -> None:
    begun = await client_of_drills.post("/api/v1/drills", json={"kind": "uplink", "seconds": 5, "person": " Li "})

    assert begun.status_code == 202
    assert begun.json()["running"]
    assert drills.asked == [("uplink", "", 5.0, "Li")]
    (outcome,) = (await client_of_drills.get("/api/v1/drills")).json()["outcomes"]
    assert outcome == {
        "kind": "unit",
        "unit": "flow-12",
        "person": "Li",
        "start": "1970-01-01T00:00:00.000Z",
        "end": "1970-01-01T00:01:00.000Z",
        "recovery_seconds": 2.5,
        "journaled": 400,
        "lost": 0,
        "duplicated": 0,
        "ok": True,
    }


async def test_a_second_drill_is_refused_with_the_reason(
    client_of_drills: httpx.AsyncClient, drills: Remembering
) -> None:
    drills.is_running = True

    refused = await client_of_drills.post("/api/v1/drills", json={"kind": "uplink", "person": "Li"})

    assert refused.status_code == 409
    assert "wait for its end" in refused.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "pump", "person": "Li"}, {"kind": "uplink"}, {"kind": "uplink", "person": "Li", "seconds": 86_400}],
    ids=["kind", "nobody", "too-long"],
)
async def test_a_drill_that_makes_no_sense_is_refused(
    client_of_drills: httpx.AsyncClient, drills: Remembering, wrong: dict[str, object]
) -> None:
    refused = await client_of_drills.post("/api/v1/drills", json=wrong)

    assert refused.status_code == 422
    assert drills.asked == []


async def test_another_site_cannot_begin_a_drill(client_of_drills: httpx.AsyncClient, drills: Remembering) -> None:
    foreign = {"origin": "https://elsewhere.example"}

    refused = await client_of_drills.post("/api/v1/drills", json={"kind": "uplink", "person": "x"}, headers=foreign)

    assert refused.status_code == 403
    assert drills.asked == []
