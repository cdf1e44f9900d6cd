"""Why a channel warned or did not: each rule, how far it is from its next rung, and what holds it back.

Rule 1: the rules are those of service, built anew for one channel and fed its history up to the moment asked for.
Rule 2: nothing here changes anything; what a running detection holds is not asked.
Rule 3: what needs weeks (shift, band, onset) is fed the history drawn together, a value every ten minutes or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Times
from detectors.onset import onset
from gateway.clock import to_iso
from gateway.detection.hindsight import PastRows
from gateway.detection.run import is_fit
from gateway.detection.why_rules import RuleView, views_of, window_ns
from gateway.inventory import LEVELS, Channel, Inventory
from gateway.model import SECOND, Flag

_DAY_NS = 86_400 * SECOND
WEEKS_NS = 18 * _DAY_NS
"""How much of the past tells what is ordinary; its last tenth does not."""
_BUCKETS = 2_592
"""Eighteen days of ten minutes."""
_NEIGHBOURS = 12
_SIGMA = 1.4826
_LEAST_SEEN = 50


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
    rows = past.read(number, at_ns - window_ns(known), at_ns + 1, None)
    weeks = past.buckets(number, at_ns - WEEKS_NS, at_ns + 1, _BUCKETS)
    usual = _usual(weeks)
    is_good = np.isfinite(rows.value) & is_fit(rows.quality, rows.flags)
    is_late = (rows.flags & Flag.LATE) != 0
    fed = is_good & ~is_late
    there = np.flatnonzero(np.isfinite(weeks.last))
    drawn = weeks.end_ns[there], weeks.last[there]
    views = views_of(known, rows.time_ns[fed], rows.value[fed], drawn, at_ns)
    began_ns = _began_ns(weeks, usual)
    agreeing: tuple[str, ...] = ()
    disagreeing: tuple[str, ...] = ()
    if began_ns is not None or any(view.standing != "none" for view in views):
        agreeing, disagreeing = _neighbours(inventory, numbers, past, known, at_ns)
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
        weeks = past.buckets(numbers[one.id], at_ns - WEEKS_NS, at_ns + 1, _BUCKETS)
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
