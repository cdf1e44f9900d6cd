"""The routes of drills: start one, see how they ended. Guarded as a person's step is: this box alone, JSON alone."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from gateway.clock import to_iso
from gateway.duty_room.documents import Document
from gateway.duty_room.ports import DrillPort
from gateway.early_warning import Drilled
from gateway.errors import NotAllowed


class DrillRequest(BaseModel):
    """A fault to stage."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: Literal["uplink", "unit"]
    seconds: float = Field(default=60.0, ge=1, le=3_600)
    unit: str = Field(default="", max_length=200)
    """The device to take for dead."""
    person: str = Field(min_length=1, max_length=64)


class DrillDocument(Document):
    """How one drill ended."""

    kind: Literal["uplink", "unit"]
    unit: str
    person: str
    start: str
    end: str
    """When the fault ended."""
    recovery_seconds: float | None
    """Null when the gateway had not recovered when the drill gave up waiting."""
    journaled: int
    lost: int
    duplicated: int
    ok: bool


class DrillList(Document):
    """Whether a drill runs, and how the newest ended."""

    running: bool
    outcomes: list[DrillDocument]


def drill_routes(drills: DrillPort) -> APIRouter:
    """Return what operators use."""
    routes = APIRouter(prefix="/api/v1/drills")

    @routes.post("", status_code=202)
    async def begin(asked: DrillRequest) -> DrillList:
        """Stage a fault for some seconds; 409 when that is not possible, with the reason."""
        try:
            drills.begin(asked.kind, unit=asked.unit, seconds=asked.seconds, person=asked.person)
        except NotAllowed as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        return await listed()

    @routes.get("")
    async def listed() -> DrillList:
        """Say whether a drill runs, and how the newest ended."""
        outcomes = await asyncio.to_thread(drills.outcomes)
        return DrillList(running=drills.is_running, outcomes=[_document_of(one) for one in outcomes])

    return routes


def _document_of(drill: Drilled) -> DrillDocument:
    return DrillDocument(
        kind=drill.kind,
        unit=drill.unit,
        person=drill.person,
        start=to_iso(drill.start_ns),
        end=to_iso(drill.end_ns),
        recovery_seconds=drill.recovery_seconds,
        journaled=drill.journaled,
        lost=drill.lost,
        duplicated=drill.duplicated,
        ok=drill.is_clean,
    )
