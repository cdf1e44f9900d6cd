"""Nested maps and arrays to field readings: each number under its keys, joined by dots. Bounded in number and depth."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

from gateway.codecs.contract import FieldReading
from gateway.errors import DecodeError
from gateway.model import Quality

_DEEPEST = 16
_MOST = 10_000
_LONGEST_TEXT = 1_000
_MISSING = int(Quality.MISSING)


def flattened(document: Any, time_ns: int | None) -> tuple[list[FieldReading], list[tuple[str, str]]]:
    """Return the numbers (true and false as 1 and 0, null as MISSING) and the texts of a document."""
    readings: list[FieldReading] = []
    texts: list[tuple[str, str]] = []
    waiting: list[tuple[str, int, Any]] = [("", 0, document)]
    while waiting:
        name, depth, value = waiting.pop()
        if depth > _DEEPEST or len(readings) + len(texts) + len(waiting) > _MOST:
            raise DecodeError("too much", f"more than {_MOST} fields, or nested deeper than {_DEEPEST}")
        if type(value) in (dict, list):
            pairs = value.items() if type(value) is dict else enumerate(value)
            inner = [(f"{name}.{key}" if name else str(key), depth + 1, one) for key, one in pairs]
            waiting.extend(reversed(inner))
        elif not name:
            continue
        elif type(value) in (int, float, bool) and abs(value) < 1e308 and isfinite(value):  # noqa: PLR2004 - a float's last
            readings.append(FieldReading(name, time_ns, float(value)))
        elif value is None:
            readings.append(FieldReading(name, time_ns, nan, "", _MISSING))
        elif type(value) is str:
            texts.append((name, value[:_LONGEST_TEXT]))
    return readings, texts
