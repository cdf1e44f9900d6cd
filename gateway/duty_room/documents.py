"""The JSON documents of the API. Times are ISO 8601 UTC, in columns whole milliseconds since 1970."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

LevelName: TypeAlias = Literal["none", "blue", "yellow", "orange", "red"]
StateName: TypeAlias = Literal["active", "acknowledged", "cleared", "closed"]


class Document(BaseModel):
    """A document that is written once and never changed."""

    model_config = ConfigDict(frozen=True)


class EvidenceDocument(Document):
    """Why a finding stands."""

    channel: str
    quantity: str
    unit: str
    rule: str
    version: str
    basis: str
    value: float | None
    value_time: str
    limit: float | None
    rungs: dict[str, float]
    window_start: str
    window_end: str
    data_trust: dict[str, float | str]
    agreeing: list[str]
    disagreeing: list[str]
    terms: dict[str, float]
    """What the value is made of, by name."""
    lead_minutes: float | None
    """From `value_time` until the limit is expected to be reached."""
    lead_minutes_span: tuple[float, float] | None
    """At least and at most so long, in nine of ten times."""


class FindingDocument(Document):
    """One episode on an asset."""

    id: str
    hazard: str
    asset: str
    asset_name: str
    level: LevelName
    score: float
    is_late: bool
    start: str
    time: str
    learned: str
    evidence: EvidenceDocument


class RuleDocument(Document):
    """One rule of a channel as it stood at a moment."""

    rule: str
    of: str
    """What its rungs are compared with: value, rate, step ...; empty when it has none."""
    hazard: str
    basis: str
    standing: LevelName
    next_level: LevelName | None
    limit: float | None
    score: float | None
    seen: float | None
    """What it judges, in the unit of the margin; null when only the score tells."""
    margin: float | None
    """What was missing to the next rung, below 0 when it was passed."""
    margin_unit: str
    suppressed: list[str]
    """What held it back: warm_up, hold_time, votes, deadband."""


class WhyDocument(Document):
    """Why a channel warned or did not."""

    channel: str
    asset: str
    quantity: str
    unit: str
    at: str
    value: float | None
    value_time: str | None
    suppressed: list[str]
    """What kept it from being judged at all: no_rules, no_readings, silent, bad_quality, late."""
    nearest: str
    """The rule that was closest to its next rung."""
    rules: list[RuleDocument]
    level: float | None
    band: tuple[float, float] | None
    """Where nine in ten values of the past weeks lie."""
    onset: str | None
    """When the shift that stood began."""
    agreeing: list[str]
    disagreeing: list[str]
    data_trust: dict[str, float]


class ExplainedFinding(Document):
    """A finding with all that can be said of its channel at its newest state."""

    finding: FindingDocument
    why: WhyDocument | None


class WarningReasons(Document):
    """The reasons of a warning, finding by finding."""

    warning: str
    findings: list[ExplainedFinding]


class StepDocument(Document):
    """One entry in the life of a warning."""

    kind: str
    time: str
    source_time: str | None
    level: LevelName
    state: StateName
    finding: str
    person: str
    note: str


class WarningSummary(Document):
    """One early warning, as a list shows it."""

    id: str
    hazard: str
    asset: str
    asset_name: str
    lifeline: str
    location: tuple[float, float] | None
    state: StateName
    needs_acknowledgement: bool
    level: LevelName
    """The level now; `none` once every finding has ended."""
    peak_level: LevelName
    start: str
    learned: str
    changed: str
    revision: int
    channel: str
    """The channel whose finding weighs most."""
    quantity: str
    """What the value is of: the channel's own quantity, or one that was worked out over several."""
    unit: str
    value: float | None
    value_time: str
    limit: float | None
    lead_minutes: float | None
    """From `value_time` until the limit is expected to be reached; null when nothing is foretold."""
    finding_ids: list[str]
    acknowledged_by: str
    """The person whose step was the newest, if any."""


class WarningDocument(WarningSummary):
    """One early warning with its evidence and its life."""

    findings: list[FindingDocument]
    steps: list[StepDocument]


class WarningList(Document):
    """The warnings that stand, the most urgent first, and what was learned too late."""

    warnings: list[WarningSummary]
    late: list[FindingDocument]


class AcknowledgeRequest(BaseModel):
    """A person has seen a warning."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    person: str = Field(min_length=1, max_length=64)
    note: str = Field(default="", max_length=1000)
    revision: int | None = Field(default=None, ge=1)
    """The revision that the person looked at; the step is refused when the warning has changed since."""


class LadderDocument(Document):
    """The limits of a channel for one hazard."""

    name: str
    hazard: str
    of: str
    """What the rungs are compared with; only those of `value` can be drawn beside the values."""
    direction: Literal["above", "below"]
    rungs: dict[str, float]
    unit: str
    """Of the rungs."""
    deadband: float
    basis: str


class LatestDocument(Document):
    """The newest reading of a channel."""

    time_ms: int
    value: float | None
    quality: int


class ChannelDocument(Document):
    """One channel with its limits and its newest reading."""

    id: str
    title: str
    asset: str
    asset_name: str
    lifeline: str
    device: str
    quantity: str
    unit: str
    span: tuple[float, float] | None
    report_seconds: float
    fresh_seconds: float
    importance: str
    ladders: list[LadderDocument]
    latest: LatestDocument | None


class ChannelList(Document):
    """All channels of the site."""

    now_ms: int
    channels: list[ChannelDocument]


class RowsDocument(Document):
    """Readings as columns."""

    time_ms: list[int]
    value: list[float | None]
    quality: list[int]


class BucketsDocument(Document):
    """Many readings to a bucket, as columns; empty buckets are left out."""

    start_ms: list[int]
    end_ms: list[int]
    low: list[float]
    high: list[float]
    last: list[float]
    rows: list[int]
    worst_quality: list[int]


class HistoryDocument(Document):
    """The past of one channel: every reading when they are few, else buckets."""

    channel: str
    unit: str
    start_ms: int
    end_ms: int
    rows: RowsDocument | None
    buckets: BucketsDocument | None


class NearestDocument(Document):
    """The channel nearest to its lowest limit; a share of 1 is at it."""

    channel: str
    share: float


class LifelineDocument(Document):
    """The vital signs of one lifeline."""

    lifeline: str
    assets: int
    channels: int
    fresh: int
    stale: int
    """Channels whose newest reading is older than they promise, or that have none."""
    bad: int
    """Fresh channels whose newest reading is not good."""
    warnings: dict[str, int]
    """Open warnings by level; `none` are those that ended and wait to be acknowledged."""
    unacknowledged: int
    worst_level: LevelName
    nearest: NearestDocument | None


class ConditionDocument(Document):
    """Something that stands or not, with what helps."""

    name: str
    ok: bool
    reason: str
    needed: bool


class JournalDocument(Document):
    """How long the journal lasts if its readers do not get on."""

    seconds_to_full: float | None
    """None while it does not fill."""
    at_cap: Literal["thin", "hold", "drop_oldest"]
    """What happens when it is full."""


class VitalSigns(Document):
    """How the site and its gateway are."""

    now_ms: int
    lifelines: list[LifelineDocument]
    warnings_open: int
    warnings_unacknowledged: int
    oldest_unacknowledged: str | None
    newest_reading_ms: int | None
    journal: JournalDocument
    conditions: list[ConditionDocument]


class SiteDocument(Document):
    """What the page must know before anything else."""

    id: str
    name: str
    timezone: str
    language: Literal["zh", "en"]
    version: str
    quantities: dict[str, dict[str, str]]
    """Names of the quantities measured or worked out here: quantity → language → name."""
    stages: list[str]
    """What a visitor may stage; empty but in a demo."""
    explains: bool
    """Whether it can be asked why a channel did or did not warn."""


class ReadinessDocument(Document):
    """Whether the gateway does all it should."""

    ready: bool
    conditions: list[ConditionDocument]
