"""What a proof says: one line for each channel and hour, what does not agree and why, and the sums. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.early_warning import Drilled

Kind: TypeAlias = Literal["lost", "duplicated", "missed", "given up", "refused", "waiting", "unproven"]
"""Lost and duplicated are faults; the rest is explained."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Where the counts of one channel and hour do not agree, and why."""

    kind: Kind
    channel: str
    count: int
    start_ns: int
    """The first time concerned; the start of the hour where single times are not known."""
    end_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class HourLine:
    """The counts of one channel in one hour of source time."""

    channel: str
    hour_ns: int
    journaled: int
    """Distinct (channel, time)."""
    redelivered: int
    corrected: int
    stored: int
    """In the history on disk."""
    waiting: int
    """Journaled, and not yet on the history's disk."""
    upstream: int | None
    """Written to the database; None without one."""
    upstream_waiting: int
    missed: int
    """Fewer than the channel's own period promises."""
    lost: int
    duplicated: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was proven for a time."""

    since_ns: int
    until_ns: int
    lines: Sequence[HourLine]
    discrepancies: Sequence[Discrepancy]
    rejected: dict[str, int] = field(default_factory=dict)
    """What became no reading: source and reason → messages."""
    given_up: dict[str, int] = field(default_factory=dict)
    """Readings given up at the journal's cap since it was made, by reason and importance."""
    uncounted_records: int = 0
    """Positions of the journal that could not be counted: damaged, or given up before they were."""
    drills: Sequence[Drilled] = ()
    """How the drills of that time ended."""
    held: int = 0
    """Readings that wait for the time to be known."""

    def total(self, name: str) -> int:
        """Return the sum of one column over all lines."""
        return sum(getattr(line, name) or 0 for line in self.lines)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost and nothing is there twice."""
        is_sound = all(not (drill.lost or drill.duplicated) for drill in self.drills)
        return is_sound and not (self.total("lost") or self.total("duplicated"))

    @property
    def verdict(self) -> str:
        """Return the one line that counts."""
        return f"{self.total('lost')} lost, {self.total('duplicated')} duplicated"
