"""Findings: what detection says of one asset, with the evidence to judge it by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """The four levels, and none; a score of 1.0 is blue, 4.0 is red."""

    NONE = 0
    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a finding stands, complete enough to be judged without looking elsewhere; JSON as it is."""

    channel: str
    quantity: str
    unit: str
    rule: str
    """Detector or ladder, with its name in the site file."""
    version: str
    """Version of the detector and hash of its parameters."""
    basis: str
    value: float | None
    value_time_ns: int
    limit: float | None
    rungs: Mapping[str, float]
    window_start_ns: int
    window_end_ns: int
    """The window to plot."""
    data_trust: Mapping[str, float | str]
    """E.g. the share of good readings, the age of the newest one."""
    agreeing: tuple[str, ...] = ()
    disagreeing: tuple[str, ...] = ()
    terms: Mapping[str, float] = field(default_factory=dict)
    """What the value is made of, by name; of a sum, each addend."""
    lead_minutes: float | None = None
    """From `value_time_ns` until the limit is expected to be reached, 0 when it has been; None when not foretold."""
    lead_minutes_span: tuple[float, float] | None = None
    """At least and at most so long, in nine of ten times; None where nobody knows how sure it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One episode on an asset as it stands at `time_ns`: first at its start, again at each change, last at its end."""

    id: str
    hazard: str
    asset: str
    start_ns: int
    """Source time of the first sample of the episode."""
    time_ns: int
    """Source time of this state."""
    learned_ns: int
    """Journal time at which the gateway knew it."""
    level: Level
    """NONE once the episode has ended."""
    score: float
    is_late: bool
    evidence: Evidence


def finding_id(site: str, hazard: str, channel: str, rule: str, start_ns: int) -> str:
    """Return the id of an episode: made of what and when, never of a counter."""
    text = "\x1f".join((site, hazard, channel, rule, str(start_ns)))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
