"""Why a channel warned or did not: each rule, how far it is from its next rung, and what holds it back.

Rule 1: the rules are those of service, built anew for one channel and fed its history up to the moment asked for.
Rule 2: nothing here changes anything; what a running detection holds is not asked.
Rule 3: what needs weeks (shift, band, onset) is fed the history drawn together, a value every ten minutes or more.
Rule 4: a waveform is looked at for as long as its kind warms up; a step that began before that is not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors import Foretold, Shifted, Silent, Stuck
from detectors.contract import Floats, Times
from detectors.measured import Measured
from detectors.onset import onset
from gateway.clock import to_iso
from gateway.detection.banks import Bank, Rule, build_banks
from gateway.detection.hindsight import PastRows
from gateway.detection.ladders import MADE, kind_of
from gateway.detection.run import is_fit
from gateway.inventory import LEVELS, Channel, Inventory, Ladder
from gateway.model import SECOND, Flag
from gateway.settings.ladder_kinds import LADDER_KINDS

_DAY_NS = 86_400 * SECOND
_MOST_ROWS = 40_000
_WEEKS_NS = 18 * _DAY_NS
_BUCKETS = 2_592
"""Eighteen days of ten minutes."""
_NEIGHBOURS = 12
_SIGMA = 1.4826
_LEAST_SEEN = 50
_BUCKET_SECONDS = 600.0
_LONG_SECONDS = 43_200.0
"""What warms up for longer is fed weeks drawn together."""
_MOST_WAVE_ROWS = 400_000


class PastBuckets(Protocol):
    """A channel's history drawn together."""

    @property
    def end_ns(self) -> Times:
        """Where each bucket ends."""
        ...

    @property
    def last(self) -> Floats:
        """Last value, NaN when a bucket is empty."""
        ...


class WhyPast(Protocol):
    """Where the past can be read, a running history or its files."""

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None, /) -> PastRows:
        """Return readings in [start, end)."""
        ...

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int, /) -> PastBuckets:
        """Return [start, end) in so many buckets."""
        ...


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule of the channel as it stood."""

    rule: str
    of: str
    """What its rungs are compared with: value, rate, step ...; empty when it has none."""
    hazard: str
    basis: str
    standing: str
    """The level it stood at, `none` when it did not warn."""
    next_level: str | None
    limit: float | None
    """The rung of that level."""
    score: float | None
    seen: float | None
    """What it judges, as it was, in the unit of the margin; None when only the score tells."""
    margin: float | None
    """What was missing to that rung, below 0 when it was passed."""
    margin_unit: str
    suppressed: tuple[str, ...]
    """What held it back: warm_up, hold_time, votes; deadband when only that kept it standing."""


@dataclass(frozen=True, slots=True)
class Why:
    """One channel at one moment; every time is source time."""

    channel: str
    asset: str
    quantity: str
    unit: str
    at_ns: int
    value: float | None
    value_time_ns: int | None
    suppressed: tuple[str, ...]
    """What kept the whole channel from being judged: no_readings, silent, bad_quality, late, no_rules."""
    nearest: str
    """The rule that was closest to its next rung, empty when none could tell."""
    rules: tuple[RuleView, ...]
    level: float | None
    band: tuple[float, float] | None
    """Where nine in ten values of the past weeks lie."""
    onset_ns: int | None
    """When the shift that stood at the moment began; None when there was none."""
    agreeing: tuple[str, ...]
    """Neighbours of the same quantity that were shifted too."""
    disagreeing: tuple[str, ...]
    data_trust: Mapping[str, float]


def why(inventory: Inventory, numbers: Mapping[str, int], past: WhyPast, channel: str, at_ns: int) -> Why:
    """Say why a channel did or did not warn at a moment; KeyError for one that is not there or was never numbered."""
    known, number = inventory.channels[channel], numbers[channel]
    window_ns = _window_ns(known)
    rows = past.read(number, at_ns - window_ns, at_ns + 1, None)
    weeks = past.buckets(number, at_ns - _WEEKS_NS, at_ns + 1, _BUCKETS)
    usual = _usual(weeks)
    is_good = np.isfinite(rows.value) & is_fit(rows.quality, rows.flags)
    is_late = (rows.flags & Flag.LATE) != 0
    fed = is_good & ~is_late
    slow = {bank.rules[0].name: bank for bank in build_banks([_slow(known)]) if bank.rules and bank.rules[0]}
    views = []
    for bank in build_banks([known]):
        rule = bank.rules[0] if bank.rules else None
        if rule is None:
            continue
        if rule.ladder and _is_long(known, rule.ladder):
            there = np.flatnonzero(np.isfinite(weeks.last))
            views.append(_judged(slow[rule.name], rule, weeks.end_ns[there], weeks.last[there]))
        elif isinstance(bank.detector, Silent):
            views.append(_silence(rule, rows.time_ns[fed], at_ns))
        else:
            views.append(_judged(bank, rule, rows.time_ns[fed], rows.value[fed]))
    began_ns = _began_ns(weeks, usual)
    agreeing, disagreeing = _neighbours(inventory, numbers, past, known, at_ns) if began_ns is not None else ((), ())
    last = np.flatnonzero(is_good)
    newest = int(last[-1]) if last.size else None
    telling = [view for view in views if view.score is not None and view.hazard != "sensor_silent"]
    nearest = max(telling, key=_closeness, default=None)
    return Why(
        channel=known.id,
        asset=known.asset,
        quantity=known.quantity,
        unit=known.unit,
        at_ns=at_ns,
        value=None if newest is None else float(rows.value[newest]),
        value_time_ns=None if newest is None else int(rows.time_ns[newest]),
        suppressed=tuple(_held_back(known, rows, is_good, is_late, at_ns)),
        nearest=nearest.rule if nearest else "",
        rules=tuple(views),
        level=usual[0] if usual else None,
        band=usual[2] if usual else None,
        onset_ns=began_ns,
        agreeing=agreeing,
        disagreeing=disagreeing,
        data_trust={
            "readings": float(len(is_good)),
            "good_share": round(float(is_good.mean()), 4) if len(is_good) else 0.0,
            "late_share": round(float(is_late.mean()), 4) if len(is_late) else 0.0,
        },
    )


def document(found: Why) -> dict[str, Any]:
    """Return it as JSON, times in ISO 8601 UTC."""
    names = [name for name in Why.__slots__ if not name.endswith("_ns") and name != "rules"]
    told: dict[str, Any] = {name: getattr(found, name) for name in names}
    times = {"at": found.at_ns, "value_time": found.value_time_ns, "onset": found.onset_ns}
    told |= {name: None if one is None else to_iso(one) for name, one in times.items()}
    told["rules"] = [{name: getattr(view, name) for name in RuleView.__slots__} for view in found.rules]
    return told


def _held_back(
    channel: Channel, rows: PastRows, is_good: NDArray[np.bool_], is_late: NDArray[np.bool_], at_ns: int
) -> list[str]:
    if not channel.ladders and not channel.stuck_seconds:
        return ["no_rules"]
    if not len(rows.time_ns):
        return ["no_readings"]
    found = []
    good = np.flatnonzero(is_good)
    if not good.size or at_ns - int(rows.time_ns[good[-1]]) > channel.fresh_seconds * SECOND:
        found.append("silent")
    if not is_good[-1]:
        found.append("bad_quality")
    if is_late[-1]:
        found.append("late")
    return found


def _window_ns(channel: Channel) -> int:
    """Return how much of the past the channel's rules need, as far as so many rows can be looked at."""
    near = [ladder for ladder in channel.ladders if not _is_long(channel, ladder)]
    holds = [3.0 * (ladder.on_seconds + ladder.ahead_seconds) for ladder in channel.ladders]
    warm_up = max([0.0, *(1.5 * MADE[kind_of(ladder)].warm_up(channel, ladder) for ladder in near)])
    wanted = max(86_400.0, 3.0 * (channel.stuck_seconds or 0.0), warm_up, *holds)
    most = min(max(_MOST_ROWS * channel.report_seconds, warm_up), _MOST_WAVE_ROWS * channel.report_seconds)
    return round(max(min(wanted, most), 60.0) * SECOND)


def _is_long(channel: Channel, ladder: Ladder) -> bool:
    return MADE[kind_of(ladder)].warm_up(channel, ladder) > _LONG_SECONDS


def _slow(channel: Channel) -> Channel:
    """Return the channel as it is in weeks drawn together, its long ladders with the windows that they have."""
    ladders = []
    for ladder in channel.ladders:
        window = LADDER_KINDS[ladder.of].window_seconds(ladder, channel.report_seconds)
        if _is_long(channel, ladder):
            ladders.append(replace(ladder, window_seconds=max(window, 12.0 * _BUCKET_SECONDS) if window else None))
    return replace(channel, ladders=tuple(ladders), report_seconds=max(channel.report_seconds, _BUCKET_SECONDS))


def _judged(bank: Bank, rule: Rule, time_ns: Times, value: Floats) -> RuleView:
    """Return the rule's view after it has seen these samples."""
    if not len(value):
        return _view(bank, rule, None, None)
    rows = np.zeros(len(value), np.intp)
    alone = score = bank.detector.update(rows, time_ns, value)
    if bank.votes is not None:
        score = bank.votes.update(rows, time_ns, score)
    bank.episodes.update(rows, time_ns, score)
    seen: float | None = float(value[-1])
    if isinstance(bank.detector, Shifted | Measured):
        seen = bank.detector.seen(len(value) - 1)
    elif isinstance(bank.detector, Foretold | Stuck):
        # What they judge is no value of the channel: only the score tells how far it is.
        seen = None
    return _view(bank, rule, _number(score[-1]), None if seen is None else _number(seen), alone=_number(alone[-1]))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _view(bank: Bank, rule: Rule, score: float | None, seen: float | None, *, alone: float | None = None) -> RuleView:
    standing, inside = int(bank.episodes.level[0]), int(bank.episodes.inside[0])
    on = bank.episodes.on[:, 0]
    ladder = rule.ladder
    # A level without a rung is entered with the next one; people know it by that one.
    levels = [
        level for level in range(1, 5) if (LEVELS[level - 1] in ladder.rungs if ladder else on[level - 1] < np.inf)
    ]
    above = [level for level in levels if level > standing]
    following = above[0] if above else None
    suppressed = []
    if score is None and alone is None:
        suppressed.append("warm_up")
    if following and alone is not None and alone >= on[following - 1] and (score is None or score < on[following - 1]):
        suppressed.append("votes")
    if inside > standing:
        suppressed.append("hold_time")
    if standing and score is not None and score < on[standing - 1]:
        suppressed.append("deadband" if inside >= standing else "hold_time")
    limit = ladder.rungs[LEVELS[following - 1]] if ladder and following else None
    unit = LADDER_KINDS[ladder.of].unit_of(rule.channel.unit) if ladder else "s"
    return RuleView(
        rule=rule.name,
        of=ladder.of if ladder else "",
        hazard=rule.hazard,
        basis=rule.basis,
        standing="none" if not standing else LEVELS[standing - 1],
        next_level=None if following is None else LEVELS[following - 1],
        limit=limit,
        score=None if score is None else round(score, 4),
        seen=None if seen is None else float(f"{seen:.6g}"),
        margin=_margin(ladder, score, seen, limit),
        margin_unit="score" if seen is None else unit,
        suppressed=tuple(suppressed),
    )


def _margin(ladder: Ladder | None, score: float | None, seen: float | None, limit: float | None) -> float | None:
    if score is None:
        return None
    if ladder is None or seen is None or limit is None:
        return round(1.0 - score, 4)
    return float(f"{limit - seen if ladder.direction == 'above' else seen - limit:.6g}")


def _silence(rule: Rule, time_ns: Times, at_ns: int) -> RuleView:
    fresh = rule.channel.fresh_seconds + rule.channel.reorder_seconds
    age = (at_ns - int(time_ns[-1])) / SECOND if len(time_ns) else None
    is_silent = age is None or age > fresh
    return RuleView(
        rule=rule.name,
        of="",
        hazard=rule.hazard,
        basis=rule.basis,
        standing="blue" if is_silent else "none",
        next_level=None if is_silent else "blue",
        limit=fresh,
        score=None if age is None else round(age / fresh, 4),
        seen=None if age is None else round(age, 3),
        margin=None if age is None else round(fresh - age, 3),
        margin_unit="s",
        suppressed=(),
    )


def _closeness(view: RuleView) -> float:
    """Return how near a rule is to its next rung: the score that is left, the standing ones first."""
    following = LEVELS.index(view.next_level) + 1 if view.next_level else 5
    return (view.score or 0.0) / following + (10.0 if view.standing != "none" else 0.0)


def _usual(weeks: PastBuckets) -> tuple[float, float, tuple[float, float]] | None:
    """Return level, scale and band of all but the last tenth of the weeks; None when too little was seen."""
    early = weeks.last[: -(_BUCKETS // 10)]
    seen = early[np.isfinite(early)]
    if len(seen) < _LEAST_SEEN:
        return None
    level = float(np.median(seen))
    low, high = (float(f"{one:.6g}") for one in np.quantile(seen, (0.05, 0.95)))
    scale = max(_SIGMA * float(np.median(np.abs(seen - level))), 1e-9)
    return float(f"{level:.6g}"), scale, (low, high)


def _began_ns(weeks: PastBuckets, usual: tuple[float, float, tuple[float, float]] | None) -> int | None:
    """Return when the shift that stands at the end began: half a sigma of slack over a whole day's unrest."""
    if usual is None:
        return None
    place = onset(weeks.last, usual[0], usual[1], slack=1.5, limit=8.0)
    if place is None:
        return None
    return int(weeks.end_ns[place - 1] if place else weeks.end_ns[0])


def _neighbours(
    inventory: Inventory, numbers: Mapping[str, int], past: WhyPast, channel: Channel, at_ns: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the neighbours of the same quantity that are shifted too, and those that are not."""
    agreeing: list[str] = []
    disagreeing: list[str] = []
    for one in _near(inventory, channel)[:_NEIGHBOURS]:
        if one.id not in numbers:
            continue
        weeks = past.buckets(numbers[one.id], at_ns - _WEEKS_NS, at_ns + 1, _BUCKETS)
        usual = _usual(weeks)
        if usual is None:
            continue
        (agreeing if _began_ns(weeks, usual) is not None else disagreeing).append(one.id)
    return tuple(agreeing), tuple(disagreeing)


def _near(inventory: Inventory, channel: Channel) -> Sequence[Channel]:
    """Return other channels of the quantity on the same asset, on one it is related to, or of the same zone."""
    own = inventory.assets[channel.asset]
    related = {other for others in own.relations.values() for other in others}

    def is_near(asset: str) -> bool:
        theirs = {other for others in inventory.assets[asset].relations.values() for other in others}
        return asset == own.id or asset in related or own.id in theirs or bool(related & theirs)

    return [
        one
        for one in inventory.channels.values()
        if one.id != channel.id and one.quantity == channel.quantity and is_near(one.asset)
    ]
