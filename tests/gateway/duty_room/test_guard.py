from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from gateway.early_warning import Finding, Level
from gateway.ledger import Ledger

Make = Callable[..., Finding]

JSON = {"content-type": "application/json"}
STEP = b'{"person": "x"}'


@pytest.fixture
def step_path(ledger: Ledger, finding: Make) -> str:
    ledger.record_findings([finding(Level.RED)]).result(5)
    return f"/api/v1/warnings/{ledger.warnings()[0].id}/acknowledge"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::1", "", "10.0.0.7"]
)
async def test_a_foreign_name_for_this_host_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/api/v1/warnings", headers={"host": host})

    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "[::1]:8080", "LOCALHOST"])
async def test_this_box_is_let_in_by_its_own_names(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/api/v1/warnings", headers={"host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**JSON, "origin": "http://evil.example"}, 403),
        ({**JSON, "origin": "http://127.0.0.1:9999"}, 403),
        ({**JSON, "origin": "null"}, 403),
        ({**JSON, "sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({}, 415),
        ({**JSON, "content-length": "16385"}, 413),
    ],
)
async def test_a_step_from_elsewhere_changes_nothing(
    client: httpx.AsyncClient, ledger: Ledger, step_path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.post(step_path, content=STEP, headers=headers)

    assert answer.status_code == status
    assert ledger.warnings()[0].needs_acknowledgement


async def test_a_step_from_the_own_page_is_taken(client: httpx.AsyncClient, ledger: Ledger, step_path: str) -> None:
    headers = {**JSON, "origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}

    answer = await client.post(step_path, content=STEP, headers=headers)

    assert answer.status_code == 200
    assert not ledger.warnings()[0].needs_acknowledgement


@pytest.mark.parametrize("path", ["/", "/api/v1/warnings", "/static/none.js", "/healthz", "/nowhere"])
async def test_every_answer_forbids_what_comes_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == ("no-store" if path.startswith("/api/") else "no-cache")
