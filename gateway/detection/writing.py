"""Sayings to findings, each with evidence enough to be judged without looking elsewhere."""

from __future__ import annotations

from dataclasses import replace

from gateway.detection.banks import Rule
from gateway.detection.voice import Saying
from gateway.early_warning import Evidence, Finding, Level, finding_id
from gateway.hazards import Judgement
from gateway.model import SECOND

_PLOT_REPORTS = 20


def write_finding(
    site: str,
    rule: Rule,
    saying: Saying,
    *,
    learned_ns: int,
    value: float | None,
    value_time_ns: int,
    good_share: float,
    judgement: Judgement | None = None,
) -> Finding:
    """Write what is said of one row as a finding of its rule; a model's judgement says what it is made of."""
    channel, limit = rule.channel, rule.limit(saying.level)
    before_ns = SECOND * round(max(rule.plot_seconds, _PLOT_REPORTS * channel.report_seconds))
    evidence = Evidence(
        channel=channel.id,
        quantity=channel.quantity,
        unit=channel.unit,
        rule=rule.name,
        version=rule.version,
        basis=f"{rule.basis}: {saying.words}" if saying.words else rule.basis,
        value=value if rule.shows_value else None,
        value_time_ns=value_time_ns,
        limit=limit,
        rungs=rule.rungs,
        window_start_ns=saying.start_ns - before_ns,
        window_end_ns=saying.time_ns,
        data_trust={
            "good_share": round(good_share, 4),
            "newest_age_seconds": round((learned_ns - value_time_ns) / SECOND, 3),
        },
        terms=saying.terms,
        lead_minutes=None if saying.lead_seconds is None else _minutes(saying.lead_seconds),
        lead_minutes_span=None
        if saying.lead_span_seconds is None
        else (_minutes(saying.lead_span_seconds[0]), _minutes(saying.lead_span_seconds[1])),
    )
    if judgement is not None:
        lead = None if limit is None or not saying.level else judgement.minutes_until(limit)
        evidence = replace(
            evidence,
            terms=judgement.terms,
            lead_minutes=lead,
            agreeing=judgement.agreeing,
            disagreeing=judgement.disagreeing,
        )
    return Finding(
        id=finding_id(site, rule.hazard, channel.id, rule.name, saying.start_ns),
        hazard=rule.hazard,
        asset=channel.asset,
        start_ns=saying.start_ns,
        time_ns=saying.time_ns,
        learned_ns=learned_ns,
        level=Level(saying.level),
        score=saying.score,
        is_late=saying.is_late,
        evidence=evidence,
    )


def _minutes(seconds: float) -> float:
    return round(seconds / 60.0, 1)


def write_end(site: str, key: tuple[str, ...], start_ns: int, time_ns: int, learned_ns: int) -> Finding:
    """Write the end of an episode whose rule, channel or asset is no longer in the site file."""
    channel, rule, hazard, asset = key
    evidence = Evidence(
        channel=channel,
        quantity="",
        unit="",
        rule=rule,
        version="",
        basis="inventory changed: the site file no longer has this rule",
        value=None,
        value_time_ns=time_ns,
        limit=None,
        rungs={},
        window_start_ns=start_ns,
        window_end_ns=time_ns,
        data_trust={},
    )
    return Finding(
        id=finding_id(site, hazard, channel, rule, start_ns),
        hazard=hazard,
        asset=asset,
        start_ns=start_ns,
        time_ns=time_ns,
        learned_ns=learned_ns,
        level=Level.NONE,
        score=0.0,
        is_late=False,
        evidence=evidence,
    )
