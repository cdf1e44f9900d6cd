"""Warnings against labelled events: recall, delay, lead time, false alarms per sensor-month, confusion.

Rule 1: an alarm is a rising edge. Repeats of one hazard on one asset within the merge time are one alarm; the clock
runs from the last counted one.
Rule 2: an alarm goes to the right event that has not been found: the one it names first, else the oldest; when all
have been found it is a repeat. Where no event of its hazard is, those that bring its hazard are right.
Rule 3: what is outside every true event is false, also when it speaks of a harmless event; only hazards that are
labelled are judged, for of the others nobody knows. What raised a harmless event is false, not what speaks of a true
one as well. An alarm of an event that is not judged, for it had begun before the warm-up was over or lies outside the
recording, is neither right nor false.
Rule 4: false alarms per sensor-month = false alarms / (valid readings x step / 730 h), after the warm-up.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.backtest.events import SENSOR_HAZARDS, LabelledEvent
from gateway.model import SECOND

MONTH_HOURS = 730.0
_SHORT_MERGE = {"gas_leak": 300.0, "air_hazard": 300.0, "fire": 300.0}
_MERGE_SECONDS = 86_400.0
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Alarm:
    """An early warning at the moment when it first reached the level that counts."""

    id: str
    hazard: str
    asset: str
    channel: str
    """What its evidence rests on."""
    level: str
    start_ns: int
    learned_ns: int
    end_ns: int | None
    rule: str
    value: float | None = None
    limit: float | None = None
    rungs: Mapping[str, float] = field(default_factory=dict)
    quantity: str = ""
    """What value and limit are of: the channel's own quantity, or one that was worked out over several."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How strictly the back-test judges, in seconds."""

    merge_seconds: float | None = None
    """None: five minutes for gas and fire, a day for all else."""
    grace_seconds: float = 86_400.0
    """So long after its end an alarm still speaks of an event."""
    before_seconds: float = 0.0
    """So long before its labelled start an alarm is already right, beside what its label says."""
    within_seconds: float | None = None
    """Later than this after the start an event counts as missed."""
    warm_up_until_ns: int = 0
    """Before that nothing is judged, nor an event that had begun."""

    def merge_ns(self, hazard: str) -> int:
        """Return the merge time of a hazard."""
        seconds = self.merge_seconds
        return round((_SHORT_MERGE.get(hazard, _MERGE_SECONDS) if seconds is None else seconds) * SECOND)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one event."""

    event: LabelledEvent
    alarm: Alarm | None
    """The alarm that found it; of a harmless event, the first that spoke of it."""
    repeats: int = 0
    standing: Alarm | None = None
    """A right alarm that was raised before the event and stood when it began: of a missed event, a hint."""

    @property
    def delay_seconds(self) -> float | None:
        """From the start to the alarm, negative when it was foreseen."""
        return None if self.alarm is None else (self.alarm.learned_ns - self.event.start_ns) / SECOND

    @property
    def lead_seconds(self) -> float | None:
        """From the alarm to the danger line, negative when it came after."""
        danger = self.event.danger_ns
        return None if self.alarm is None or danger is None else (danger - self.alarm.learned_ns) / SECOND


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one hazard, or of all."""

    events: int
    found: int
    delay_median_seconds: float | None
    delay_90_seconds: float | None
    lead_median_seconds: float | None
    false_alarms: int
    false_per_sensor_month: float | None
    false_worst_sensor: float | None
    benign: int
    benign_raised: int

    @property
    def recall(self) -> float | None:
        """The share of events that were found; None when there were none."""
        return self.found / self.events if self.events else None


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that came of a back-test."""

    outcomes: Sequence[Outcome]
    """One for each true event."""
    benign: Sequence[Outcome]
    false_alarms: Sequence[Alarm]
    counted: int
    """Alarms after merging and warm-up, right or false."""
    not_judged: Mapping[str, int]
    """Alarms of hazards that no label speaks of."""
    set_aside: int
    """Events that had begun before the warm-up was over."""
    sensor_months: float
    by_kind: Mapping[str, Score]
    total: Score
    confusion: Mapping[str, Mapping[str, int]]
    """Kind of event → hazard that was said at its place and time → alarms."""


def merged(alarms: Sequence[Alarm], terms: Terms) -> list[Alarm]:
    """Return the alarms that count, in the order in which they were learned."""
    last: dict[tuple[str, str], int] = {}
    counted = []
    for alarm in sorted(alarms, key=lambda one: (one.learned_ns, one.id)):
        key = alarm.hazard, alarm.asset
        if key in last and alarm.learned_ns - last[key] < terms.merge_ns(alarm.hazard):
            continue
        last[key] = alarm.learned_ns
        counted.append(alarm)
    return counted


def judge(
    events: Sequence[LabelledEvent],
    alarms: Sequence[Alarm],
    sensor_hours: Mapping[str, float],
    terms: Terms,
    *,
    hazards: frozenset[str] = frozenset(),
    outside: Sequence[LabelledEvent] = (),
) -> Judged:
    """Judge a back-test; `sensor_hours` are the hours with valid readings of each channel after the warm-up.

    `hazards` names those to judge; empty: those that the labels speak of. `outside` are events beyond the recording.
    """
    judged_events = [event for event in events if event.start_ns >= terms.warm_up_until_ns]
    true = [event for event in judged_events if not event.is_benign]
    counted = [one for one in merged(alarms, terms) if one.learned_ns >= terms.warm_up_until_ns]
    spoken = [one for one in counted if _is_judged(one.hazard, judged_events, hazards)]
    beside = [event for event in (*events, *outside) if not event.is_benign and event not in judged_events]
    spoken = [one for one in spoken if _is_of(one, true, terms) or not _is_of(one, beside, terms)]
    found, repeats, false = _assigned(true, spoken, terms)
    outcomes = [
        Outcome(event, found.get(number), repeats[number], _standing(event, counted))
        for number, event in enumerate(true)
    ]
    benign = [_benign(event, false, terms) for event in judged_events if event.is_benign]
    months = sum(sensor_hours.values()) / MONTH_HOURS
    kinds = dict.fromkeys(event.kind for event in judged_events)
    return Judged(
        outcomes=outcomes,
        benign=benign,
        false_alarms=false,
        counted=len(spoken),
        not_judged=dict(Counter(one.hazard for one in counted if not _is_judged(one.hazard, judged_events, hazards))),
        set_aside=len(events) - len(judged_events),
        sensor_months=months,
        by_kind={
            kind: _score(
                [one for one in outcomes if one.event.kind == kind], [one for one in benign if one.event.kind == kind]
            )
            for kind in kinds
        },
        total=_score(outcomes, benign, false, sensor_hours),
        confusion=_confusion(judged_events, counted, terms),
    )


def _is_judged(hazard: str, events: Sequence[LabelledEvent], hazards: frozenset[str]) -> bool:
    if hazards:
        return hazard in hazards
    true = [event for event in events if not event.is_benign]
    return any(event.fits_hazard(hazard) or hazard in event.brings for event in true) or (
        not true and hazard not in SENSOR_HAZARDS
    )


def _assigned(
    events: Sequence[LabelledEvent], alarms: Sequence[Alarm], terms: Terms
) -> tuple[dict[int, Alarm], Counter[int], list[Alarm]]:
    """Return event → the alarm that found it, event → repeats, and the false alarms."""
    found: dict[int, Alarm] = {}
    repeats: Counter[int] = Counter()
    false = []
    for alarm in alarms:
        fitting = [number for number, event in enumerate(events) if _speaks_of(alarm, event, terms)]
        fitting = fitting or [number for number, event in enumerate(events) if _comes_of(alarm, event, terms)]
        if not fitting:
            false.append(alarm)
            continue
        fitting.sort(key=lambda number: (not _names(alarm, events[number]), events[number].start_ns))
        open_ones = [number for number in fitting if number not in found and _is_in_time(alarm, events[number], terms)]
        if open_ones:
            found[open_ones[0]] = alarm
        else:
            repeats[fitting[0]] += 1
    return found, repeats, false


def _is_of(alarm: Alarm, events: Sequence[LabelledEvent], terms: Terms) -> bool:
    return any(_speaks_of(alarm, event, terms) or _comes_of(alarm, event, terms) for event in events)


def _comes_of(alarm: Alarm, event: LabelledEvent, terms: Terms) -> bool:
    return alarm.hazard in event.brings and _is_there(alarm, event, terms)


def _speaks_of(alarm: Alarm, event: LabelledEvent, terms: Terms) -> bool:
    return event.fits_hazard(alarm.hazard) and _is_there(alarm, event, terms)


def _is_there(alarm: Alarm, event: LabelledEvent, terms: Terms) -> bool:
    first_ns = min(event.start_ns - round(terms.before_seconds * SECOND), event.foreseen_ns)
    last_ns = event.end_ns + round(terms.grace_seconds * SECOND)
    return first_ns <= alarm.learned_ns <= last_ns and event.fits_place(alarm.asset, alarm.channel)


def _is_in_time(alarm: Alarm, event: LabelledEvent, terms: Terms) -> bool:
    within = terms.within_seconds
    return within is None or alarm.learned_ns <= event.start_ns + round(within * SECOND)


def _names(alarm: Alarm, event: LabelledEvent) -> bool:
    return event.place in (alarm.asset, alarm.channel)


def _standing(event: LabelledEvent, alarms: Sequence[Alarm]) -> Alarm | None:
    return next(
        (
            one
            for one in alarms
            if one.learned_ns < event.start_ns
            and (one.end_ns is None or one.end_ns > event.start_ns)
            and event.fits_hazard(one.hazard)
            and event.fits_place(one.asset, one.channel)
        ),
        None,
    )


def _benign(event: LabelledEvent, alarms: Sequence[Alarm], terms: Terms) -> Outcome:
    there = [one for one in alarms if _speaks_of(one, event, terms)]
    return Outcome(event, there[0] if there else None, max(0, len(there) - 1))


def _confusion(events: Sequence[LabelledEvent], alarms: Sequence[Alarm], terms: Terms) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = {event.kind: Counter() for event in events}
    for event in events:
        table[event.kind].update({one.hazard for one in alarms if _is_there(one, event, terms)})
    return {kind: dict(counts) for kind, counts in table.items()}


def _score(
    outcomes: Sequence[Outcome],
    benign: Sequence[Outcome],
    false: Sequence[Alarm] = (),
    sensor_hours: Mapping[str, float] | None = None,
) -> Score:
    delays = sorted(one.delay_seconds for one in outcomes if one.delay_seconds is not None)
    leads = [one.lead_seconds for one in outcomes if one.lead_seconds is not None]
    hours = {channel: each for channel, each in (sensor_hours or {}).items() if each > 0.0}
    by_channel = Counter(one.channel for one in false)
    worst = [by_channel[channel] / (each / MONTH_HOURS) for channel, each in hours.items()]
    return Score(
        events=len(outcomes),
        found=len(delays),
        delay_median_seconds=statistics.median(delays) if delays else None,
        delay_90_seconds=_ninth_tenth(delays),
        lead_median_seconds=statistics.median(leads) if leads else None,
        false_alarms=len(false),
        false_per_sensor_month=len(false) / (sum(hours.values()) / MONTH_HOURS) if hours else None,
        false_worst_sensor=max(worst) if worst else None,
        benign=len(benign),
        benign_raised=sum(one.alarm is not None for one in benign),
    )


def _ninth_tenth(delays: Sequence[float]) -> float | None:
    """Return the delay that nine in ten do not pass: the smallest such one (nearest rank)."""
    return delays[-(-9 * len(delays) // _TENTHS) - 1] if delays else None
