"""All that a finding rests on as one JSON document: nothing else has to be looked up to judge it.

Data only: what it is filled from, and where the past is read, is for detection to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

OnsetMethod: TypeAlias = Literal["cusum", "first_sample"]
"""How an onset was dated: by the change in the channel's past, or it is the first sample of the episode."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """What was judged."""

    rule: str
    """Detector or model, with the ladder's name in the site file."""
    version: str
    """Version of the detector and hash of its parameters."""
    quantity: str
    unit: str
    value: float | None
    """None when the rule judges no value: silence, or a device's clock."""
    score: float
    """1.0 = at the limit of blue, 4.0 = at that of red."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What it was judged against."""

    level: str
    """The level that it stands at; `blue`, the lowest, once it has ended."""
    value: float | None
    """The rung of that level, in the statistic's unit; None where the limit is a time or a count: see `basis`."""
    score: float
    """The score from which the level is reached."""
    rungs: Mapping[str, float]
    basis: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is ordinary for the first channel: where nine in ten values of the weeks before lie."""

    level: float
    low: float
    high: float
    unit: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Onset:
    """When it is thought to have begun."""

    time: str
    method: OnsetMethod


@dataclass(frozen=True, slots=True)
class Account:
    """Why a finding stands; times are ISO 8601 UTC."""

    finding: str
    hazard: str
    asset: str
    level: str
    is_late: bool
    start: str
    time: str
    learned: str
    channels: tuple[str, ...]
    """All that it rests on, the one to plot first."""
    statistic: Statistic
    limit: Limit
    baseline: Baseline | None
    """None when too little of the past is known."""
    onset: Onset
    contributions: Mapping[str, float]
    """What the statistic is made of, by name; of a single channel, the channel with its score."""
    agreeing: tuple[str, ...]
    disagreeing: tuple[str, ...]
    data_trust: Mapping[str, float | str]
    lead_minutes: float | None
    """Until the limit is expected to be reached; None when nothing is foretold."""
    lead_minutes_span: tuple[float, float] | None
    """At least and at most so long, in nine of ten times; None where nobody knows how sure it is."""
    plot_start: str
    plot_end: str
