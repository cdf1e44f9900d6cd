"""Lengths of time as people write them on a command line: `90s`, `5min`, `6h`, `2d`."""

from __future__ import annotations

import argparse
import re

_UNITS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")


def seconds_of(text: str) -> float:
    """Return the seconds of a length of time; an error of the command line says how to write one.

    >>> seconds_of("90s"), seconds_of("1.5 h"), seconds_of("2d")
    (90.0, 5400.0, 172800.0)
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is no length of time; write e.g. 90s, 5min, 6h or 2d")
    return float(found[1]) * _UNITS[found[2]]


def written(seconds: float | None) -> str:
    """Return a length of time in the unit that reads best, a dash when there is none.

    >>> written(45), written(90), written(5400), written(-200000), written(None)
    ('45 s', '1.5 min', '1.5 h', '-2.3 d', '—')
    """
    if seconds is None:
        return "—"
    unit = next((unit for unit in ("d", "h", "min") if abs(seconds) >= _UNITS[unit]), "s")
    return f"{round(seconds / _UNITS[unit], 1):g} {unit}"
