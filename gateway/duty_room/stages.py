"""The route by which a visitor of a simulated district breaks something in it. No real site has one."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from gateway.duty_room.documents import Document
from gateway.duty_room.ports import StagePort
from gateway.errors import NotAllowed


class StageRequest(BaseModel):
    """What is to happen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    word: str = Field(min_length=1, max_length=32)


class StageDocument(Document):
    """What happens now."""

    word: str
    told: str


def stage_routes(stages: StagePort) -> APIRouter:
    """Return what visitors use."""
    routes = APIRouter(prefix="/api/v1/stages")

    @routes.post("", status_code=202)
    async def stage(asked: StageRequest) -> StageDocument:
        """Let something happen in the simulated district; 409 when it cannot, with the reason."""
        try:
            told = await stages.stage(asked.word)
        except NotAllowed as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        return StageDocument(word=asked.word, told=told)

    return routes
