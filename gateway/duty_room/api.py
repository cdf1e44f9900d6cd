"""The routes under /api/v1, and those that machines watch. Each answers from the ports; none keeps anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from gateway import __version__
from gateway.duty_room import documents as doc
from gateway.duty_room.asked_times import to_ns
from gateway.duty_room.live import Live
from gateway.duty_room.metrics import CONTENT_TYPE, exposition
from gateway.duty_room.ports import DutyRoomPorts
from gateway.duty_room.reasons import add_reasons
from gateway.duty_room.shapes import (
    buckets_of,
    channel_of,
    conditions_of,
    document_of,
    finding_of,
    rows_of,
    summary_of,
)
from gateway.duty_room.vital_signs import vital_signs
from gateway.errors import NotAllowed, Unreachable
from gateway.units import QUANTITIES

_MILLISECOND = 1_000_000


def api_routes(ports: DutyRoomPorts, live: Live) -> APIRouter:
    """Return what officers and programs use."""
    routes = APIRouter(prefix="/api/v1")
    _add_site(routes, ports)
    _add_warnings(routes, ports)
    _add_history(routes, ports)
    add_reasons(routes, ports)

    @routes.get("/stream", response_class=StreamingResponse, summary="Server-sent events")
    async def stream(
        after: Annotated[str, Query(max_length=80)] = "",
        last_event_id: Annotated[str, Header(max_length=80)] = "",
    ) -> StreamingResponse:
        """Send a snapshot, then each change; `after` or Last-Event-ID goes on where a page was cut off."""
        frames: AsyncIterator[bytes] = live.stream.follow(last_event_id or after, live.snapshot)
        return StreamingResponse(frames, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    return routes


def watch_routes(ports: DutyRoomPorts) -> APIRouter:
    """Return what service managers and Prometheus use."""
    routes = APIRouter()

    @routes.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """Answer at all."""
        return "ok\n"

    @routes.get("/readyz")
    async def readyz(response: Response) -> doc.ReadinessDocument:
        """Answer 503 while a needed condition does not stand."""
        conditions = ports.health.conditions()
        ready = all(condition.ok or not condition.needed for condition in conditions)
        response.status_code = 200 if ready else 503
        return doc.ReadinessDocument(ready=ready, conditions=conditions_of(conditions))

    @routes.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        """Give every counter, gauge and condition."""
        return Response(exposition(ports.health), media_type=CONTENT_TYPE)

    return routes


def _add_site(routes: APIRouter, ports: DutyRoomPorts) -> None:
    inventory = ports.inventory

    @routes.get("/site")
    def site() -> doc.SiteDocument:
        """Say what site this is."""
        measured = {channel.quantity for channel in inventory.channels.values()}
        derived = {ladder.quantity for ladder in inventory.ladders if ladder.quantity}
        used = sorted((measured | derived) & QUANTITIES.keys())
        return doc.SiteDocument(
            id=inventory.site,
            name=inventory.name,
            timezone=inventory.timezone,
            language=ports.language,
            version=__version__,
            quantities={name: {"zh": QUANTITIES[name].zh, "en": QUANTITIES[name].en} for name in used},
            stages=list(ports.stages.words) if ports.stages else [],
            explains=ports.why is not None,
        )

    @routes.get("/channels")
    def channels() -> doc.ChannelList:
        """List every channel with its limits and its newest reading."""
        latest = ports.history.latest()
        return doc.ChannelList(
            now_ms=ports.clock.now().utc_ns // _MILLISECOND,
            channels=[
                channel_of(channel, inventory, latest.get(ports.numbers.get(channel.id, -1)))
                for channel in inventory.channels.values()
            ],
        )

    @routes.get("/vital-signs")
    def vitals() -> doc.VitalSigns:
        """Say how each lifeline and the gateway are."""
        return vital_signs(ports, ports.history.latest())


def _add_warnings(routes: APIRouter, ports: DutyRoomPorts) -> None:
    inventory = ports.inventory

    @routes.get("/warnings")
    def warnings(*, include_closed: bool = False, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> doc.WarningList:
        """List warnings, the most urgent first."""
        found = ports.ledger.warnings(include_closed=include_closed, limit=limit)
        return doc.WarningList(
            warnings=[summary_of(warning, inventory) for warning in found],
            late=[finding_of(finding, inventory) for finding in ports.ledger.late_findings()[:limit]],
        )

    @routes.get("/warnings/{warning}")
    def one(warning: str) -> doc.WarningDocument:
        """Give one warning with its evidence and its life."""
        found = ports.ledger.warning(warning)
        if found is None:
            raise HTTPException(404, f"there is no warning {warning}")
        return document_of(found, inventory)

    @routes.post("/warnings/{warning}/acknowledge")
    async def acknowledge(warning: str, step: doc.AcknowledgeRequest) -> doc.WarningDocument:
        """Note that a person has seen a warning; 409 when it has changed since the revision given."""
        if await asyncio.to_thread(ports.ledger.warning, warning) is None:
            raise HTTPException(404, f"there is no warning {warning}")
        done = ports.ledger.acknowledge(warning, person=step.person, note=step.note, revision=step.revision)
        try:
            after = await asyncio.wrap_future(done)
        except NotAllowed as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        except Unreachable as refusal:
            raise HTTPException(503, str(refusal)) from refusal
        return document_of(after, inventory)


def _add_history(routes: APIRouter, ports: DutyRoomPorts) -> None:
    @routes.get("/history")
    def history(
        channel: str,
        start: Annotated[str, Query(description="ISO 8601 with its zone")],
        end: Annotated[str, Query(description="ISO 8601 with its zone")],
        buckets: Annotated[int, Query(ge=1, le=4000)] = 500,
    ) -> doc.HistoryDocument:
        """Give every reading in [start, end) when they are at most `buckets`, else so many buckets."""
        known = ports.inventory.channels.get(channel)
        number = ports.numbers.get(channel)
        if known is None or number is None:
            raise HTTPException(404, f"there is no channel {channel}")
        try:
            start_ns, end_ns = to_ns(start), to_ns(end)
        except (ValueError, OverflowError) as fault:
            raise HTTPException(422, f"start and end must be ISO 8601 times: {fault}") from fault
        if start_ns >= end_ns:
            raise HTTPException(422, "start must be before end")
        rows = ports.history.read(number, start_ns, end_ns, buckets + 1)
        few = len(rows.time_ns) <= buckets
        return doc.HistoryDocument(
            channel=channel,
            unit=known.unit,
            start_ms=start_ns // _MILLISECOND,
            end_ms=end_ns // _MILLISECOND,
            rows=rows_of(rows) if few else None,
            buckets=None if few else buckets_of(ports.history.buckets(number, start_ns, end_ns, buckets)),
        )
