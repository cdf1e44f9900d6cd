"""From what the house holds to the documents of the API. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from gateway.clock import to_iso
from gateway.duty_room.documents import (
    BucketsDocument,
    ChannelDocument,
    ConditionDocument,
    EvidenceDocument,
    FindingDocument,
    LadderDocument,
    LatestDocument,
    LevelName,
    RowsDocument,
    StepDocument,
    WarningDocument,
    WarningSummary,
)
from gateway.duty_room.ports import BucketRows, LatestReading, Rows
from gateway.early_warning import EarlyWarning, Evidence, Finding, Level, Step
from gateway.health import Condition
from gateway.inventory import Channel, Inventory, Ladder
from gateway.model import Quality
from gateway.settings.ladder_kinds import LADDER_KINDS

LEVEL_NAMES: Mapping[Level, LevelName] = {
    Level.NONE: "none",
    Level.BLUE: "blue",
    Level.YELLOW: "yellow",
    Level.ORANGE: "orange",
    Level.RED: "red",
}
_MILLISECOND = 1_000_000


def finite(value: float) -> float | None:
    """Return the value, or None where JSON has no number for it."""
    return value if math.isfinite(value) else None


def summary_of(warning: EarlyWarning, inventory: Inventory) -> WarningSummary:
    """Return a warning as a list shows it."""
    return WarningSummary.model_validate(_summary(warning, inventory))


def document_of(warning: EarlyWarning, inventory: Inventory) -> WarningDocument:
    """Return a warning with its evidence, the weightiest finding first, and its life."""
    findings = sorted(warning.findings.values(), key=_weight, reverse=True)
    return WarningDocument.model_validate(
        {
            **_summary(warning, inventory),
            "findings": [finding_of(finding, inventory) for finding in findings],
            "steps": [_step(step) for step in warning.steps],
        }
    )


def _weight(finding: Finding) -> tuple[int, float, int, str]:
    return (finding.level, finding.score, finding.time_ns, finding.id)


def _summary(warning: EarlyWarning, inventory: Inventory) -> dict[str, object]:
    leading = max(warning.findings.values(), key=_weight).evidence
    asset = inventory.assets.get(warning.asset)
    persons = [step.person for step in warning.steps if step.person]
    return {
        "id": warning.id,
        "hazard": warning.hazard,
        "asset": warning.asset,
        "asset_name": asset.name if asset else warning.asset,
        "lifeline": asset.lifeline if asset else "",
        "location": asset.location if asset else None,
        "state": warning.state.value,
        "needs_acknowledgement": warning.needs_acknowledgement,
        "level": LEVEL_NAMES[warning.level],
        "peak_level": LEVEL_NAMES[warning.peak_level],
        "start": to_iso(warning.start_ns),
        "learned": to_iso(warning.learned_ns),
        "changed": to_iso(warning.changed_ns),
        "revision": warning.revision,
        "channel": leading.channel,
        "quantity": leading.quantity,
        "unit": leading.unit,
        "value": leading.value,
        "value_time": to_iso(leading.value_time_ns),
        "limit": leading.limit,
        "lead_minutes": leading.lead_minutes,
        "finding_ids": list(warning.findings),
        "acknowledged_by": persons[-1] if persons else "",
    }


def finding_of(finding: Finding, inventory: Inventory) -> FindingDocument:
    """Return a finding with its evidence."""
    asset = inventory.assets.get(finding.asset)
    return FindingDocument(
        id=finding.id,
        hazard=finding.hazard,
        asset=finding.asset,
        asset_name=asset.name if asset else finding.asset,
        level=LEVEL_NAMES[finding.level],
        score=finding.score,
        is_late=finding.is_late,
        start=to_iso(finding.start_ns),
        time=to_iso(finding.time_ns),
        learned=to_iso(finding.learned_ns),
        evidence=_evidence(finding.evidence),
    )


def _evidence(evidence: Evidence) -> EvidenceDocument:
    return EvidenceDocument(
        channel=evidence.channel,
        quantity=evidence.quantity,
        unit=evidence.unit,
        rule=evidence.rule,
        version=evidence.version,
        basis=evidence.basis,
        value=evidence.value,
        value_time=to_iso(evidence.value_time_ns),
        limit=evidence.limit,
        rungs=dict(evidence.rungs),
        window_start=to_iso(evidence.window_start_ns),
        window_end=to_iso(evidence.window_end_ns),
        data_trust=dict(evidence.data_trust),
        agreeing=list(evidence.agreeing),
        disagreeing=list(evidence.disagreeing),
        terms=dict(evidence.terms),
        lead_minutes=evidence.lead_minutes,
        lead_minutes_span=evidence.lead_minutes_span,
    )


def _step(step: Step) -> StepDocument:
    return StepDocument.model_validate(
        {
            "kind": step.kind.value,
            "time": to_iso(step.time_ns),
            "source_time": None if step.source_ns is None else to_iso(step.source_ns),
            "level": LEVEL_NAMES[step.level],
            "state": step.state.value,
            "finding": step.finding,
            "person": step.person,
            "note": step.note,
        }
    )


def channel_of(channel: Channel, inventory: Inventory, latest: LatestReading | None) -> ChannelDocument:
    """Return a channel with its limits and its newest reading."""
    asset = inventory.assets[channel.asset]
    return ChannelDocument(
        id=channel.id,
        title=channel.title,
        asset=channel.asset,
        asset_name=asset.name,
        lifeline=asset.lifeline,
        device=channel.device,
        quantity=channel.quantity,
        unit=channel.unit,
        span=channel.span,
        report_seconds=channel.report_seconds,
        fresh_seconds=channel.fresh_seconds,
        importance=channel.importance,
        ladders=[_ladder(ladder, channel.unit) for ladder in channel.ladders],
        latest=None if latest is None else latest_of(latest),
    )


def _ladder(ladder: Ladder, unit: str) -> LadderDocument:
    return LadderDocument(
        name=ladder.name,
        hazard=ladder.hazard,
        of=ladder.of,
        direction=ladder.direction,
        rungs=dict(ladder.rungs),
        unit=LADDER_KINDS[ladder.of].unit_of(unit),
        deadband=ladder.deadband,
        basis=ladder.basis,
    )


def latest_of(latest: LatestReading) -> LatestDocument:
    """Return a newest reading."""
    value = None if latest.quality == Quality.MISSING else finite(latest.value)
    return LatestDocument(time_ms=latest.time_ns // _MILLISECOND, value=value, quality=latest.quality)


def rows_of(rows: Rows) -> RowsDocument:
    """Return readings as columns."""
    return RowsDocument(
        time_ms=(rows.time_ns // _MILLISECOND).tolist(),
        value=[finite(value) for value in rows.value.tolist()],
        quality=rows.quality.tolist(),
    )


def buckets_of(buckets: BucketRows) -> BucketsDocument:
    """Return the buckets that hold something, as columns."""
    filled = buckets.high >= buckets.low
    return BucketsDocument(
        start_ms=(buckets.start_ns[filled] // _MILLISECOND).tolist(),
        end_ms=(buckets.end_ns[filled] // _MILLISECOND).tolist(),
        low=buckets.low[filled].tolist(),
        high=buckets.high[filled].tolist(),
        last=buckets.last[filled].tolist(),
        rows=buckets.rows[filled].tolist(),
        worst_quality=buckets.worst_quality[filled].tolist(),
    )


def conditions_of(conditions: Iterable[Condition]) -> list[ConditionDocument]:
    """Return conditions, what does not stand first."""
    return [
        ConditionDocument(name=each.name, ok=each.ok, reason=each.reason, needed=each.needed)
        for each in sorted(conditions, key=lambda condition: (condition.ok, condition.name))
    ]
