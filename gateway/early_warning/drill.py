"""A drill: a fault that an operator staged in service, and what it did. Belongs to no warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

DrillKind: TypeAlias = Literal["uplink", "unit"]


@dataclass(frozen=True, slots=True)
class Drilled:
    """The outcome of one drill, as the ledger files it."""

    kind: DrillKind
    unit: str
    """The device taken for dead; empty when the uplink was blocked."""
    person: str
    start_ns: int
    end_ns: int
    """When the fault ended; recovery begins here."""
    recovery_seconds: float | None
    """None when the gateway had not recovered when the drill gave up waiting."""
    journaled: int
    """Distinct (channel, time) journaled during fault and recovery."""
    lost: int
    """Of those, how many are not in the history, and how many the uplink refused."""
    duplicated: int

    @property
    def warning(self) -> None:
        """No warning is touched."""
        return

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, nothing doubled, and the gateway recovered."""
        return not self.lost and not self.duplicated and self.recovery_seconds is not None
