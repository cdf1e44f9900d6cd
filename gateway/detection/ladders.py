"""From ladders of a site file to detectors, one line a kind: what each is made of, not what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from detectors import Charts, Departures, Extremes, Foretold, Level, Limits, Quantiles, Shifted, Spectrum, Trends, Waves
from detectors import Steps as LastingSteps
from detectors.contract import Detector, Floats
from detectors.days import Days
from detectors.departure import Departing
from detectors.extremes import Watching
from detectors.level import DAY, Learning
from detectors.limits import Steps
from detectors.lines import Lines
from detectors.measured import Measured, Take
from detectors.steps import Stepping
from detectors.trend import Heading
from detectors.waves import Shaking
from gateway.inventory import LEVELS, Channel, Course, Ladder
from gateway.settings.ladder_kinds import LADDER_KINDS


class Named(Protocol):
    """What a detector is called, and which version of it this is."""

    name: str
    version: int


LadderDetector: TypeAlias = Limits | Foretold | Shifted | Measured
Pairs: TypeAlias = Sequence[tuple[Channel, Ladder]]
"""One channel and its ladder a row."""

_LOOK_SECONDS = 1_800.0
"""Noise of water, gas and structures stays alike for about that long: more samples say no more."""
_LEAST_SHARE = 1e-3
"""No channel is surer of its level than this share of its span."""
_CUSUM_LIMIT = 8.0
_PERCENT = 0.01
_STEP_BACK = 0.6
_LATCH_SECONDS = 190.0
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Made:
    """How the detector of a kind is made, and what its findings say of it."""

    build: Callable[[Pairs], LadderDetector]
    named: type[Named]
    """The detector that gives its name and version to the rule."""
    term: str = ""
    """What was measured, as it stands in the terms of the evidence."""
    warm_up: Callable[[Channel, Ladder], float] = lambda _channel, _ladder: 0.0
    """Seconds of the past that it needs to have an opinion."""


def kind_of(ladder: Ladder) -> str:
    """Return under which kind of `MADE` a ladder falls."""
    return "foretold" if ladder.of == "value" and ladder.ahead_seconds else ladder.of


def group_of(ladder: Ladder) -> tuple[object, ...]:
    """Return what ladders must have in common to share a bank."""
    has_course = "course" in LADDER_KINDS[ladder.of].keys
    return kind_of(ladder), ladder.votes != (1, 1), ladder.course if has_course else None


def steps_of(ladder: Ladder) -> Steps:
    """Return a ladder as the detector takes it."""
    blue, yellow, orange, red = (ladder.rungs.get(level) for level in LEVELS)
    return Steps((blue, yellow, orange, red), ladder.direction, ladder.deadband)


def learning_of(channel: Channel, ladder: Ladder | None) -> Learning | None:
    """Return how a channel's level is learned: four days of warm-up for a daily course, two weeks for one a week."""
    if ladder is None:
        return None
    look = max(channel.report_seconds, _LOOK_SECONDS)
    if ladder.course.of == "week":
        return Learning(28 * DAY, 15 * DAY, look, _least(channel))
    return Learning(14 * DAY, 4 * DAY, look, _least(channel))


def _least(channel: Channel) -> float:
    least = (channel.span[1] - channel.span[0]) * _LEAST_SHARE if channel.span else 1e-9
    return max(least, 1e-9)


def _ordinary(channel: Channel) -> Learning:
    """Return how a channel's level and band are learned where it has no course: a day, so that it has seen a night."""
    return Learning(7 * DAY, DAY, max(channel.report_seconds, 60.0), _least(channel))


def _days(course: Course) -> Days | None:
    return Days(course.utc_offset_seconds, course.holidays, course.workdays) if course.of == "week" else None


def _window(channel: Channel, ladder: Ladder) -> float:
    return LADDER_KINDS[ladder.of].window_seconds(ladder, channel.report_seconds)


def _measured(bank: Detector, pairs: Pairs, take: Take, factor: Floats | float = 1.0) -> Measured:
    return Measured(bank, take, [steps_of(ladder) for _, ladder in pairs], factor)


def _values(pairs: Pairs) -> Limits:
    return Limits([steps_of(ladder) for _, ladder in pairs])


def _foretold(pairs: Pairs) -> Foretold:
    headings = []
    for channel, ladder in pairs:
        look = max(channel.report_seconds, 1.0)
        # A past as long as the time ahead, a third of it to begin with.
        memory = max(ladder.ahead_seconds, 9.0 * look)
        headings.append(Heading(memory, memory / 3.0, look, lead_seconds=ladder.ahead_seconds))
    return Foretold([steps_of(ladder) for _, ladder in pairs], headings)


def _shifts(pairs: Pairs) -> Shifted:
    course = pairs[0][1].course
    learning = [learning_of(channel, ladder) for channel, ladder in pairs]
    hours = 0 if course.of == "none" else _HOURS
    return Shifted([steps_of(ladder) for _, ladder in pairs], learning, hours=hours, days=_days(course))


def _sums(pairs: Pairs) -> Measured:
    course = pairs[0][1].course
    learning = [learning_of(channel, ladder) for channel, ladder in pairs]
    hours = 0 if course.of == "none" else _HOURS
    charts = Charts(learning, cusum_limit=_CUSUM_LIMIT, bins=hours, days=_days(course))
    return _measured(charts, pairs, charts.update, _CUSUM_LIMIT)


def _slopes(pairs: Pairs, per_seconds: float, looks: float) -> Measured:
    headings = []
    for channel, ladder in pairs:
        window = _window(channel, ladder)
        look = max(channel.report_seconds, window / looks)
        headings.append(Heading(window, window / 3.0, look, _least(channel)))
    trends = Trends(headings)
    return _measured(trends, pairs, trends.slopes, per_seconds)


def _rates(pairs: Pairs) -> Measured:
    return _slopes(pairs, 60.0, looks=60.0)


def _trends(pairs: Pairs) -> Measured:
    # A quarter of a day: what comes back every day is no trend.
    return _slopes(pairs, DAY, looks=28.0)


def _lasting(pairs: Pairs) -> Measured:
    stepping = []
    for channel, ladder in pairs:
        step = min(ladder.rungs.values())
        back = max(1.0 - ladder.deadband / step, 0.05) if ladder.deadband else _STEP_BACK
        window, latch = _window(channel, ladder), ladder.latch_seconds or _LATCH_SECONDS
        freeze = max(7 * DAY, 10.0 * latch)
        tau = max(DAY / 4.0, 10.0 * latch)
        stepping.append(Stepping(step, back, window, 15.0 * window, latch, tau, freeze))
    steps = LastingSteps(stepping)
    ladders = [
        replace(steps_of(ladder), deadband=(1.0 - one.back) * one.step)
        for one, (_, ladder) in zip(stepping, pairs, strict=True)
    ]
    return Measured(steps, steps.sizes, ladders)


def _outliers(pairs: Pairs) -> Measured:
    level = Level([_ordinary(channel) for channel, _ in pairs], limit=1.0)
    return _measured(level, pairs, level.update)


def _bands(pairs: Pairs) -> Measured:
    quantiles = Quantiles([_ordinary(channel) for channel, _ in pairs], limit=1.0)
    return _measured(quantiles, pairs, quantiles.update)


def _departures(pairs: Pairs) -> Measured:
    departing = []
    for channel, ladder in pairs:
        window, look = _window(channel, ladder), 2.0 * channel.report_seconds
        # The proportions of the detector's own defaults.
        times = window, 100.0 * window, 40.0 * window
        departing.append(Departing(1.0, *times, look_seconds=look, least_scale=_least(channel)))
    departures = Departures(departing)
    return _measured(departures, pairs, departures.update)


def _novelties(pairs: Pairs) -> Measured:
    watching = []
    for channel, ladder in pairs:
        short = _window(channel, ladder)
        watching.append(
            Watching(
                _PERCENT,
                short,
                3.0 * short,
                12.0 * short,
                look_seconds=channel.report_seconds,
                warm_up_seconds=max(DAY, 24.0 * short),
                least_width=_least(channel),
            )
        )
    extremes = Extremes(watching)
    return _measured(extremes, pairs, extremes.update)


def _lines(pairs: Pairs) -> Measured:
    lowest = np.array([min(ladder.rungs.values()) for _, ladder in pairs])
    spectrum = Spectrum(
        [_line(channel, ladder, limit * _PERCENT) for (channel, ladder), limit in zip(pairs, lowest, strict=True)]
    )
    # Its score is in limits, the lowest rung: beyond that it does not learn.
    return _measured(spectrum, pairs, spectrum.update, lowest)


def _line(channel: Channel, ladder: Ladder, limit: float) -> Lines:
    low, high = ladder.band_hz or (0.0, 0.0)
    middle = (low + high) / 2.0
    return Lines(
        1.0 / channel.report_seconds, _window(channel, ladder), (middle,), (high - low) / (low + high), float(limit)
    )


def _shaking(measure: str) -> Callable[[Pairs], Measured]:
    def build(pairs: Pairs) -> Measured:
        limits = []
        for channel, ladder in pairs:
            rate, window = 1.0 / channel.report_seconds, _window(channel, ladder)
            # A crest factor of the sensor's own noise says nothing.
            least = _least(channel) if channel.span else 0.0
            limits.append(replace(Shaking(rate, window, least_rms=least), **{measure: 1.0}))
        waves = Waves(limits)
        return _measured(waves, pairs, waves.update)

    return build


def _learning_seconds(channel: Channel, ladder: Ladder) -> float:
    learning = learning_of(channel, ladder)
    return learning.warm_up_seconds + DAY if learning else 0.0


def _ahead_seconds(channel: Channel, ladder: Ladder) -> float:
    return 3.0 * max(ladder.ahead_seconds, 9.0 * max(channel.report_seconds, 1.0))


def _windows(count: float) -> Callable[[Channel, Ladder], float]:
    return lambda channel, ladder: count * _window(channel, ladder)


MADE: Mapping[str, Made] = {
    "value": Made(_values, Limits),
    "foretold": Made(_foretold, Foretold, "", _ahead_seconds),
    "rate": Made(_rates, Trends, "rate_per_minute", _windows(3)),
    "trend": Made(_trends, Trends, "trend_per_day", _windows(2)),
    "step": Made(_lasting, LastingSteps, "step", _windows(30)),
    "shift": Made(_shifts, Shifted, "shift_sigmas", _learning_seconds),
    "cusum": Made(_sums, Charts, "cusum_sigmas", _learning_seconds),
    "outlier": Made(_outliers, Level, "outlier_sigmas", lambda _channel, _ladder: 2.0 * DAY),
    "band": Made(_bands, Quantiles, "band_widths", lambda _channel, _ladder: 2.0 * DAY),
    "departure": Made(_departures, Departures, "departure_wanderings", _windows(120)),
    "novelty": Made(_novelties, Extremes, "novelty_percent", lambda *both: max(3.0 * DAY, 48.0 * _window(*both))),
    "line": Made(_lines, Spectrum, "line_percent", _windows(40)),
    "rms": Made(_shaking("rms"), Waves, "rms", _windows(3)),
    "peak": Made(_shaking("peak"), Waves, "peak", _windows(3)),
    "crest": Made(_shaking("crest"), Waves, "crest", _windows(3)),
}
"""Every kind of ladder by its name under `of`, and `foretold` for values ahead of time."""
