"""How a CSV file is laid out: its delimiter, its columns, which of them holds the time, and whether it is wide or long.

wide   time,  n1,  n4, …        one column a channel
long   time,  channel,  value   one row a reading

Either may have a column that says when a row was received.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.documents import did_you_mean
from gateway.errors import ConfigError, Fault
from gateway.recordings.times import Times

_DELIMITERS = ",;\t|"
_TIMES = (
    "time",
    "timestamp",
    "datetime",
    "date_time",
    "local_time",
    "date",
    "ts",
    "时间",
    "采集时间",
    "监测时间",
    "日期",
)
_CHANNELS = ("channel", "tag", "point", "sensor", "name", "id", "series", "通道", "测点", "编号", "名称")
_RECEIVED = ("received", "received_at", "received_time", "接收时间", "入库时间")
NO_COLUMN = "-"
"""Given for a column that is not to be looked for."""
_VALUES = ("value", "reading", "val", "值", "数值", "监测值", "测量值")


@dataclass(frozen=True, slots=True)
class Layout:
    """What the caller says of a file; None is found out."""

    zone: ZoneInfo
    """The zone of times without one."""
    form: Literal["wide", "long"] | None = None
    time: str | None = None
    channel: str | None = None
    value: str | None = None
    time_format: str | None = None
    received: str | None = None
    """The column of the times at which rows were received; `NO_COLUMN` when none is to be taken for it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file's head says."""

    names: tuple[str, ...]
    delimiter: str
    time: int
    has_head: bool
    channel: int | None = None
    """The column of channel names in a long file."""
    value: int | None = None
    received: int | None = None
    """The column that says when a row was received."""
    is_decimal_comma: bool = False

    @property
    def is_long(self) -> bool:
        """Whether each row is one reading."""
        return self.channel is not None


def find_columns(line: str, number: int, layout: Layout, mapped: Collection[str], file: str) -> Columns:
    """Return the columns that the first line tells of; ConfigError when no time can be found in it."""
    delimiter = max(_DELIMITERS, key=line.count)
    names = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter)))
    has_head = not _is_time(names[0], layout)
    if not has_head:
        names = tuple(str(place) for place in range(1, len(names) + 1))
    time = _named(layout.time, names, number, file)
    if time is None:
        time = _known(names, _TIMES) if has_head else 0
    if time is None:
        hint = f"columns are {', '.join(names)[:200]}; name it with --time"
        raise ConfigError([Fault(file, number, 1, "no column holds the time", hint)])
    return _wide_or_long(
        Columns(names, delimiter, time, has_head, is_decimal_comma=delimiter != ","), number, layout, mapped, file
    )


def columns_of(names: tuple[str, ...], layout: Layout, mapped: Collection[str], file: str) -> Columns:
    """Return the columns of a file that has names without a line of text; ConfigError when none holds the time."""
    time = _named(layout.time, names, 1, file)
    if time is None:
        time = _known(names, _TIMES)
    if time is None:
        hint = f"columns are {', '.join(names)[:200]}; name it with --time"
        raise ConfigError([Fault(file, 1, 1, "no column holds the time", hint)])
    return _wide_or_long(Columns(names, ",", time, has_head=True), 1, layout, mapped, file)


def _wide_or_long(found: Columns, number: int, layout: Layout, mapped: Collection[str], file: str) -> Columns:
    """Return the columns with those of a long file, when it is one, and with when a row was received."""
    found = replace(found, received=_received(found, number, layout, mapped, file))
    names = found.names
    channel = _named(layout.channel, names, number, file)
    value = _named(layout.value, names, number, file)
    if layout.form == "wide":
        return found
    channel = _known(names, _CHANNELS) if channel is None else channel
    value = _known(names, _VALUES) if value is None else value
    is_certain = layout.form == "long" or layout.channel or layout.value
    if is_certain and (channel is None or value is None):
        missing = "channel names" if channel is None else "values"
        option = "--channel-column" if channel is None else "--value-column"
        hint = f"columns are {', '.join(names)[:200]}; name it with {option}"
        raise ConfigError([Fault(file, number, 1, f"no column of a long file holds the {missing}", hint)])
    is_mapped = channel is not None and names[channel] in mapped
    if channel is None or value is None or (is_mapped and not is_certain):
        return found
    return replace(found, channel=channel, value=value)


def _received(found: Columns, number: int, layout: Layout, mapped: Collection[str], file: str) -> int | None:
    if layout.received == NO_COLUMN:
        return None
    named = _named(layout.received, found.names, number, file)
    known = _known(found.names, _RECEIVED) if named is None and found.has_head else named
    is_other = known == found.time or (named is None and known is not None and found.names[known] in mapped)
    return None if is_other else known


def _is_time(text: str, layout: Layout) -> bool:
    try:
        Times(layout.zone, layout.time_format).read(text)
    except ValueError:
        return False
    return True


def _named(wanted: str | None, names: Sequence[str], number: int, file: str) -> int | None:
    if wanted is None:
        return None
    if wanted not in names:
        hint = did_you_mean(wanted, names) or f"columns are {', '.join(names)[:200]}"
        raise ConfigError([Fault(file, number, 1, f"there is no column {wanted!r}", hint)])
    return names.index(wanted)


def _known(names: Sequence[str], known: Sequence[str]) -> int | None:
    lower = [name.lower().replace(" ", "_") for name in names]
    return next((lower.index(name) for name in known if name in lower), None)
