"""The route of writes: one value to one device, as its site file allows. Guarded as a person's step is."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from gateway.clock import to_iso
from gateway.duty_room.documents import Document
from gateway.duty_room.ports import WritePort
from gateway.errors import NotAllowed


class WriteRequest(BaseModel):
    """A value to write."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    device: str = Field(min_length=1, max_length=64)
    point: str = Field(min_length=1, max_length=64)
    value: float = Field(allow_inf_nan=False)
    person: str = Field(min_length=1, max_length=64)


class WriteDocument(Document):
    """How a write ended."""

    device: str
    point: str
    value: float
    person: str
    time: str
    outcome: Literal["asked", "confirmed", "refused", "unknown"]
    note: str


def write_routes(writes: WritePort) -> APIRouter:
    """Return what engineers use."""
    routes = APIRouter(prefix="/api/v1/writes")

    @routes.post("")
    async def write(asked: WriteRequest) -> WriteDocument:
        """Write one value; 403 when the site file does not allow it. It is filed in the ledger either way."""
        try:
            ended = await writes.write(asked.device, asked.point, asked.value, person=asked.person)
        except NotAllowed as refusal:
            raise HTTPException(403, str(refusal)) from refusal
        return WriteDocument(
            device=ended.device,
            point=ended.point,
            value=ended.value,
            person=ended.person,
            time=to_iso(ended.time_ns),
            outcome=ended.outcome,
            note=ended.note,
        )

    return routes
