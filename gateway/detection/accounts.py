"""From a finding and the past to its account: band, onset and neighbours are read when somebody asks.

Rule 1: what the finding said when it was written stays as it was; the past only adds to it.
Rule 2: what is not known is None or empty, never made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.clock import to_iso
from gateway.detection.why import WEEKS_NS, Why, WhyPast, why
from gateway.early_warning import Finding, Level
from gateway.early_warning.account import Account, Baseline, Limit, Onset, Statistic
from gateway.hazards import watched
from gateway.inventory import Inventory


def account_of(finding: Finding, inventory: Inventory, numbers: Mapping[str, int], past: WhyPast | None) -> Account:
    """Return the account of a finding; without a past, or for a gone channel, neither band nor change is known."""
    evidence = finding.evidence
    known = None
    if past is not None and evidence.channel in inventory.channels and evidence.channel in numbers:
        known = why(inventory, numbers, past, evidence.channel, finding.time_ns)
    members = _members(finding, inventory)
    agreeing = _joined(evidence.agreeing, known.agreeing if known else ())
    return Account(
        finding=finding.id,
        hazard=finding.hazard,
        asset=finding.asset,
        level=finding.level.name.lower(),
        is_late=finding.is_late,
        start=to_iso(finding.start_ns),
        time=to_iso(finding.time_ns),
        learned=to_iso(finding.learned_ns),
        channels=_joined((evidence.channel,), members, evidence.agreeing, evidence.disagreeing),
        statistic=Statistic(
            evidence.rule, evidence.version, evidence.quantity, evidence.unit, evidence.value, finding.score
        ),
        limit=_limit(finding),
        baseline=_baseline(known),
        onset=_onset(finding, known),
        contributions=dict(evidence.terms) or {evidence.channel: finding.score},
        agreeing=agreeing,
        disagreeing=tuple(
            name
            for name in _joined(evidence.disagreeing, known.disagreeing if known else ())
            # What the finding itself said outweighs what the past says later.
            if name not in agreeing
        ),
        data_trust={**(known.data_trust if known else {}), **evidence.data_trust},
        lead_minutes=evidence.lead_minutes,
        lead_minutes_span=evidence.lead_minutes_span,
        plot_start=to_iso(evidence.window_start_ns),
        plot_end=to_iso(evidence.window_end_ns),
    )


def _members(finding: Finding, inventory: Inventory) -> tuple[str, ...]:
    """Return the channels of the model that spoke; none when a single channel did."""
    name = finding.evidence.rule.partition(":")[0]
    return next(
        (
            tuple(one.model.channels)
            for one in watched(inventory)
            if one.model.name == name and one.model.asset == finding.asset
        ),
        (),
    )


def _limit(finding: Finding) -> Limit:
    evidence = finding.evidence
    level = max(finding.level, Level.BLUE)
    return Limit(level.name.lower(), evidence.limit, float(level), dict(evidence.rungs), evidence.basis)


def _baseline(known: Why | None) -> Baseline | None:
    if known is None or known.level is None or known.band is None:
        return None
    low, high = known.band
    since, until = to_iso(known.at_ns - WEEKS_NS), to_iso(known.at_ns - WEEKS_NS // 10)
    return Baseline(known.level, low, high, known.unit, since, until)


def _onset(finding: Finding, known: Why | None) -> Onset:
    """Return when the change began, when it can be this finding's: not after its first sample."""
    if known is not None and known.onset_ns is not None and known.onset_ns <= finding.start_ns:
        return Onset(to_iso(known.onset_ns), "cusum")
    return Onset(to_iso(finding.start_ns), "first_sample")


def _joined(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in names for name in each))
