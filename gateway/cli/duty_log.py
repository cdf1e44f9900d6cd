"""Early warnings as lines for people: a table of them, and the duty log of what became of each."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.early_warning import EarlyWarning, Finding, Level, State, StepKind
from gateway.inventory import Inventory
from gateway.model import SECOND

_MARKS = {
    Level.NONE: "○ none",
    Level.BLUE: "■ blue",
    Level.YELLOW: "◆ yellow",
    Level.ORANGE: "▲ orange",
    Level.RED: "● red",
}
_SILENT_STEPS = {StepKind.UPDATED, StepKind.ACKNOWLEDGED}


def warning_table(
    warnings: Iterable[EarlyWarning], said: Mapping[str, Sequence[Finding]], inventory: Inventory, zone: ZoneInfo
) -> list[str]:
    """Return one line a warning: when it was learned, how long it stood, its highest level, and why."""
    rows = [("learned", "stood", "highest", "hazard", "asset", "because")]
    for warning in warnings:
        ended = warning.steps[-1].time_ns if warning.state is State.CLOSED else None
        stood = "stands" if ended is None else span(ended - warning.learned_ns)
        why = because(max(said[warning.id], key=lambda finding: (finding.level, -finding.time_ns)))
        row = clock_time(warning.learned_ns, zone), stood, _MARKS[warning.peak_level], warning.hazard
        rows.append((*row, _named(warning.asset, inventory), why))
    return _aligned(rows)


def duty_log(
    warnings: Iterable[EarlyWarning], said: Mapping[str, Sequence[Finding]], inventory: Inventory, zone: ZoneInfo
) -> list[str]:
    """Return one line a step, in the order in which they were learned."""
    rows = []
    for warning in warnings:
        states = {(finding.id, finding.learned_ns, finding.level): finding for finding in said[warning.id]}
        for step in warning.steps:
            if step.kind in _SILENT_STEPS:
                continue
            found = [
                state
                for (name, learned_ns, _), state in states.items()
                if (name, learned_ns) == (step.finding, step.time_ns)
            ]
            why = because(found[-1]) if found else ""
            row = clock_time(step.time_ns, zone), step.kind.value, _MARKS[step.level], warning.hazard
            rows.append((step.time_ns, (*row, _named(warning.asset, inventory), why)))
    return _aligned([row for _, row in sorted(rows)])


def late_log(findings: Iterable[Finding], inventory: Inventory, zone: ZoneInfo) -> list[str]:
    """Return one line a finding that was learned too late to be a warning, in the order in which they were learned."""
    rows = []
    for finding in sorted(findings, key=lambda one: (one.learned_ns, one.id)):
        when = f"would have warned at {clock_time(finding.start_ns, zone)}"
        learned = f"learned at {clock_time(finding.learned_ns, zone)}"
        rows.append((when, learned, finding.hazard, _named(finding.asset, inventory), because(finding)))
    return _aligned(rows)


def because(finding: Finding) -> str:
    """Return why a finding stands, in one line."""
    evidence = finding.evidence
    value = "" if evidence.value is None else f" {evidence.value:.4g} {evidence.unit}"
    limit = "" if evidence.limit is None else f", limit {evidence.limit:.4g}"
    late = ", learned late" if finding.is_late else ""
    if evidence.lead_minutes is not None:
        limit += f", in {evidence.lead_minutes:.0f} min"
    if evidence.lead_minutes_span is not None:
        limit += " ({:.0f}-{:.0f})".format(*evidence.lead_minutes_span)
    return f"{evidence.channel}{value}{limit} ({evidence.rule}{late})"


def totals(warnings: Iterable[EarlyWarning]) -> dict[str, int]:
    """Return how many warnings each hazard had, the most first."""
    return dict(Counter(warning.hazard for warning in warnings).most_common())


def clock_time(time_ns: int, zone: ZoneInfo) -> str:
    """Return a time as the site's clocks show it."""
    return datetime.fromtimestamp(time_ns // SECOND, zone).strftime("%Y-%m-%d %H:%M:%S")


def span(nanoseconds: int) -> str:
    """Return how long something lasts.

    >>> span(5_400 * 1_000_000_000)
    '90 min'
    """
    seconds = nanoseconds / SECOND
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {word}"
    return f"{seconds:.3g} s"


def _named(asset: str, inventory: Inventory) -> str:
    known = inventory.assets.get(asset)
    return asset if known is None or known.name == asset else f"{asset} {known.name}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def _width(text: str) -> int:
    """Return the columns of a terminal that a text takes."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
