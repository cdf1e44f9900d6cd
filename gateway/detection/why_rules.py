"""One rule of a channel as it stood: what it judged, how far from its next rung, and what held it back.

Rule 1: a rule that needs weeks is fed the history drawn together; any other the rows of its window.
Rule 2: a waveform is looked at for as long as its kind warms up; a step that began before that is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from detectors import Foretold, Shifted, Silent, Stuck
from detectors.contract import Floats, Times
from detectors.measured import Measured
from gateway.detection.banks import Bank, Rule, build_banks
from gateway.detection.ladders import MADE, kind_of
from gateway.inventory import LEVELS, Channel, Ladder
from gateway.model import SECOND
from gateway.settings.ladder_kinds import LADDER_KINDS

_MOST_ROWS = 40_000
_MOST_WAVE_ROWS = 400_000
_BUCKET_SECONDS = 600.0
_LONG_SECONDS = 43_200.0
"""What warms up for longer is fed weeks drawn together."""


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


def window_ns(channel: Channel) -> int:
    """Return how much of the past the channel's rules need, as far as so many rows can be looked at."""
    near = [ladder for ladder in channel.ladders if not _is_long(channel, ladder)]
    holds = [3.0 * (ladder.on_seconds + ladder.ahead_seconds) for ladder in channel.ladders]
    warm_up = max([0.0, *(1.5 * MADE[kind_of(ladder)].warm_up(channel, ladder) for ladder in near)])
    wanted = max(86_400.0, 3.0 * (channel.stuck_seconds or 0.0), warm_up, *holds)
    most = min(max(_MOST_ROWS * channel.report_seconds, warm_up), _MOST_WAVE_ROWS * channel.report_seconds)
    return round(max(min(wanted, most), 60.0) * SECOND)


def views_of(
    channel: Channel, time_ns: Times, value: Floats, weeks: tuple[Times, Floats], at_ns: int
) -> list[RuleView]:
    """Return every rule of a channel after it has seen these samples, or these weeks drawn together."""
    slow = {bank.rules[0].name: bank for bank in build_banks([_slow(channel)]) if bank.rules and bank.rules[0]}
    views = []
    for bank in build_banks([channel]):
        rule = bank.rules[0] if bank.rules else None
        if rule is None:
            continue
        if rule.ladder and _is_long(channel, rule.ladder):
            views.append(_judged(slow[rule.name], rule, *weeks))
        elif isinstance(bank.detector, Silent):
            views.append(_silence(rule, time_ns, at_ns))
        else:
            views.append(_judged(bank, rule, time_ns, value))
    return views


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
