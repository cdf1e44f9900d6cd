"""What a scenario found: one line of the table, one object of the JSON. All but `sent` must be zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

RECOVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Score:
    """The outcome of one scenario; rows are counted over distinct (channel, time), in the history and in the sink."""

    scenario: str
    sent: int
    """Acknowledged to the publisher, or answered by the device."""
    lost: int = 0
    duplicated: int = 0
    wrong_value: int = 0
    wrong_time: int = 0
    recovery_s: float = 0.0
    """From the end of the fault until everything that was sent by then is in the history and in the sink."""
    peak_rss_mb: float = 0.0
    recovery_limit_s: float = RECOVERY_SECONDS
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    """What else was asked of the gateway and not met."""

    @property
    def is_ok(self) -> bool:
        """Whether every promise was kept."""
        is_clean = not (self.lost or self.duplicated or self.wrong_value or self.wrong_time)
        return is_clean and self.sent > 0 and self.recovery_s <= self.recovery_limit_s and not self.failures

    def plus(self, other: Score) -> Score:
        """Return the score with what another count of the same scenario found."""
        return replace(
            self,
            sent=self.sent + other.sent,
            lost=self.lost + other.lost,
            duplicated=self.duplicated + other.duplicated,
            wrong_value=self.wrong_value + other.wrong_value,
            wrong_time=self.wrong_time + other.wrong_time,
            notes=self.notes + other.notes,
            failures=self.failures + other.failures,
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a scenario runs, and how long."""

    folder: Path
    is_long: bool = False
    groups: tuple[Path, ...] = ()
    """Files of cgroups that the gateway joins."""

    def pick(self, short: float, long: float) -> float:
        """Return the length of a fault in seconds."""
        return long if self.is_long else short
