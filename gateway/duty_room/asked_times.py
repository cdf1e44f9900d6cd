"""Times as programs ask for them, to nanoseconds UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.model import SECOND

_EPOCH = datetime.fromtimestamp(0, UTC)


def to_ns(text: str) -> int:
    """Read an ISO 8601 time with its zone as nanoseconds; raises `ValueError`.

    >>> to_ns("2026-07-01T02:14:00Z")
    1782872040000000000
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} needs a zone, e.g. Z or +08:00")
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000
