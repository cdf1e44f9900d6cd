"""One early warning as it stands, with the steps that led there. Data only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.early_warning.finding import Finding, Level
from gateway.early_warning.states import State


class StepKind(StrEnum):
    """What a step of a warning's life was."""

    RAISED = "raised"
    JOINED = "joined"
    """Another finding of the same hazard on the same asset."""
    WORSENED = "worsened"
    EASED = "eased"
    UPDATED = "updated"
    CLEARED = "cleared"
    RETURNED = "returned"
    """It rose again before it was closed."""
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry in the life of a warning, and what the warning was after it."""

    kind: StepKind
    time_ns: int
    """When the gateway learned it, or when the person did it."""
    source_ns: int | None
    """When it happened by the device's time; None for a person's step."""
    level: Level
    state: State
    finding: str = ""
    person: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """All findings of one hazard on one asset, from the first until it is closed."""

    id: str
    hazard: str
    asset: str
    state: State
    level: Level
    """The level now; NONE once every finding has ended."""
    peak_level: Level
    acknowledged_level: Level
    """The highest level that a person has acknowledged since it was last active; NONE if none."""
    start_ns: int
    """Source time at which its first finding began."""
    learned_ns: int
    """When the gateway knew it first."""
    changed_ns: int
    """When the gateway learned of the newest change."""
    revision: int
    """Grows by one with each step; a person's step names the revision it was made on."""
    findings: Mapping[str, Finding]
    """The newest state of each finding by its id, the oldest ended ones first to go."""
    steps: tuple[Step, ...]

    @property
    def needs_acknowledgement(self) -> bool:
        """Whether nobody has yet seen it as it is."""
        return self.state in {State.ACTIVE, State.CLEARED}


def warning_id(site: str, hazard: str, asset: str, start_ns: int) -> str:
    """Return the id of an early warning: made of what and when, never of a counter.

    >>> warning_id("demo", "gas_leak", "MH-1", 1_700_000_000_000_000_000)
    'cdac9059e8cc21d1f128'
    """
    text = "\x1f".join(("warning", site, hazard, asset, str(start_ns)))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def urgency(warning: EarlyWarning) -> tuple[bool, bool, int, int, int, str]:
    """Return a sort key that puts first what a person must look at first."""
    return (
        warning.state is State.CLOSED,
        not warning.needs_acknowledgement,
        -warning.level,
        -warning.peak_level,
        -warning.changed_ns,
        warning.id,
    )
