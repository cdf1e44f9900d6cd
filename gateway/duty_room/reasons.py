"""The routes that explain: why a channel did or did not warn, all that is known of a warning, what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from gateway.duty_room import documents as doc
from gateway.duty_room.asked_times import to_ns
from gateway.duty_room.ports import DutyRoomPorts
from gateway.duty_room.shapes import finding_of
from gateway.early_warning.account import Account


def add_reasons(routes: APIRouter, ports: DutyRoomPorts) -> None:
    """Add them to the routes of the API; they run in a thread, for they read weeks of history."""

    @routes.get("/channels/{channel}/why")
    def why(
        channel: str, at: Annotated[str, Query(description="ISO 8601 with its zone; now when left out")] = ""
    ) -> doc.WhyDocument:
        """Say why a channel did or did not warn: its rules, what is missing to each, and what holds it back."""
        try:
            at_ns = to_ns(at) if at else ports.clock.now().utc_ns
        except (ValueError, OverflowError) as fault:
            raise HTTPException(422, f"at must be an ISO 8601 time: {fault}") from fault
        found = _explained(ports, channel, at_ns)
        if found is None:
            raise HTTPException(404, f"there is no channel {channel}, or nothing explains it here")
        return doc.WhyDocument.model_validate(found)

    @routes.get("/warnings/{warning}/why")
    def reasons(warning: str) -> doc.WarningReasons:
        """Give each finding of a warning with its evidence, band, onset, and neighbours that agree or do not."""
        found = ports.ledger.warning(warning)
        if found is None:
            raise HTTPException(404, f"there is no warning {warning}")
        explained = []
        for finding in found.findings.values():
            told = _explained(ports, finding.evidence.channel, finding.time_ns)
            explained.append(
                doc.ExplainedFinding(
                    finding=finding_of(finding, ports.inventory),
                    why=None if told is None else doc.WhyDocument.model_validate(told),
                )
            )
        return doc.WarningReasons(warning=warning, findings=explained)

    @routes.get("/warnings/{warning}/evidence")
    def evidence(warning: str) -> list[Account]:
        """Give all that each finding of a warning rests on, one document a finding, the newest state of each."""
        found = ports.ledger.warning(warning)
        if found is None or ports.account is None:
            raise HTTPException(404, f"there is no warning {warning}, or nothing detects here")
        return [ports.account(finding) for finding in found.findings.values()]


def _explained(ports: DutyRoomPorts, channel: str, at_ns: int) -> Mapping[str, object] | None:
    if ports.why is None or channel not in ports.inventory.channels:
        return None
    try:
        return ports.why(channel, at_ns)
    except KeyError:
        return None
