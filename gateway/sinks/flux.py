"""Flux for reading a channel back: what to ask, as text. Knows nothing of servers.

Flux has no parameters outside InfluxDB Cloud, so names are written into the text as string literals; what could end
a literal or begin an expression in it is escaped (Flux specification, "String literals").
"""

from __future__ import annotations

import re

from gateway.clock import to_iso
from gateway.sinks.line_protocol import Series

_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f]")
_DRAWN_QUALITY = 3


def quoted(text: str) -> str:
    r"""Return a string literal that means exactly this text.

    >>> print(quoted('P-1") |> drop(columns: ["${r}'))
    "P-1\") |> drop(columns: [\"\${r}"
    """
    if _UNSPEAKABLE.search(text):
        raise ValueError(f"no name of ours has control characters: {text!r:.80}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'


def rows_query(bucket: str, series: Series, start_ns: int, end_ns: int, limit: int | None) -> str:
    """Ask for the readings from start on and before end, at most the earliest `limit`, one table a field.

    The time is asked for as a number: the client would cut it to microseconds.
    """
    lines = [
        f"from(bucket: {quoted(bucket)})",
        _range(start_ns, end_ns),
        _of_series(series),
        'filter(fn: (r) => r._field == "value" or r._field == "quality" or r._field == "flags")',
        'group(columns: ["_field"])',
        'sort(columns: ["_time"])',
        *([] if limit is None else [f"limit(n: {limit:d})"]),
        "map(fn: (r) => ({_field: r._field, _value: r._value, time_ns: int(v: r._time)}))",
    ]
    return "\n  |> ".join(lines)


def buckets_query(bucket: str, series: Series, start_ns: int, end_ns: int, width_ns: int) -> str:
    """Ask for the readings drawn together in times of one width, the first of which begins at the start."""
    pivot = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
    lines = [
        f"rows = from(bucket: {quoted(bucket)})",
        _range(start_ns, end_ns),
        _of_series(series),
        'filter(fn: (r) => r._field == "value" or r._field == "quality")',
        pivot,
        "group()",
        'sort(columns: ["_time"])',
    ]
    drawn = f"drawn = rows |> filter(fn: (r) => exists r.value and r.quality <= {_DRAWN_QUALITY})"
    every = f"every: {width_ns:d}ns, offset: {start_ns % width_ns:d}ns"
    asked = [
        _window("drawn.value", function, every, name)
        for name, function in (("low", "min"), ("high", "max"), ("first", "first"), ("last", "last"))
    ]
    asked += [
        _window("rows.quality", function, every, name)
        for name, function in (("rows", "count"), ("worst_quality", "max"))
    ]
    return "\n".join(["\n  |> ".join(lines), drawn, *asked])


def _range(start_ns: int, end_ns: int) -> str:
    return f"range(start: {to_iso(start_ns)}, stop: {to_iso(end_ns)})"


def _of_series(series: Series) -> str:
    tags = {name: series.tags[name] for name in ("channel", "site") if series.tags.get(name)}
    named = "".join(f" and r.{name} == {quoted(value)}" for name, value in tags.items())
    return f"filter(fn: (r) => r._measurement == {quoted(series.measurement)}{named})"


def _window(column: str, function: str, every: str, name: str) -> str:
    table, _, column = column.partition(".")
    return (
        f'{table} |> aggregateWindow({every}, fn: {function}, column: "{column}", timeSrc: "_start",'
        f" createEmpty: false)"
        f' |> map(fn: (r) => ({{time_ns: int(v: r._time), _value: r.{column}}})) |> yield(name: "{name}")'
    )
