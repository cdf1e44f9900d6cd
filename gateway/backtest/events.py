"""Labelled events from a CSV file: when something was wrong, where, of what hazard, and whether it was harmless.

    start, end, asset, also, hazard, brings, kind, benign, trouble, danger, ahead

Rule 1: columns are found by name, under the names that people give them; only `start` must be there.
Rule 2: an event without an end is a moment; one without a place, or whose place the site file does not know, may be
anywhere; one without a hazard, or with words that are none, is of any, but a fault of a sensor is a fault of a sensor.
Rule 3: rows of one trouble are one event, over all their time and at all their places.
Rule 4: trouble that may be foreseen says how long ahead; where it does not say when the danger began, it began with it.
"""

from __future__ import annotations

import csv
import re
from argparse import ArgumentTypeError
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.backtest.spans import seconds_of
from gateway.documents import did_you_mean
from gateway.errors import ConfigError, Fault
from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.recordings import Notes, Times
from gateway.settings.hazards import HAZARDS

SENSOR_HAZARDS = frozenset({"sensor_fault", "sensor_silent"})
_COLUMNS = {
    "start": (
        *("start", "begin", "from", "start_time", "begin_time", "starttime", "开始", "开始时间"),
        *("time", "timestamp", "datetime", "date", "时间", "日期"),
    ),
    "end": ("end", "until", "to", "end_time", "endtime", "stop", "结束", "结束时间"),
    "place": (
        *("asset", "channel", "target", "element", "sensor", "device", "place", "location", "资产", "测点"),
        *("位置", "地点"),
    ),
    "hazard": ("hazard", "险情", "风险", "类型"),
    "kind": ("kind", "event", "label", "name", "type", "种类", "事件"),
    "benign": ("benign", "harmless", "良性"),
    "also": ("also", "assets_too", "相关资产"),
    "danger": ("danger", "threshold", "sign_start", "peak", "危险时间"),
    "brings": ("brings",),
    "trouble": ("trouble", "同一事件"),
    "ahead": ("ahead", "提前量"),
}
_YES = frozenset({"yes", "y", "true", "1", "是"})
_NO = frozenset({"no", "n", "false", "0", "否", ""})
_ENCODINGS = ("utf-8-sig", "gb18030")
_TIMES_HINT = "e.g. 2026-07-01 02:14, or 2026-07-01T02:14:00Z"
_NAMED = {name.lower(): one.name for one in HAZARDS.values() for name in (one.name, one.zh, one.en)}
"""Hazards by their names in the site file, in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class LabelledEvent:
    """What really happened."""

    start_ns: int
    end_ns: int
    kind: str
    place: str
    """As the label names it."""
    assets: frozenset[str]
    """The assets that are right to name; empty: any."""
    channels: frozenset[str]
    """The channels that are right to rest on, when the label names a channel."""
    hazards: frozenset[str]
    """The hazards that are right to say; empty: any but those of sensors."""
    is_benign: bool
    danger_ns: int | None
    """When the danger line was reached, which lead time counts to."""
    line: int
    ahead_ns: int = 0
    """So long before the danger a warning is already right, for it may be foreseen."""
    brings: frozenset[str] = frozenset()
    """Hazards by which it may rightly be known, where there is no event of their own."""

    @property
    def foreseen_ns(self) -> int:
        """From when on a warning is right by the label alone: its start, or the time in which it may be foreseen."""
        danger_ns = self.start_ns if self.danger_ns is None else self.danger_ns
        return min(self.start_ns, danger_ns - self.ahead_ns)

    def fits_hazard(self, hazard: str) -> bool:
        """Tell whether a hazard is a right word for it."""
        return hazard in self.hazards if self.hazards else hazard not in SENSOR_HAZARDS

    def fits_place(self, asset: str, channel: str) -> bool:
        """Tell whether a warning on an asset, resting on a channel, is at the right place."""
        return not self.assets or asset in self.assets or channel in self.channels


def read_events(
    path: Path, inventory: Inventory, zone: ZoneInfo, kinds: Mapping[str, Collection[str]], notes: Notes
) -> list[LabelledEvent]:
    """Return the events in the order of their beginnings; `kinds` says which hazards a kind stands for."""
    rows = _rows(path)
    columns = _columns(path, rows[0])
    faults: list[Fault] = []
    events: list[LabelledEvent] = []
    troubles: dict[str, list[LabelledEvent]] = {}
    for line, row in enumerate(rows[1:], 2):
        cells = {name: row[place].strip() for name, place in columns.items() if place < len(row)}
        if not any(cells.values()):
            continue
        try:
            event = _event(cells, line, inventory, zone, kinds)
        except ValueError as error:
            faults.append(Fault(str(path), line, 1, str(error), _TIMES_HINT if "is no time" in str(error) else ""))
            continue
        if trouble := cells.get("trouble"):
            troubles.setdefault(trouble, []).append(event)
        else:
            events.append(event)
        for word in hazards_in(cells.get("hazard", "")).unknown if cells.get("kind", "") not in kinds else ():
            near = did_you_mean(word, HAZARDS)
            text = f"no hazard is called {word!r:.60}{f', {near}' if near else ''}; any is right but those of sensors"
            notes.add("hazard", line, text)
        if event.place and not event.assets:
            notes.add("place", line, f"the site file has no {event.place!r:.60}; a warning anywhere is right for it")
    if faults:
        raise ConfigError(faults)
    events += [_one(rows_of_one) for rows_of_one in troubles.values()]
    if not events:
        notes.add("events", 1, "there is not one event in it: nothing happened, and whatever is said is false")
    return sorted(events, key=lambda event: (event.start_ns, event.line))


def _rows(path: Path) -> list[list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([Fault(str(path), 1, 1, f"cannot read the events: {error.strerror}")]) from error
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        rows = list(csv.reader(text.splitlines(), delimiter=delimiter))
        if rows:
            return rows
    raise ConfigError([Fault(str(path), 1, 1, "it is empty, or neither UTF-8 nor GB18030 text")])


def _columns(path: Path, head: Sequence[str]) -> dict[str, int]:
    names = [name.strip().lower().replace(" ", "_") for name in head]
    found = {
        meaning: next((names.index(word) for word in words if word in names), None)
        for meaning, words in _COLUMNS.items()
    }
    if found["start"] is None:
        hint = (
            did_you_mean("start", names) or f"columns are {', '.join(names)[:200]}; write start,end,asset,hazard,kind"
        )
        raise ConfigError([Fault(str(path), 1, 1, "no column says when an event starts", hint)])
    return {meaning: place for meaning, place in found.items() if place is not None}


def _event(
    cells: Mapping[str, str], line: int, inventory: Inventory, zone: ZoneInfo, kinds: Mapping[str, Collection[str]]
) -> LabelledEvent:
    start_ns = _time(cells.get("start", ""), zone)
    end_ns = _time(cells["end"], zone) if cells.get("end") else start_ns
    if end_ns < start_ns:
        raise ValueError("the event ends before it starts")
    kind, place = cells.get("kind", ""), cells.get("place", "")
    said = cells.get("benign", "").lower()
    if said not in _YES | _NO:
        raise ValueError(f"benign must be yes or no, got {said!r:.40}")
    ahead_ns = _length(cells.get("ahead", ""))
    danger = _time(cells["danger"], zone) if cells.get("danger") else start_ns
    assets, channels = _where(place, inventory)
    if assets:
        assets |= {name for name in re.split(r"[|;\s]+", cells.get("also", "")) if name in inventory.assets}
    return LabelledEvent(
        start_ns=start_ns,
        end_ns=end_ns,
        kind=kind or cells.get("hazard", "") or "event",
        place=place,
        assets=assets,
        channels=channels,
        hazards=_hazards(cells.get("hazard", ""), kind, kinds),
        is_benign=said in _YES or kind.lower().startswith("benign"),
        danger_ns=danger if danger > start_ns or (ahead_ns and danger == start_ns) else None,
        line=line,
        ahead_ns=ahead_ns,
        brings=hazards_in(cells.get("brings", "")).known,
    )


def _one(rows: Sequence[LabelledEvent]) -> LabelledEvent:
    """Return one event of the rows of one trouble, called as its first; anywhere when one of them is."""
    rows = sorted(rows, key=lambda one: (one.is_benign, one.start_ns, one.line))
    true = [one for one in rows if one.is_benign == rows[0].is_benign]
    is_somewhere = all(one.assets for one in true)
    has_hazards = all(one.hazards for one in true)
    return replace(
        true[0],
        end_ns=max(one.end_ns for one in true),
        assets=frozenset().union(*(one.assets for one in true)) if is_somewhere else frozenset(),
        channels=frozenset().union(*(one.channels for one in true)) if is_somewhere else frozenset(),
        hazards=frozenset().union(*(one.hazards for one in true)) if has_hazards else frozenset(),
        brings=frozenset().union(*(one.brings for one in true)),
        danger_ns=min((one.danger_ns for one in true if one.danger_ns is not None), default=None),
        ahead_ns=max(one.ahead_ns for one in true),
    )


def _time(text: str, zone: ZoneInfo) -> int:
    return Times(zone).read(text)


def _length(text: str) -> int:
    """Return a length of time in nanoseconds; a bare number counts seconds."""
    if not text:
        return 0
    try:
        return round(seconds_of(f"{text}s" if text[-1].isdigit() else text) * SECOND)
    except ArgumentTypeError:
        raise ValueError(f"ahead must be a length of time such as 90s, 30min or 1h, got {text!r:.40}") from None


def _hazards(hazard: str, kind: str, kinds: Mapping[str, Collection[str]]) -> frozenset[str]:
    if kind in kinds:
        return frozenset(kinds[kind])
    if known := hazards_in(hazard).known:
        return known
    return SENSOR_HAZARDS if kind.lower().startswith("sensor_") else frozenset()


class Hazards(NamedTuple):
    """What words say of hazards."""

    known: frozenset[str]
    unknown: tuple[str, ...]


def hazards_in(text: str) -> Hazards:
    """Return the hazards that a text names, by their names in any language, and the words that are none.

    >>> sorted(hazards_in("pipe burst|管道漏损").known), hazards_in("pipe_leak gush").unknown
    (['pipe_burst', 'pipe_leak'], ('gush',))
    """
    parts = [part.strip().lower() for part in re.split(r"[|,;/、]", text) if part.strip()]
    words = [word for part in parts for word in ([part] if part in _NAMED else part.split())]
    known = frozenset(_NAMED[word] for word in words if word in _NAMED)
    return Hazards(known, tuple(word for word in words if word not in _NAMED))


def _where(place: str, inventory: Inventory) -> tuple[frozenset[str], frozenset[str]]:
    """Return the assets that are right to name for a place, and its channels: itself, and what it is related to."""
    if place in inventory.channels:
        return frozenset({inventory.channels[place].asset}), frozenset({place})
    of_device = {one.id: one.asset for one in inventory.channels.values() if one.device == place}
    if of_device:
        return frozenset(of_device.values()), frozenset(of_device)
    if place not in inventory.assets:
        return frozenset(), frozenset()
    near = {place, *(other for others in inventory.assets[place].relations.values() for other in others)}
    near |= {one.id for one in inventory.assets.values() if any(place in others for others in one.relations.values())}
    return frozenset(near), frozenset()
