"""The banks of one site: which detector watches which channel, under which rule, for which hazard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors import Foretold, Limits, Shifted, Silent, Stuck
from detectors.contract import Detector, Floats, Rows, Times
from detectors.episodes import Episodes
from detectors.level import DAY, Learning
from detectors.limits import Steps
from detectors.trend import Heading
from gateway.detection.hearing import Hear, hear_values
from gateway.detection.run import Samples
from gateway.detection.voice import Saying, Voice
from gateway.inventory import LEVELS, Channel, Ladder
from gateway.model import SECOND

SENSOR_FAULT = "sensor_fault"
SENSOR_SILENT = "sensor_silent"

_SILENT_HOLD_SECONDS = 10.0
"""One tick of the journal: after a short stop a channel has that long to speak before it is called silent."""

_LOOK_SECONDS = 1_800.0
"""Noise of water, gas and structures stays alike for about that long: more samples say no more."""
_LEAST_SHARE = 1e-3
"""No channel is surer of its level than this share of its span."""
LadderKind: TypeAlias = type[Limits] | type[Foretold] | type[Shifted]


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a row of a bank may raise a finding."""

    channel: Channel
    index: int
    """The channel's dense index."""
    hazard: str
    name: str
    """Detector, and the ladder's name in the site file."""
    version: str
    parameters: str
    """Hash of the parameters; state is only taken over by the same ones."""
    basis: str
    rungs: Mapping[str, float] = field(default_factory=dict)
    plot_seconds: float = 3_600.0
    """How much of the past an officer needs to see, at least."""
    shows_value: bool = True
    """Whether the channel's value is evidence."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names the row in a snapshot."""
        return self.channel.id, self.name, self.hazard, self.channel.asset

    def limit(self, level: int) -> float | None:
        """Return the rung of a level; the lowest rung when the level is none."""
        if not self.rungs:
            return None
        return self.rungs.get(LEVELS[level - 1]) if level else next(iter(self.rungs.values()))


class Bank:
    """A detector with its episodes and what was said of them; one rule a row, None where a row has none."""

    def __init__(
        self,
        detector: Detector,
        episodes: Episodes,
        rules: Sequence[Rule | None],
        fresh_ns: Times,
        *,
        row_of: Rows | None = None,
        hear: Hear | None = None,
        explain: Callable[[int], str] | None = None,
    ) -> None:
        """`hear` picks what the bank is fed from a run, by receipt; without it, it is fed what is fit to be judged."""
        self.detector = detector
        self.episodes = episodes
        self.rules = rules
        self.voice = Voice(len(rules))
        self.version = 1_000 * detector.version + episodes.version
        self._fresh_ns = fresh_ns
        self._row_of = row_of
        self.hear = hear
        self._explain = explain

    def update(self, samples: Samples, moments_ns: Times) -> list[Saying]:
        """Score samples; `Saying.at` is a position in them."""
        picked: NDArray[np.intp] | None = None
        rows, time_ns, value, entry = samples.channel, samples.time_ns, samples.value, samples.entry
        if self._row_of is not None:
            rows = self._row_of.take(rows)
            picked = np.flatnonzero(rows >= 0)
            if not picked.size:
                return []
            rows, time_ns, value = rows.take(picked), time_ns.take(picked), value.take(picked)
            entry = entry.take(picked)
        score = self.detector.update(rows, time_ns, value)
        changes = self.episodes.update(rows, time_ns, score)

        def is_fresh(at: NDArray[np.intp]) -> NDArray[np.bool_]:
            return moments_ns.take(entry.take(at)) - time_ns.take(at) <= self._fresh_ns.take(rows.take(at))

        said = self.voice.speak(changes, rows, time_ns, score, is_fresh)
        if said and isinstance(self.detector, Foretold):
            said = [saying._replace(lead_seconds=self._lead_seconds(self.detector, saying)) for saying in said]
        if said and isinstance(self.detector, Shifted):
            said = [saying._replace(shift_sigmas=self.detector.sigmas(saying.at)) for saying in said]
        if said and self._explain:
            said = [saying._replace(words=self._explain(saying.row)) for saying in said]
        return said if picked is None else [saying._replace(at=int(picked[saying.at])) for saying in said]

    def _lead_seconds(self, detector: Foretold, saying: Saying) -> float | None:
        rule = self.rules[saying.row]
        limit = rule.limit(saying.level) if rule and saying.level else None
        return None if limit is None else detector.seconds_to(saying.at, limit)

    def advance(self, now_ns: int) -> list[Saying]:
        """Let journal time pass; `Saying.at` means nothing here."""
        row, time_ns, score = self.detector.advance(now_ns)
        if not row.size:
            return []

        def is_fresh(at: NDArray[np.intp]) -> NDArray[np.bool_]:
            return now_ns - time_ns.take(at) <= self._fresh_ns.take(row.take(at))

        return self.voice.speak(self.episodes.update(row, time_ns, score), row, time_ns, score, is_fresh)


def build_banks(channels: Sequence[Channel]) -> list[Bank]:
    """Build every bank of a site; the order of channels is their dense index."""
    fresh_ns = np.array([_ns(channel.fresh_seconds + channel.reorder_seconds) for channel in channels], np.int64)
    return [*_limit_banks(channels, fresh_ns), _stuck_bank(channels, fresh_ns), _silent_bank(channels, fresh_ns)]


def _limit_banks(channels: Sequence[Channel], fresh_ns: Times) -> list[Bank]:
    """Return one bank for every channel's first ladder, one for the second ladders, and so on; likewise ahead of time.

    The first holds every channel, so that no row needs to be looked up.
    """
    banks = []
    for kind in (Limits, Foretold, Shifted):
        of_kind = [[ladder for ladder in channel.ladders if _kind(ladder) is kind] for channel in channels]
        for number, layer in enumerate(_layers(of_kind)):
            is_whole = kind is Limits and number == 0
            banks.append(_ladder_bank(channels, fresh_ns, layer, kind, is_whole=is_whole))
    return banks


def _layers(ladders: Sequence[Sequence[Ladder]]) -> Iterator[list[Ladder | None]]:
    """Yield each channel's first ladder, then each one's second, and so on; None where there is none."""
    for layer in range(max(map(len, ladders), default=0)):
        yield [own[layer] if layer < len(own) else None for own in ladders]


def _kind(ladder: Ladder) -> LadderKind:
    if ladder.of == "shift":
        return Shifted
    return Foretold if ladder.ahead_seconds else Limits


def _ladder_bank(
    channels: Sequence[Channel],
    fresh_ns: Times,
    layer: Sequence[Ladder | None],
    kind: LadderKind,
    *,
    is_whole: bool,
) -> Bank:
    watched = [index for index, ladder in enumerate(layer) if ladder or is_whole]
    ladders = [layer[index] for index in watched]
    rules = [_ladder_rule(channels[index], index, layer[index]) for index in watched]
    steps = [steps_of(ladder) if ladder else None for ladder in ladders]
    detector: Limits | Foretold | Shifted = Limits(steps)
    if kind is Foretold:
        detector = Foretold(steps, [_heading(channels[index], layer[index]) for index in watched])
    elif kind is Shifted:
        detector = Shifted(steps, [learning_of(channels[index], layer[index]) for index in watched])
    on_seconds = np.array([ladder.on_seconds if ladder else 0.0 for ladder in ladders])
    off_seconds = np.array([ladder.off_seconds if ladder else 0.0 for ladder in ladders])
    row_of: Rows | None = None
    if len(watched) < len(channels):
        row_of = np.full(len(channels), -1, np.intp)
        row_of[watched] = np.arange(len(watched))
    episodes = Episodes(*detector.thresholds(), on_seconds, off_seconds)
    return Bank(detector, episodes, rules, fresh_ns[watched], row_of=row_of)


def _stuck_bank(channels: Sequence[Channel], fresh_ns: Times) -> Bank:
    stuck = _column(channels, lambda channel: channel.stuck_seconds or np.nan)
    gap = _column(channels, lambda channel: channel.fresh_seconds + channel.reorder_seconds)
    rules = [
        _blue_rule(channel, index, SENSOR_FAULT, Stuck, (stuck[index], gap[index])) if channel.stuck_seconds else None
        for index, channel in enumerate(channels)
    ]
    return Bank(Stuck(stuck, gap), _blue(len(channels), 0.0), rules, fresh_ns)


def _silent_bank(channels: Sequence[Channel], fresh_ns: Times) -> Bank:
    period = _column(channels, lambda channel: channel.fresh_seconds + channel.reorder_seconds)
    rules = [
        _blue_rule(channel, index, SENSOR_SILENT, Silent, (period[index],)) for index, channel in enumerate(channels)
    ]
    return Bank(Silent(period), _blue(len(channels), _SILENT_HOLD_SECONDS), rules, fresh_ns, hear=hear_values)


def _blue(size: int, on_seconds: float) -> Episodes:
    """Return episodes that know blue only, with neither deadband nor off-delay."""
    on = np.full((size, 4), np.inf)
    on[:, 0] = 1.0
    return Episodes(on, on, np.full(size, on_seconds), np.zeros(size))


def steps_of(ladder: Ladder) -> Steps:
    """Return a ladder as the detector takes it."""
    blue, yellow, orange, red = (ladder.rungs.get(level) for level in LEVELS)
    return Steps((blue, yellow, orange, red), ladder.direction, ladder.deadband)


def _heading(channel: Channel, ladder: Ladder | None) -> Heading | None:
    """Return how a channel's trend is followed: a past as long as the time ahead, a third of it to begin with."""
    if ladder is None:
        return None
    look = max(channel.report_seconds, 1.0)
    memory = max(ladder.ahead_seconds, 9.0 * look)
    return Heading(memory, memory / 3.0, look, lead_seconds=ladder.ahead_seconds)


def learning_of(channel: Channel, ladder: Ladder | None) -> Learning | None:
    """Return how a channel's level is learned: four days of warm-up, as its daily course needs."""
    if ladder is None:
        return None
    least = (channel.span[1] - channel.span[0]) * _LEAST_SHARE if channel.span else 1e-9
    return Learning(14 * DAY, 4 * DAY, max(channel.report_seconds, _LOOK_SECONDS), max(least, 1e-9))


def _ladder_rule(channel: Channel, index: int, ladder: Ladder | None) -> Rule | None:
    if ladder is None:
        return None
    rungs = {level: ladder.rungs[level] for level in LEVELS if level in ladder.rungs}
    holds = ladder.deadband, ladder.on_seconds, ladder.off_seconds
    kind = _kind(ladder)
    more = () if kind is Limits else (ladder.ahead_seconds, channel.report_seconds, channel.span)
    parameters = digest(ladder.direction, *rungs.items(), *holds, *more)
    version = f"{kind.name} {kind.version} {parameters}"
    name = f"{kind.name}:{ladder.name}"
    # Rungs in sigmas are no lines on a plot of values.
    drawn = {} if kind is Shifted else rungs
    return Rule(channel, index, ladder.hazard, name, version, parameters, ladder.basis, drawn)


def _blue_rule(
    channel: Channel, index: int, hazard: str, detector: type[Stuck | Silent], seconds: tuple[float, ...]
) -> Rule:
    parameters = digest(*map(float, seconds))
    said = "flat_line: no change" if detector is Stuck else "gap: no reading"
    version = f"{detector.name} {detector.version} {parameters}"
    return Rule(channel, index, hazard, detector.name, version, parameters, f"{said} for {seconds[0]:g} s")


def digest(*parameters: object) -> str:
    """Return the hash of parameters."""
    return hashlib.blake2b(repr(parameters).encode(), digest_size=6).hexdigest()


def _column(channels: Sequence[Channel], read: Callable[[Channel], float]) -> Floats:
    return np.array([read(channel) for channel in channels], np.float64)


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)
