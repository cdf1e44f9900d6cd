"""What late rows would have said in time: a fresh copy of the detectors walks the past again, in event time.

     warm-up, as known then │ gap: the late rows, now in history │ a little more, for hold times
    ────────────────────────┴──────── findings that begin here ──┴───────────────────────────────
                                      are told as late, never as live

Rule 1: the same banks, ladders and models, over history instead of the journal; received means measured.
Rule 2: what was said live is not said again: neither by its id nor where the live episode of the rule stands.
Rule 3: silence is not looked for: it is about receipt, and that cannot be late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from gateway.detection.banks import SENSOR_SILENT
from gateway.detection.ladders import MADE, kind_of
from gateway.detection.snapshot import Part
from gateway.early_warning import Finding, Level
from gateway.hazards import GroupModel, RiskModel, watched
from gateway.inventory import Channel, Inventory
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Bytes8, Flags16, Floats, Int64s, Tick

_TICK_NS = 10 * SECOND
_SLICE_NS = 3_600 * SECOND
_GIVEN_ENTRIES = 50
_DAY = 86_400.0
_LEAST_WARM_UP = 3_600.0
_MODEL_WARM_UP = 16 * _DAY
"""A zone's nights are known after fourteen days."""

RuleKey: TypeAlias = tuple[str, str, str, str]
"""Channel, rule, hazard, asset."""


class PastRows(Protocol):
    """Readings of one channel as columns."""

    @property
    def time_ns(self) -> Int64s:
        """Source times, going up."""
        ...

    @property
    def value(self) -> Floats:
        """Values."""
        ...

    @property
    def quality(self) -> Bytes8:
        """QARTOD flags."""
        ...

    @property
    def flags(self) -> Flags16:
        """What else is known."""
        ...


class Past(Protocol):
    """What detection asks of the history: another reader's work, so it may lag behind."""

    def read(self, channel: int, start_ns: int, end_ns: int) -> PastRows:
        """Return the readings of a channel number in [start, end)."""
        ...

    def has_passed(self, position: int) -> bool:
        """Tell whether everything up to a position of the journal can be read."""
        ...

    def was_warned_of(self, finding: str) -> bool:
        """Tell whether a finding was ever part of a warning."""
        ...


class Reach(NamedTuple):
    """What a gap touches: the part of the site to watch again, its models, and how long they need to warm up."""

    inventory: Inventory
    models: frozenset[tuple[str, str]]
    """(asset, name) of each model that a late channel belongs to."""
    warm_up_seconds: float
    tail_seconds: float


@dataclass(frozen=True, slots=True)
class LookBack:
    """One gap to look back on."""

    channels: tuple[str, ...]
    """Whose rows came late."""
    start_ns: int
    end_ns: int
    """The first and the last late row."""
    learned_ns: int
    """Journal time at which the last of them was received."""
    said: Mapping[RuleKey, tuple[int, int]]
    """Each rule's newest live episode: when it began and until when it was spoken of."""
    reach: Reach
    """What the gap touches."""


class Watcher(Protocol):
    """A copy of detection."""

    def apply(self, entries: Sequence[Entry]) -> int:
        """Watch entries."""
        ...


MakeWatcher: TypeAlias = Callable[[Inventory, Callable[[Sequence[Finding]], None]], Watcher]


def reach_of(inventory: Inventory, late: Sequence[str]) -> Reach:
    """Return what late channels touch."""
    touched = [one for one in watched(inventory) if set(one.model.channels) & set(late)]
    members = {name for one in touched for name in one.model.channels}
    channels = {name: one for name, one in inventory.channels.items() if name in members or name in late}
    warm_up = max([_LEAST_WARM_UP, *map(_warm_up_seconds, channels.values())])
    tail = max([60.0, *map(_tail_seconds, channels.values())])
    for one in touched:
        warm_up = max(warm_up, _MODEL_WARM_UP)
        holds = max((ladder.on_seconds for ladder in one.ladders), default=0.0)
        if isinstance(one.model, GroupModel):
            holds += 2 * one.model.slot_seconds + one.model.max_age_seconds
        tail = max(tail, holds + 60.0)
    models = frozenset((one.model.asset, _name(one.model)) for one in touched)
    return Reach(replace(inventory, channels=channels), models, warm_up, tail)


def look_back(job: LookBack, numbers: Mapping[str, int], *, past: Past, make: MakeWatcher) -> Iterator[list[Finding]]:
    """Yield after each slice of work; the last thing yielded is what would have been found, as late findings."""
    reach = job.reach
    found: list[Finding] = []
    watcher = make(reach.inventory, found.extend)
    start_ns = job.start_ns - round(reach.warm_up_seconds * SECOND)
    start_ns -= start_ns % _TICK_NS
    end_ns = job.end_ns + round(reach.tail_seconds * SECOND)
    position = 0
    members = [numbers[name] for name in reach.inventory.channels if name in numbers]
    for slice_ns in range(start_ns, end_ns, _SLICE_NS):
        until_ns = min(slice_ns + _SLICE_NS, end_ns)
        entries = list(_entries(members, past, slice_ns, until_ns, position))
        if not position and not any(isinstance(entry.record, Batch) for entry in entries):
            # The past begins later: there is no time to let pass before it.
            continue
        for first in range(0, len(entries), _GIVEN_ENTRIES):
            watcher.apply(entries[first : first + _GIVEN_ENTRIES])
            yield []
        position += len(entries)
    yield [one for one in _worth_telling(found, job, reach) if not past.was_warned_of(one.id)]


def _entries(members: Sequence[int], past: Past, start_ns: int, end_ns: int, position: int) -> Iterator[Entry]:
    """Yield the past as the journal would have had it, had everything come at once: rows, and a tick every 10 s."""
    rows = [past.read(number, start_ns, end_ns) for number in members]
    channel = np.repeat(np.array(members, np.int32), [len(one.time_ns) for one in rows])
    time_ns: Int64s = np.concatenate([np.empty(0, np.int64), *(one.time_ns for one in rows)])
    value: Floats = np.concatenate([np.empty(0), *(one.value for one in rows)])
    quality: Bytes8 = np.concatenate([np.empty(0, np.uint8), *(one.quality for one in rows)])
    flags: Flags16 = np.concatenate([np.empty(0, np.uint16), *(one.flags for one in rows)])
    order = np.argsort(time_ns, kind="stable")
    channel, time_ns, value, quality, flags = (
        channel[order],
        time_ns[order],
        value[order],
        quality[order],
        flags[order],
    )
    ticks = np.arange(start_ns + _TICK_NS, end_ns + 1, _TICK_NS)
    bounds = np.searchsorted(time_ns, ticks, side="left").tolist()
    begin = 0
    for tick_ns, end in zip([*ticks.tolist(), None], [*bounds, len(order)], strict=True):
        if end > begin:
            part = slice(begin, end)
            received_ns = int(time_ns[end - 1])
            position += 1
            columns = channel[part], time_ns[part], value[part], quality[part], flags[part]
            batch = Batch(*columns, received_ns, received_ns, "hindsight")
            yield Entry(position, batch, received_ns)
        begin = end
        if tick_ns is not None:
            position += 1
            yield Entry(position, Tick(tick_ns), tick_ns)


def _worth_telling(found: Sequence[Finding], job: LookBack, reach: Reach) -> Iterator[Finding]:
    """Yield the rises of episodes that begin in the gap and that nobody was told of live."""
    highest: dict[str, Level] = {}
    for one in found:
        evidence = one.evidence
        is_of_model = (one.asset, evidence.rule.partition(":")[0]) in reach.models
        is_new = job.start_ns <= one.start_ns <= job.end_ns and one.hazard != SENSOR_SILENT
        if not is_new or not (is_of_model or evidence.channel in job.channels):
            continue
        if one.level <= highest.get(one.id, Level.NONE) or _was_said(one, job):
            continue
        highest[one.id] = one.level
        age = round((job.learned_ns - evidence.value_time_ns) / SECOND, 3)
        trust = {**evidence.data_trust, "newest_age_seconds": age}
        yield replace(one, is_late=True, learned_ns=job.learned_ns, evidence=replace(evidence, data_trust=trust))


def _was_said(finding: Finding, job: LookBack) -> bool:
    evidence = finding.evidence
    said = job.said.get((evidence.channel, evidence.rule, finding.hazard, finding.asset))
    return said is not None and finding.start_ns <= said[1] and finding.time_ns >= said[0]


def _warm_up_seconds(channel: Channel) -> float:
    seconds = [3.0 * channel.fresh_seconds, 2.0 * (channel.stuck_seconds or 0.0)]
    for ladder in channel.ladders:
        seconds.append(ladder.on_seconds + ladder.off_seconds + channel.fresh_seconds)
        seconds.append(MADE[kind_of(ladder)].warm_up(channel, ladder))
    return max(seconds)


def _tail_seconds(channel: Channel) -> float:
    longest = max((ladder.on_seconds for ladder in channel.ladders), default=0.0)
    return longest + channel.fresh_seconds + channel.reorder_seconds


def _name(model: GroupModel | RiskModel) -> str:
    return model.name


class NoSnapshot:
    """What a copy of detection has instead of a file."""

    position = 0
    moment_ns = 0

    def take(self) -> list[Part]:
        """Return nothing: the copy is fresh."""
        return []

    def save(self, position: int, moment_ns: int, parts: Sequence[Part]) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Let go of nothing."""
