"""How far each sensor passes its tests, as the interface tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.duty_room import DutyRoomPorts, create_app
from gateway.early_warning import Finding, Level
from gateway.ledger import Ledger
from gateway.model import Flag, Quality
from tests.gateway.duty_room.town import MemoryHistory

Make = Callable[..., Finding]
GAS = "MH-01.gas-01.ch4"


@pytest.fixture
async def page(ports: DutyRoomPorts) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def sensor(page: httpx.AsyncClient, channel: str) -> dict[str, Any]:
    told = await page.get("/api/v1/quality")
    (found,) = (each for each in told.json()["sensors"] if each["channel"] == channel)
    return dict(found)


async def test_a_channel_without_findings_passes_what_is_tested(page: httpx.AsyncClient) -> None:
    found = await sensor(page, GAS)

    assert found["tests"]["spike"] == Quality.UNKNOWN
    assert found["worst"] in {Quality.UNKNOWN, Quality.MISSING}
    assert not found["is_under_maintenance"]


@pytest.mark.parametrize(
    ("rule", "test", "flag"),
    [
        ("gross_range", "gross_range", Quality.FAIL),
        ("stuck", "flat_line", Quality.FAIL),
        ("spike", "spike", Quality.SUSPECT),
        ("clock", "clock", Quality.SUSPECT),
    ],
)
async def test_a_standing_finding_fails_its_test(
    ports: DutyRoomPorts, page: httpx.AsyncClient, finding: Make, *, rule: str, test: str, flag: Quality
) -> None:
    one = finding(Level.BLUE, asset="MH-01", channel=GAS, hazard="sensor_fault")
    assert isinstance(ports.ledger, Ledger)
    ports.ledger.record_findings([replace(one, evidence=replace(one.evidence, rule=rule))]).result()

    found = await sensor(page, GAS)

    assert found["tests"][test] == flag


async def test_the_newest_reading_tells_of_maintenance_and_of_a_clamped_value(
    page: httpx.AsyncClient, ports: DutyRoomPorts
) -> None:
    assert isinstance(ports.history, MemoryHistory)
    flags = int(Flag.CLAMPED | Flag.MAINTENANCE)
    ports.history.write(ports.numbers[GAS], ports.clock.now().utc_ns, 100.0, int(Quality.SUSPECT), flags)

    found = await sensor(page, GAS)

    assert (found["is_clamped"], found["is_under_maintenance"]) == (True, True)
    assert found["tests"]["gross_range"] == Quality.SUSPECT
