"""The two Flux questions that the gateway asks, read as strictly as they are written; any other text is refused.

This is no Flux engine: it proves that names are quoted, times exact and answers parsed, not that InfluxDB itself
agrees. Shares no code with what writes the questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

Points: TypeAlias = Mapping[tuple[str, tuple[tuple[str, str], ...], int], Mapping[str, float | int | bool]]
_Found: TypeAlias = list[tuple[int, Mapping[str, float | int | bool]]]

# A literal with a bare `${` would be an expression.
_TEXT = r'"(?:[^"\\$]|\$(?!\{)|\\["\\]|\\\$\{)*"'
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z"
_FROM = (
    rf"from\(bucket: (?P<bucket>{_TEXT})\) \|> range\(start: (?P<start>{_TIME}), stop: (?P<stop>{_TIME})\)"
    rf" \|> filter\(fn: \(r\) => r\._measurement == (?P<measurement>{_TEXT})(?P<tags>(?: and r\.\w+ == {_TEXT})*)\)"
)
_ROWS = re.compile(
    _FROM + r' \|> filter\(fn: \(r\) => r\._field == "value" or r\._field == "quality" or r\._field == "flags"\)'
    r' \|> group\(columns: \["_field"\]\) \|> sort\(columns: \["_time"\]\)(?: \|> limit\(n: (?P<limit>\d+)\))?'
    r" \|> map\(fn: \(r\) => \(\{_field: r\._field, _value: r\._value, time_ns: int\(v: r\._time\)\}\)\)"
)
_PIVOTED = re.compile(
    "rows = " + _FROM + r' \|> filter\(fn: \(r\) => r\._field == "value" or r\._field == "quality"\)'
    r' \|> pivot\(rowKey: \["_time"\], columnKey: \["_field"\], valueColumn: "_value"\)'
    r' \|> group\(\) \|> sort\(columns: \["_time"\]\)'
    r" drawn = rows \|> filter\(fn: \(r\) => exists r\.value and r\.quality <= 3\)(?P<windows>(?: .+)?)"
)
_WINDOW = re.compile(
    r" (?P<table>rows|drawn) \|> aggregateWindow\(every: (?P<every>\d+)ns, offset: (?P<offset>\d+)ns,"
    r' fn: (?P<fn>min|max|first|last|count), column: "(?P<column>value|quality)", timeSrc: "_start",'
    r" createEmpty: false\) \|> map\(fn: \(r\) => \(\{time_ns: int\(v: r\._time\), _value: r\.(?P=column)\}\)\)"
    r' \|> yield\(name: "(?P<name>\w+)"\)'
)
_TAG = re.compile(rf" and r\.(\w+) == ({_TEXT})")
_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "min": min,
    "max": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "count": len,
}


def answer(text: str, bucket: str, points: Points) -> str:
    """Return annotated CSV; LookupError for another bucket, ValueError for a text that is none of the two."""
    line = " ".join(text.split())
    if rows := _ROWS.fullmatch(line):
        return _rows_answer(_found(rows, bucket, points), rows["limit"])
    if pivoted := _PIVOTED.fullmatch(line):
        return _windows_answer(_found(pivoted, bucket, points), pivoted["windows"])
    raise ValueError("compilation failed: error @1:1: the stand-in does not know this question")


def _found(asked: re.Match[str], bucket: str, points: Points) -> _Found:
    if _bare(asked["bucket"]) != bucket:
        raise LookupError(f"could not find bucket {asked['bucket']}")
    tags = {name: _bare(value) for name, value in _TAG.findall(asked["tags"])}
    start_ns, stop_ns = _ns(asked["start"]), _ns(asked["stop"])
    if start_ns >= stop_ns:
        raise ValueError("cannot query an empty range")
    return sorted(
        (time_ns, fields)
        for (measurement, held, time_ns), fields in points.items()
        if measurement == _bare(asked["measurement"])
        and start_ns <= time_ns < stop_ns
        and tags.items() <= dict(held).items()
    )


def _rows_answer(found: _Found, limit: str | None) -> str:
    tables = []
    for number, (name, kind) in enumerate((("flags", "long"), ("quality", "long"), ("value", "double"))):
        rows = [(time_ns, fields[name]) for time_ns, fields in found if name in fields]
        lines = [f",,{number},{name},{value},{time_ns}" for time_ns, value in rows[: int(limit) if limit else None]]
        head = [
            f"#datatype,string,long,string,{kind},long",
            "#group,false,false,true,false,false",
            "#default,_result,,,,",
            ",result,table,_field,_value,time_ns",
        ]
        tables.append([*head, *lines] if lines else [])
    return _csv(tables)


def _windows_answer(found: _Found, windows: str) -> str:
    tables = []
    place = 0
    while place < len(windows):
        asked = _WINDOW.match(windows, place)
        if asked is None:
            raise ValueError("compilation failed: an expression that the stand-in does not know")
        place = asked.end()
        kind = "double" if asked["column"] == "value" else "long"
        head = [
            f"#datatype,string,long,long,{kind}",
            "#group,false,false,false,false",
            f"#default,{asked['name']},,,",
            ",result,table,time_ns,_value",
        ]
        lines = [f",,0,{start_ns},{value}" for start_ns, value in _windowed(found, asked)]
        tables.append([*head, *lines] if lines else [])
    return _csv(tables)


def _windowed(found: _Found, asked: re.Match[str]) -> Iterator[tuple[int, float]]:
    every, offset = int(asked["every"]), int(asked["offset"])
    held: dict[int, list[float]] = {}
    for time_ns, fields in found:
        is_drawn = "value" in fields and fields["quality"] <= 3  # noqa: PLR2004 - the question's own number
        if asked["column"] in fields and (asked["table"] == "rows" or is_drawn):
            held.setdefault((time_ns - offset) // every * every + offset, []).append(fields[asked["column"]])
    for start_ns, values in held.items():
        yield start_ns, _FUNCTIONS[asked["fn"]](values)


def _csv(tables: Sequence[Sequence[str]]) -> str:
    return "".join("\r\n".join(lines) + "\r\n\r\n" for lines in tables if lines)


def _bare(literal: str) -> str:
    return re.sub(r'\\(["\\]|\$\{)', r"\1", literal[1:-1])


def _ns(text: str) -> int:
    whole, _, decimals = text.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
    return int(seconds) * 1_000_000_000 + int(decimals.ljust(9, "0"))
