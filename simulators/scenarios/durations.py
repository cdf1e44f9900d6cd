"""Lengths of time as people write them: `90 s`, `5 min`, `6h`, `2 d`."""

from __future__ import annotations

import re

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")


def seconds_of(text: str) -> float:
    """Return the seconds of a length of time; ValueError says how to write one.

    >>> seconds_of("90 s"), seconds_of("1.5h"), seconds_of("2 d")
    (90.0, 5400.0, 172800.0)
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"a length of time is a number with s, min, h or d, e.g. 90 s or 6 h, got {text!r:.40}")
    return float(found.group(1)) * _UNITS[found.group(2)]


def written(seconds: float) -> str:
    """Return a length of time in the unit that reads best.

    >>> written(45), written(90), written(5400), written(200000)
    ('45 s', '1.5 min', '1.5 h', '2.3 d')
    """
    for unit in ("d", "h", "min"):
        if seconds >= _UNITS[unit]:
            return f"{round(seconds / _UNITS[unit], 1):g} {unit}"
    return f"{seconds:g} s"
