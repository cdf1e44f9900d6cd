"""JSON read, or a DecodeError: what the codecs of pushes and events share. Knows none of their fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gateway.errors import DecodeError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = (1 << 63) // 1_000_000


def json_of(frame: bytes) -> Any:
    """Return the document that a frame holds."""
    try:
        return msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise DecodeError("json", str(error)) from None
    except RecursionError:
        raise DecodeError("json", "nested too deeply") from None


def object_of(frame: bytes) -> dict[str, Any]:
    """Return the object that a frame holds."""
    document = json_of(frame)
    if type(document) is not dict:
        raise DecodeError("json", "not an object")
    return document


def text_in(document: Any, *path: str) -> str:
    """Return the text (or whole number) at a path, empty when there is none."""
    here = document
    for key in path:
        here = here.get(key) if type(here) is dict else None
    return here if type(here) is str else str(here) if type(here) is int else ""


def milliseconds(raw: Any) -> int | None:
    """Return a time in milliseconds as nanoseconds, None for none; DecodeError for what is no time."""
    if raw is None or raw == "":
        return None
    if type(raw) is int and 0 < raw < _LATEST_MS:
        return raw * 1_000_000
    raise DecodeError("time", f"no milliseconds: {str(raw)[:60]}")


def written_time(raw: Any) -> int | None:
    """Return an ISO 8601 time with its offset as nanoseconds, None for none; nine digits of a second are cut to six."""
    if raw is None or raw == "":
        return None
    try:
        moment = datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        raise DecodeError("time", f"not ISO 8601: {str(raw)[:60]!r}") from None
    if moment.tzinfo is None:
        raise DecodeError("time", f"{raw[:60]!r} has no offset from UTC")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
