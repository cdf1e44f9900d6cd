"""The routes of a reload: try a changed site file, take it over, see how that went. Guarded as a person's step is."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from gateway.duty_room.documents import Document
from gateway.duty_room.ports import ReloadPort
from gateway.errors import ConfigError, NotAllowed


class ReloadRequest(BaseModel):
    """How to reload."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False
    force: bool = False
    """Go on although something new does not answer."""
    watch_seconds: float = Field(default=300.0, ge=0, le=3_600)


class ChangedDocument(Document):
    """One channel that stays, and what of it is otherwise: field → before and after."""

    channel: str
    fields: dict[str, list[str]]


class TrialDocument(Document):
    """One new device or broker, tried."""

    what: str
    ok: bool | None
    """Null where it could not be tried."""
    said: str


class ReloadDocument(Document):
    """What a reload changes, and how far it has come."""

    stage: Literal["idle", "planned", "refused", "swapping", "watching", "done", "rolled back", "failed"]
    reason: str
    added: list[str]
    removed: list[str]
    changed: list[ChangedDocument]
    devices: list[str]
    restarted: list[str]
    cycles: dict[str, list[float | None]]
    """Modbus line → seconds to ask everything once, before and after."""
    trials: list[TrialDocument]
    refused: list[str]


def reload_routes(reloads: ReloadPort) -> APIRouter:
    """Return what engineers use."""
    routes = APIRouter(prefix="/api/v1/reload")

    @routes.post("")
    async def begin(asked: ReloadRequest) -> ReloadDocument:
        """Take over the site file; 409 while another reload is under way, 422 when the file is wrong."""
        try:
            told = await reloads.reload(dry_run=asked.dry_run, force=asked.force, watch_seconds=asked.watch_seconds)
        except NotAllowed as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        except ConfigError as error:
            raise HTTPException(422, "; ".join(map(str, error.faults))) from error
        return ReloadDocument.model_validate(told)

    @routes.get("")
    async def progress() -> ReloadDocument:
        """Say how far the newest reload has come."""
        return ReloadDocument.model_validate(reloads.told())

    return routes
