"""What a visitor of a simulated district may break, over a port that remembers what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import httpx
import pytest

from gateway.duty_room import DutyRoomPorts, create_app
from gateway.errors import NotAllowed


@dataclass
class Remembering:
    words: tuple[str, ...] = ("gas", "storm")
    asked: list[str] = field(default_factory=list)

    async def stage(self, word: str, /) -> str:
        if word not in self.words:
            raise NotAllowed(f"{word} cannot be staged")
        self.asked.append(word)
        return f"{word} it is"


@pytest.fixture
def stages() -> Remembering:
    return Remembering()


@pytest.fixture
def visitor(ports: DutyRoomPorts, stages: Remembering) -> httpx.AsyncClient:
    app = create_app(replace(ports, stages=stages))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")


async def test_the_page_is_told_what_there_is_and_a_word_makes_it_happen(
    visitor: httpx.AsyncClient, stages: Remembering
) -> None:
    site = (await visitor.get("/api/v1/site")).json()
    answer = await visitor.post("/api/v1/stages", json={"word": "storm"})

    assert site["stages"] == ["gas", "storm"]
    assert (answer.status_code, answer.json()) == (202, {"word": "storm", "told": "storm it is"})
    assert stages.asked == ["storm"]


async def test_an_unknown_word_is_refused_with_the_reason(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/api/v1/stages", json={"word": "quake"})

    assert (answer.status_code, answer.json()["detail"]) == (409, "quake cannot be staged")


async def test_only_the_pages_own_json_stages_anything(visitor: httpx.AsyncClient, stages: Remembering) -> None:
    foreign = await visitor.post("/api/v1/stages", json={"word": "gas"}, headers={"origin": "http://elsewhere"})
    simple = await visitor.post("/api/v1/stages", content=b'{"word":"gas"}', headers={"content-type": "text/plain"})

    assert (foreign.status_code, simple.status_code) == (403, 415)
    assert stages.asked == []


async def test_a_real_site_has_nothing_to_stage(client: httpx.AsyncClient) -> None:
    site = (await client.get("/api/v1/site")).json()
    answer = await client.post("/api/v1/stages", json={"word": "gas"})

    assert site["stages"] == []
    assert answer.status_code == 404
