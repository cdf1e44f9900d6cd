"""The routes that explain a channel and a warning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

import httpx
import pytest

from gateway.clock import to_iso
from gateway.detection.accounts import account_of
from gateway.duty_room import DutyRoomPorts, create_app
from gateway.early_warning import Finding, Level
from gateway.ledger import Ledger

Make = Callable[..., Finding]
GAS = "MH-01.gas-01.ch4"


def _told(channel: str, at_ns: int) -> Mapping[str, object]:
    """Stand in for detection: what it says has the shape of what it says in service."""
    if channel.endswith("battery"):
        raise KeyError(channel)
    empty = dict.fromkeys(("value", "value_time", "level", "band", "onset"))
    lists: dict[str, list[str]] = {"suppressed": ["silent"], "agreeing": [], "disagreeing": []}
    names = {"channel": channel, "asset": "MH-01", "quantity": "combustible_gas", "unit": "%{LEL}", "nearest": ""}
    return {**empty, **lists, **names, "at": to_iso(at_ns), "rules": [], "data_trust": {"good_share": 1.0}}


@pytest.fixture
async def explaining(ports: DutyRoomPorts) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(replace(ports, why=_told))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_a_channel_is_explained_at_a_moment(explaining: httpx.AsyncClient) -> None:
    told = await explaining.get(f"/api/v1/channels/{GAS}/why", params={"at": "2026-07-01T02:14:00Z"})

    assert told.status_code == 200
    assert (told.json()["channel"], told.json()["at"]) == (GAS, "2026-07-01T02:14:00.000Z")
    assert told.json()["suppressed"] == ["silent"]


async def test_without_a_moment_it_is_now(explaining: httpx.AsyncClient) -> None:
    told = await explaining.get(f"/api/v1/channels/{GAS}/why")

    assert told.json()["at"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize(
    ("path", "status"),
    [("channels/none/why", 404), ("channels/MH-01.gas-01.battery/why", 404), ("warnings/none/why", 404)],
)
async def test_what_cannot_be_explained_is_not_found(explaining: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await explaining.get(f"/api/v1/{path}")).status_code == status


async def test_a_moment_without_a_zone_is_refused(explaining: httpx.AsyncClient) -> None:
    told = await explaining.get(f"/api/v1/channels/{GAS}/why", params={"at": "2026-07-01T02:14:00"})

    assert told.status_code == 422


async def test_a_warning_is_explained_finding_by_finding(
    explaining: httpx.AsyncClient, ledger: Ledger, finding: Make
) -> None:
    ledger.record_findings([finding(Level.ORANGE, asset="MH-01")]).result(5)
    wanted = ledger.warnings()[0].id

    [told] = (await explaining.get(f"/api/v1/warnings/{wanted}/why")).json()["findings"]

    assert told["finding"]["level"] == "orange"
    assert told["why"] is None or told["why"]["channel"] == told["finding"]["evidence"]["channel"]


async def test_where_nothing_detects_nothing_is_explained(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/channels/{GAS}/why")).status_code == 404


async def test_a_warnings_evidence_is_one_document_a_finding(
    ports: DutyRoomPorts, ledger: Ledger, finding: Make
) -> None:
    ledger.record_findings([finding(Level.ORANGE, asset="MH-01")]).result(5)
    wanted = ledger.warnings()[0].id
    app = create_app(replace(ports, account=lambda one: account_of(one, ports.inventory, ports.numbers, None)))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        told = await client.get(f"/api/v1/warnings/{wanted}/evidence")
        unknown = await client.get("/api/v1/warnings/none/evidence")

    [account] = told.json()
    assert account["level"] == "orange"
    assert account["channels"][0] == ledger.warnings()[0].findings[account["finding"]].evidence.channel
    assert (account["baseline"], account["onset"]["method"]) == (None, "first_sample")
    assert unknown.status_code == 404
