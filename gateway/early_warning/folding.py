"""From events to the early warning they add up to; the same events always give the same warning.

Rule 1: an event is folded once; who stores events keeps them apart by `event_id`.
Rule 2: a finding's state that is older than the one held changes nothing.
Rule 3: late knowledge may lower, end or raise the level of a warning that stands, never ask for attention again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from gateway.early_warning.drill import Drilled
from gateway.early_warning.finding import Finding, Level
from gateway.early_warning.redecoding import Redecoded
from gateway.early_warning.states import Change, State, next_state
from gateway.early_warning.warning import EarlyWarning, Step, StepKind
from gateway.early_warning.writing import Wrote
from gateway.errors import NotAllowed

MAX_FINDINGS = 64
"""A chattering sensor must not grow a warning without bound."""
MAX_STEPS = 500


@dataclass(frozen=True, slots=True)
class Observed:
    """A finding, and the warning it was put into; None when it was late and belongs to none."""

    warning: str | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A person has seen a warning at a revision."""

    warning: str
    person: str
    note: str
    time_ns: int
    revision: int


Event: TypeAlias = Observed | Acknowledged | Drilled | Redecoded | Wrote


def fold(warning: EarlyWarning | None, event: Event) -> EarlyWarning:
    """Return the warning after one more event; raise `NotAllowed` for a step the table forbids."""
    if isinstance(event, Acknowledged):
        return _acknowledge(warning, event)
    if isinstance(event, Drilled | Redecoded | Wrote) or event.warning is None:
        raise ValueError("an event outside any warning cannot be folded into one")
    return _begin(event.warning, event.finding) if warning is None else _observe(warning, event.finding)


def _acknowledge(warning: EarlyWarning | None, event: Acknowledged) -> EarlyWarning:
    if warning is None:
        raise NotAllowed("there is no such warning to acknowledge")
    state = next_state(warning.state, Change.ACKNOWLEDGE)
    seen = max(warning.level, warning.peak_level if warning.state is State.CLEARED else warning.level)
    step = Step(StepKind.ACKNOWLEDGED, event.time_ns, None, warning.level, state, person=event.person, note=event.note)
    return _with_step(replace(warning, state=state, acknowledged_level=seen), step)


def _begin(warning: str, finding: Finding) -> EarlyWarning:
    state = next_state(None, Change.WORSENS)
    step = Step(StepKind.RAISED, finding.learned_ns, finding.time_ns, finding.level, state, finding.id)
    return EarlyWarning(
        id=warning,
        hazard=finding.hazard,
        asset=finding.asset,
        state=state,
        level=finding.level,
        peak_level=finding.level,
        acknowledged_level=Level.NONE,
        start_ns=finding.start_ns,
        learned_ns=finding.learned_ns,
        changed_ns=finding.learned_ns,
        revision=1,
        findings={finding.id: finding},
        steps=(step,),
    )


def _observe(warning: EarlyWarning, finding: Finding) -> EarlyWarning:
    held = warning.findings.get(finding.id)
    if held is not None and finding.time_ns < held.time_ns:
        return warning
    findings = _bounded({**warning.findings, finding.id: finding})
    level = max(each.level for each in findings.values())
    if level is Level.NONE:
        change = Change.CLEARS
    elif level > warning.acknowledged_level and not finding.is_late:
        change = Change.WORSENS
    else:
        change = Change.STANDS
    state = next_state(warning.state, change)
    kind = _kind(warning, level, is_new=held is None)
    after = replace(
        warning,
        state=state,
        level=level,
        peak_level=max(warning.peak_level, level),
        acknowledged_level=Level.NONE if state is State.ACTIVE else warning.acknowledged_level,
        findings=findings,
    )
    return _with_step(after, Step(kind, finding.learned_ns, finding.time_ns, level, state, finding.id))


def _kind(warning: EarlyWarning, level: Level, *, is_new: bool) -> StepKind:
    """Name a step by what it did to the warning."""
    if level is Level.NONE:
        return StepKind.CLEARED if warning.level is not Level.NONE else StepKind.UPDATED
    if warning.level is Level.NONE:
        return StepKind.RETURNED
    if level > warning.level:
        return StepKind.WORSENED
    if level < warning.level:
        return StepKind.EASED
    return StepKind.JOINED if is_new else StepKind.UPDATED


def _with_step(warning: EarlyWarning, step: Step) -> EarlyWarning:
    steps = (*warning.steps, step)
    if len(steps) > MAX_STEPS:
        steps = (steps[0], *steps[2:])
    changed_ns = max(warning.changed_ns, step.time_ns)
    return replace(warning, steps=steps, revision=warning.revision + 1, changed_ns=changed_ns)


def _bounded(findings: Mapping[str, Finding]) -> Mapping[str, Finding]:
    excess = len(findings) - MAX_FINDINGS
    if excess <= 0:
        return findings
    ended = sorted(
        (each for each in findings.values() if each.level is Level.NONE), key=lambda each: (each.time_ns, each.id)
    )
    gone = {each.id for each in ended[:excess]}
    return {name: each for name, each in findings.items() if name not in gone}
