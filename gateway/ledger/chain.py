"""Events to bytes and back, their ids, and the hashes that chain them. Knows nothing of SQLite.

hash(n) = blake2b(hash(n - 1) + kind + body), hash(0) = 32 zero bytes
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from gateway.early_warning import Acknowledged, Drilled, Event, Evidence, Finding, Observed, Redecoded, Wrote

GENESIS = bytes(32)
"""What the first event is chained to."""
_OBSERVED = "observed"
_ACKNOWLEDGED = "acknowledged"
DRILLED = "drilled"
"""The word under which a drill is stored."""
REDECODED = "redecoded"
"""The word under which a correction by another profile is stored."""
_WROTE = "wrote"
_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODERS: Mapping[
    str,
    msgspec.json.Decoder[Observed]
    | msgspec.json.Decoder[Acknowledged]
    | msgspec.json.Decoder[Drilled]
    | msgspec.json.Decoder[Redecoded]
    | msgspec.json.Decoder[Wrote],
] = {
    _OBSERVED: msgspec.json.Decoder(Observed),
    _ACKNOWLEDGED: msgspec.json.Decoder(Acknowledged),
    DRILLED: msgspec.json.Decoder(Drilled),
    REDECODED: msgspec.json.Decoder(Redecoded),
    _WROTE: msgspec.json.Decoder(Wrote),
}
# JSON has no infinity; a score this far beyond red says the same.
_LARGEST = 1e9


def kind_of(event: Event) -> str:
    """Return the word an event is stored under."""
    if isinstance(event, Drilled):
        return DRILLED
    if isinstance(event, Redecoded):
        return REDECODED
    if isinstance(event, Wrote):
        return _WROTE
    return _OBSERVED if isinstance(event, Observed) else _ACKNOWLEDGED


def encode(event: Event) -> bytes:
    """Write an event as canonical JSON: the same event is always the same bytes."""
    return _ENCODER.encode(event)


def decode(kind: str, body: bytes) -> Event:
    """Read an event back; raises `ValueError` for bytes that are none."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ValueError(f"unknown kind of event: {kind}")
    return decoder.decode(body)


def event_id(event: Event) -> bytes:
    """Return the id of an event: what and when, so that the same thing told twice is one event."""
    parts: tuple[str, ...]
    if isinstance(event, Drilled):
        parts = (DRILLED, event.kind, event.unit, str(event.start_ns))
    elif isinstance(event, Redecoded):
        parts = (REDECODED, event.profile, event.profile_hash, *event.devices, str(event.first_ns), str(event.last_ns))
    elif isinstance(event, Wrote):
        parts = (_WROTE, event.device, event.point, f"{event.value!r}", event.person, str(event.time_ns), event.outcome)
    elif isinstance(event, Observed):
        finding = event.finding
        parts = (_OBSERVED, finding.id, str(finding.time_ns), str(int(finding.level)), str(int(finding.is_late)))
    else:
        parts = (_ACKNOWLEDGED, event.warning, str(event.revision), event.person, event.note)
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()


def link(previous: bytes, kind: str, body: bytes) -> bytes:
    """Return the hash that chains an event to the one before it."""
    return hashlib.blake2b(previous + kind.encode() + b"\n" + body, digest_size=32).digest()


def storable(finding: Finding) -> Finding:
    """Return the finding without numbers that JSON cannot hold."""
    score = 0.0 if math.isnan(finding.score) else max(-_LARGEST, min(_LARGEST, finding.score))
    return replace(finding, score=score, evidence=_storable_evidence(finding.evidence))


def _storable_evidence(evidence: Evidence) -> Evidence:
    return replace(
        evidence,
        value=_finite(evidence.value),
        limit=_finite(evidence.limit),
        rungs={level: limit for level, limit in evidence.rungs.items() if math.isfinite(limit)},
        data_trust={
            name: each
            for name, each in evidence.data_trust.items()
            if not isinstance(each, float) or math.isfinite(each)
        },
        terms={name: each for name, each in evidence.terms.items() if math.isfinite(each)},
        lead_minutes=_finite(evidence.lead_minutes),
        lead_minutes_span=evidence.lead_minutes_span if _are_finite(evidence.lead_minutes_span) else None,
    )


def _are_finite(span: tuple[float, float] | None) -> bool:
    return span is not None and all(math.isfinite(one) for one in span)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
