"""A value written to a device: the one way in which this gateway acts on the world, so each is filed twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Wrote:
    """Who asked to write what, before it is tried, and again when its outcome is known."""

    person: str
    time_ns: int
    """When it was asked for; the same in both events."""
    device: str
    point: str
    value: float
    outcome: Literal["asked", "confirmed", "refused", "unknown"]
    """`unknown`: sent, and no answer came."""
    note: str = ""

    @property
    def warning(self) -> None:
        """No warning is touched."""
        return
