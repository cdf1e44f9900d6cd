"""Limits for a channel from its own history: learned on the first half, checked on the second.

Rule 1: nothing is changed; a proposal is shown with what it would have said, and an engineer decides.
Rule 2: a channel whose quantity has limits of its own (a standard, a law) keeps them and gets a ladder of its shift;
one without is given limits of its values. Each is set for a stated number of false alarms a sensor-month.
Rule 3: alarms in the second half count as false, for nobody said that anything had happened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.charts import Charts
from detectors.episodes import Episodes
from detectors.limits import Limits, Steps
from gateway.backtest.scoring import MONTH_HOURS
from gateway.backtest.tail import fit_tail
from gateway.detection.ladders import learning_of
from gateway.inventory import Channel, Ladder
from gateway.model import SECOND, Floats, Int64s

DAY = 86_400
LEAST_DAYS = 7.0
_SHIFT_DAYS = 10.0
"""A shift needs four days to learn the daily course, and some days in which to be seen."""
_MERGE_NS = DAY * SECOND
_APART_SECONDS = 3_600.0
_SCARCER = 10.0
"""Yellow is passed so many times less often than blue."""
_LEAST_SHIFT = 1.0
_REST_SHARE = 0.05
"""A value taken so often is where the channel rests; nothing is below it."""
_STUCK_ROOM = 3.0
_HAZARDS = {
    "gas": "pressure_abnormal",
    "water": "pipe_leak",
    "drainage": "sewer_overflow",
    "heating": "supply_abnormal",
    "bridge": "structural_change",
    "tunnel": "deformation",
    "utility_tunnel": "air_hazard",
    "slope": "slope_failure",
    "road": "road_collapse",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One channel's valid readings in order of time."""

    time_ns: Int64s
    value: Floats

    @property
    def days(self) -> float:
        """From the first to the last reading."""
        return float(self.time_ns[-1] - self.time_ns[0]) / SECOND / DAY if len(self.time_ns) else 0.0


@dataclass(frozen=True, slots=True)
class ProposedLadder:
    """One ladder, and how it would have done."""

    name: str
    of: str
    direction: str
    hazard: str
    rungs: dict[str, float]
    deadband: float
    on_seconds: float
    off_seconds: float
    peaks: int
    """On how many peaks of the first half it rests; 0: it is the highest seen with a margin."""
    learned_alarms: int = 0
    """In the first half."""
    checked_alarms: int = 0
    """In the second half, which it has not seen."""
    checked_per_month: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one channel, in its canonical unit."""

    channel: str
    unit: str
    start_ns: int
    end_ns: int
    readings: int
    level: float
    scale: float
    """Of what is left when the daily course is taken away, robust (1.4826 MAD)."""
    course: tuple[float, ...]
    """The medians of the 24 hours UTC; empty when the day explains little."""
    stuck_seconds: float | None
    """None: it rests too often for that."""
    stuck_checked: int
    """How often it would have been called stuck in the second half."""
    span: tuple[float, float]
    ladders: tuple[ProposedLadder, ...]
    failed: tuple[str, ...]
    """Ladders that alarmed too often in the second half."""
    said: tuple[str, ...]
    """What an engineer should know before applying it."""


def propose(
    channels: Sequence[tuple[Channel, str]], series: Sequence[Series], *, false_per_month: float, hazard: str | None
) -> list[Proposal]:
    """Propose for channels (each with the lifeline of its asset) with a week of data or more."""
    shifts = _shifts([channel for channel, _ in channels], series)
    return [
        _proposal(channel, one, shift, false_per_month, hazard or _hazard(channel, lifeline))
        for (channel, lifeline), one, shift in zip(channels, series, shifts, strict=True)
    ]


def _hazard(channel: Channel, lifeline: str) -> str:
    own = [ladder.hazard for ladder in channel.ladders if not ladder.ahead_seconds]
    return own[0] if own else _HAZARDS.get(lifeline, "sensor_fault")


def _proposal(channel: Channel, series: Series, shift: Floats, false_per_month: float, hazard: str) -> Proposal:
    time_ns, value = series.time_ns, series.value
    middle = int(np.searchsorted(time_ns, (time_ns[0] + time_ns[-1]) // 2))
    course = _course(time_ns[:middle], value[:middle])
    hours = (time_ns // (3_600 * SECOND)) % 24
    residual = value - (np.array(course)[hours] if course else np.median(value[:middle]))
    stuck, stuck_checked = _stuck(time_ns, value, middle, channel.report_seconds)
    said: list[str] = []
    has_limits = any(ladder.of == "value" for ladder in channel.ladders)
    ladders: list[ProposedLadder] = []
    if has_limits:
        if any(ladder.of == "shift" for ladder in channel.ladders):
            said.append("it has limits and a ladder of its shift already")
        elif series.days < _SHIFT_DAYS:
            said.append(f"a ladder of its shift needs {_SHIFT_DAYS:g} days of history")
        else:
            ladders.append(
                _shift_ladder(channel, time_ns, shift, middle, false_per_month=false_per_month, hazard=hazard)
            )
    else:
        ladders += _value_ladders(channel, series, middle, false_per_month, hazard)
    most = 2.0 * max(false_per_month, 2.0 * MONTH_HOURS / (series.days * 24.0))
    failed = [ladder.name for ladder in ladders if ladder.checked_per_month > most]
    said += [f"{name} alarmed too often in the second half: what was learned no longer held" for name in failed]
    return Proposal(
        channel=channel.id,
        unit=channel.unit,
        start_ns=int(time_ns[0]),
        end_ns=int(time_ns[-1]),
        readings=len(value),
        level=_rounded(float(np.median(value))),
        scale=_rounded(1.4826 * float(np.median(np.abs(residual - np.median(residual))))),
        course=course,
        stuck_seconds=stuck,
        stuck_checked=stuck_checked,
        span=_span(channel, value),
        ladders=tuple(ladders),
        failed=tuple(failed),
        said=tuple(said),
    )


def _course(time_ns: Int64s, value: Floats) -> tuple[float, ...]:
    """Return the medians of the 24 hours UTC when they explain three tenths of what the value does."""
    hours = (time_ns // (3_600 * SECOND)) % 24
    medians = np.array([np.median(value[hours == hour]) if (hours == hour).any() else np.nan for hour in range(24)])
    if np.isnan(medians).any():
        return ()
    whole = float(np.var(value))
    is_daily = whole > 0.0 and 1.0 - float(np.var(value - medians[hours])) / whole >= 0.3  # noqa: PLR2004 - said above
    return tuple(_rounded(float(one)) for one in medians) if is_daily else ()


def _stuck(time_ns: Int64s, value: Floats, middle: int, report_seconds: float) -> tuple[float | None, int]:
    """Return three times the longest rest of the first half, and how often the second half rests longer."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(value) != 0.0) + 1])
    ends = np.append(starts[1:], len(value)) - 1
    rests = (time_ns[ends] - time_ns[starts]) / SECOND
    is_early = starts < middle
    longest = float(rests[is_early].max(initial=0.0))
    if longest > DAY:
        return None, 0
    proposed = math.ceil(max(_STUCK_ROOM * longest, 12.0 * report_seconds) / 60.0) * 60.0
    return proposed, int((rests[~is_early] > proposed).sum())


def _span(channel: Channel, value: Floats) -> tuple[float, float]:
    """Return what was seen with half as much room on either side, inside the span that the channel has."""
    low, high = float(value.min()), float(value.max())
    room = 0.5 * ((high - low) or abs(high) or 1.0)
    least, most = channel.span or (-math.inf, math.inf)
    return _rounded(max(low - room, least)), _rounded(min(high + room, most))


def _value_ladders(
    channel: Channel, series: Series, middle: int, false_per_month: float, hazard: str
) -> list[ProposedLadder]:
    low = float(series.value.min())
    rests = float((series.value == low).mean())
    sides = [1.0] if rests > _REST_SHARE else [1.0, -1.0]
    return [
        _ladder(
            channel,
            series.time_ns,
            sign * series.value,
            middle,
            sign=sign,
            false_per_month=false_per_month / len(sides),
            hazard=hazard,
        )
        for sign in sides
    ]


def _ladder(
    channel: Channel,
    time_ns: Int64s,
    signed: Floats,
    middle: int,
    *,
    sign: float,
    false_per_month: float,
    hazard: str,
) -> ProposedLadder:
    """Return limits of a value on one side; `signed` is the value, turned over when low ones are dangerous."""
    learned = signed[:middle]
    tail = fit_tail(time_ns[:middle], learned, _APART_SECONDS)
    spread = float(np.quantile(learned, 0.99) - np.median(learned)) or abs(float(learned.max())) * 0.01 or 1e-6
    blue = float(learned.max()) + spread
    yellow = blue + spread
    if tail is not None:
        # Between peaks fitted and the highest peak seen the higher limit is taken.
        blue = max(tail.limit(false_per_month), float(learned.max()))
        yellow = max(tail.limit(false_per_month / _SCARCER), blue + 0.2 * spread)
    side = "high" if sign > 0 else "low"
    return _judged(
        channel,
        time_ns,
        sign * signed,
        middle,
        ProposedLadder(
            name=f"tuned_{_plain(channel)}_{side}",
            of="value",
            direction="above" if sign > 0 else "below",
            hazard=hazard,
            rungs={"blue": _rounded(sign * blue), "yellow": _rounded(sign * yellow)},
            deadband=_rounded(0.1 * spread),
            on_seconds=2.0 * channel.report_seconds,
            off_seconds=4.0 * channel.report_seconds,
            peaks=tail.peaks if tail else 0,
        ),
    )


def _shift_ladder(
    channel: Channel, time_ns: Int64s, shift: Floats, middle: int, *, false_per_month: float, hazard: str
) -> ProposedLadder:
    """Return a ladder in sigmas of shift; while the detector warms up it has no opinion."""
    kept = np.flatnonzero(np.isfinite(shift[:middle]))
    tail = fit_tail(time_ns[kept], shift[kept], _APART_SECONDS)
    most = float(shift[kept].max(initial=0.0))
    blue = max(tail.limit(false_per_month) if tail else 1.2 * most, most, _LEAST_SHIFT)
    yellow = max(tail.limit(false_per_month / _SCARCER) if tail else 0.0, 1.5 * blue)
    return _judged(
        channel,
        time_ns,
        shift,
        middle,
        ProposedLadder(
            name=f"tuned_{_plain(channel)}_shift",
            of="shift",
            direction="above",
            hazard=hazard,
            rungs={"blue": _rounded(blue), "yellow": _rounded(yellow)},
            deadband=_rounded(0.2 * blue),
            on_seconds=2.0 * channel.report_seconds,
            off_seconds=4.0 * channel.report_seconds,
            peaks=tail.peaks if tail else 0,
        ),
    )


def alarms_of(channel: Channel, ladder: ProposedLadder, series: Series) -> int:
    """Return how often a proposed ladder of the value alarms on readings, merged as in service."""
    return _judged(channel, series.time_ns, series.value, 0, ladder).checked_alarms


def _judged(channel: Channel, time_ns: Int64s, value: Floats, middle: int, proposed: ProposedLadder) -> ProposedLadder:
    """Return the ladder with the alarms it gives: the same limits, holds and merging as in service."""
    ladder = _as_ladder(channel, proposed)
    rungs = [ladder.rungs.get(level) for level in ("blue", "yellow", "orange", "red")]
    detector = Limits([Steps((rungs[0], rungs[1], rungs[2], rungs[3]), ladder.direction, ladder.deadband)])
    episodes = Episodes(*detector.thresholds(), np.array([ladder.on_seconds]), np.array([ladder.off_seconds]))
    rows: NDArray[np.intp] = np.zeros(len(value), np.intp)
    changes = episodes.update(rows, time_ns, detector.update(rows, time_ns, value))
    risen = changes.at[changes.old == 0]
    learned, checked = 0, 0
    last_ns = -_MERGE_NS
    for at in risen.tolist():
        if int(time_ns[at]) - last_ns < _MERGE_NS:
            continue
        last_ns = int(time_ns[at])
        learned, checked = learned + (at < middle), checked + (at >= middle)
    hours = float(time_ns[-1] - time_ns[middle]) / SECOND / 3_600.0
    a_month = _rounded(checked / max(hours / MONTH_HOURS, 1e-9))
    return replace(proposed, learned_alarms=learned, checked_alarms=checked, checked_per_month=a_month)


def _as_ladder(channel: Channel, proposed: ProposedLadder) -> Ladder:
    return Ladder(
        proposed.name,
        proposed.hazard,
        "above" if proposed.direction == "above" else "below",
        proposed.rungs,
        proposed.deadband,
        proposed.on_seconds,
        proposed.off_seconds,
        "",
        channel=channel.id,
    )


def _shifts(channels: Sequence[Channel], series: Sequence[Series]) -> list[Floats]:
    """Return each channel's shift in sigmas at each of its readings, walked through one bank together."""
    rows = np.repeat(np.arange(len(series), dtype=np.intp), [len(one.value) for one in series])
    if not rows.size:
        return [np.empty(0) for _ in series]
    time_ns = np.concatenate([one.time_ns for one in series])
    value = np.concatenate([one.value for one in series])
    order = np.argsort(time_ns, kind="stable")
    ladder = Ladder("shift", "", "above", {"blue": 1.0}, 0.0, 0.0, 0.0, "", of="shift")
    charts = Charts([learning_of(channel, ladder) for channel in channels], bins=24)
    shift = np.empty(len(value))
    shift[order] = charts.shifts(rows[order], time_ns[order], value[order])
    return [shift[rows == row] for row in range(len(series))]


def _plain(channel: Channel) -> str:
    """Return the channel's id as part of a ladder's, which has neither dots nor more than 64 letters."""
    return channel.id.replace(".", "_").replace("~", "_")[-50:].lstrip("_-:")


def _rounded(value: float) -> float:
    """Return four digits: more were never measured."""
    return float(f"{value:.4g}")
