"""A person's decision to read kept frames by another profile, as the ledger files it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Redecoded:
    """What was corrected, by whom, by which profile."""

    person: str
    time_ns: int
    profile: str
    profile_hash: str
    """Of the profile's file, so that nobody has to guess which version it was."""
    devices: tuple[str, ...]
    frames: int
    readings: int
    """Corrected readings appended to the journal."""
    first_ns: int
    last_ns: int
    """The source times that they lie between."""

    @property
    def warning(self) -> None:
        """No warning is touched."""
        return
