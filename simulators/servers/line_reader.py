"""Line protocol read as strictly as its reference says; shares no code with the encoder that it is used to test.

InfluxData, "Line protocol reference", v2: measurement[,tag=value…] field=value[,field=value…] [time]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PLAIN = r"(?:[^,= \\\n]|\\[,= ])+"
_MEASUREMENT = re.compile(r"(?:[^, \\\n]|\\[, ])+")
_TAG = re.compile(rf",({_PLAIN})=({_PLAIN})")
_FIELD = re.compile(rf"({_PLAIN})=(?:(?P<int>-?\d+)i|(?P<float>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<bool>true|false))")
_TIME = re.compile(r" (-?\d{1,19})")


@dataclass(frozen=True, slots=True)
class Line:
    """One point."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: Mapping[str, float | int | bool]
    time_ns: int

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...], int]:
        """What makes two lines the same point."""
        return self.measurement, self.tags, self.time_ns


def read_line(text: str) -> Line:
    """Read one line; ValueError when anything about it is wrong."""
    found = _MEASUREMENT.match(text)
    if found is None:
        raise ValueError("missing measurement")
    place, tags = found.end(), {}
    while text[place : place + 1] == ",":
        tag = _TAG.match(text, place)
        if tag is None:
            raise ValueError("missing tag value")
        name, value = _bare(tag[1]), _bare(tag[2])
        if name in tags:
            raise ValueError(f"duplicate tag {name}")
        tags[name] = value
        place = tag.end()
    if text[place : place + 1] != " ":
        raise ValueError("missing fields")
    fields, place = _fields(text, place + 1)
    time = _TIME.fullmatch(text, place)
    if time is None:
        raise ValueError("bad timestamp")
    return Line(_bare(found[0]), tuple(sorted(tags.items())), fields, int(time[1]))


def _fields(text: str, place: int) -> tuple[dict[str, float | int | bool], int]:
    fields: dict[str, float | int | bool] = {}
    while True:
        found = _FIELD.match(text, place)
        if found is None:
            raise ValueError("invalid field")
        name = _bare(found[1])
        if found["int"] is not None:
            fields[name] = int(found["int"])
        elif found["float"] is not None:
            fields[name] = float(found["float"])
        else:
            fields[name] = found["bool"] == "true"
        place = found.end()
        if text[place : place + 1] != ",":
            return fields, place
        place += 1


def _bare(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)
