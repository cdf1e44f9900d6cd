"""The banks of one site: which detector watches which channel, under which rule, for which hazard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors import Foretold, Limits, Shifted, Silent, Stuck
from detectors.contract import Detector, Floats, Rows, Times, Watching
from detectors.episodes import Episodes
from detectors.measured import Measured
from detectors.votes import Votes
from gateway.detection.hearing import Hear, hear_values
from gateway.detection.ladders import MADE, LadderDetector, group_of, kind_of, steps_of
from gateway.detection.run import Samples
from gateway.detection.voice import Saying, Voice
from gateway.inventory import LEVELS, Channel, Ladder
from gateway.model import SECOND
from gateway.settings.ladder_kinds import LADDER_KINDS

SENSOR_FAULT = "sensor_fault"
SENSOR_SILENT = "sensor_silent"

_SILENT_HOLD_SECONDS = 10.0
"""One tick of the journal: after a short stop a channel has that long to speak before it is called silent."""


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
    """Limits that can be drawn beside the channel's values."""
    plot_seconds: float = 3_600.0
    """How much of the past an officer needs to see, at least."""
    shows_value: bool = True
    """Whether the channel's value is evidence."""
    ladder: Ladder | None = None
    """The ladder of a channel that this row climbs."""

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
        votes: Votes | None = None,
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
        self.votes = votes
        # Votes are cast below 1.0, too.
        self._watch: Callable[[Rows, Times, Floats], Floats | None] = detector.update
        if isinstance(detector, Watching) and votes is None:
            self._watch = detector.watch

    def update(self, samples: Samples, moments_ns: Times) -> list[Saying]:
        """Score samples; `Saying.at` is a position in them."""
        if not self.rules:
            return []
        picked: NDArray[np.intp] | None = None
        rows, time_ns, value, entry = samples.channel, samples.time_ns, samples.value, samples.entry
        if self._row_of is not None:
            rows = self._row_of.take(rows)
            picked = np.flatnonzero(rows >= 0)
            if not picked.size:
                return []
            rows, time_ns, value = rows.take(picked), time_ns.take(picked), value.take(picked)
            entry = entry.take(picked)
        watch = self._watch if self.episodes.is_idle and not self.voice.is_pending else self.detector.update
        score = watch(rows, time_ns, value)
        if score is None:
            return []
        if self.votes is not None:
            score = self.votes.update(rows, time_ns, score)
        changes = self.episodes.update(rows, time_ns, score)

        def is_fresh(at: NDArray[np.intp]) -> NDArray[np.bool_]:
            return moments_ns.take(entry.take(at)) - time_ns.take(at) <= self._fresh_ns.take(rows.take(at))

        said = self.voice.speak(changes, rows, time_ns, score, is_fresh)
        if said and isinstance(self.detector, Foretold):
            said = [self._foretold(self.detector, saying) for saying in said]
        if said and isinstance(self.detector, Shifted | Measured):
            said = [self._measured(saying, self.detector.seen(saying.at)) for saying in said]
        if said and self._explain:
            said = [saying._replace(words=self._explain(saying.row)) for saying in said]
        return said if picked is None else [saying._replace(at=int(picked[saying.at])) for saying in said]

    def _foretold(self, detector: Foretold, saying: Saying) -> Saying:
        """Add when the limit is expected to be reached."""
        rule = self.rules[saying.row]
        limit = rule.limit(saying.level) if rule and saying.level else None
        if limit is None:
            return saying
        span = detector.seconds_between(saying.at, limit)
        return saying._replace(lead_seconds=detector.seconds_to(saying.at, limit), lead_span_seconds=span)

    def _measured(self, saying: Saying, seen: float) -> Saying:
        """Add what was measured, against which rung, in the unit of the rungs."""
        rule = self.rules[saying.row]
        ladder = rule.ladder if rule else None
        if rule is None or ladder is None:
            return saying
        kind = LADDER_KINDS[ladder.of]
        words = f"{kind.en} {seen:.4g} {kind.unit_of(rule.channel.unit)}".removesuffix(" 1")
        rung = ladder.rungs.get(LEVELS[saying.level - 1]) if saying.level else None
        words += f", {LEVELS[saying.level - 1]} from {rung:g}" if rung is not None else ""
        return saying._replace(terms={MADE[ladder.of].term: float(f"{seen:.4g}")}, words=words)

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
    return [*_ladder_banks(channels, fresh_ns), _stuck_bank(channels, fresh_ns), _silent_bank(channels, fresh_ns)]


def _ladder_banks(channels: Sequence[Channel], fresh_ns: Times) -> list[Bank]:
    """Return for each kind of ladder a bank for every channel's first, one for the second ones, and so on.

    The first of plain limits holds every channel, so that no row needs to be looked up.
    """
    # Channels of a quantity share their ladders: each is asked but once.
    kinds = {id(ladder): group_of(ladder) for channel in channels for ladder in channel.ladders}
    banks = []
    for group in sorted({_PLAIN, *kinds.values()}, key=_order):
        of_group = [[ladder for ladder in channel.ladders if kinds[id(ladder)] == group] for channel in channels]
        for number, layer in enumerate(_layers(of_group)):
            is_whole = group == _PLAIN and number == 0
            build = _limit_bank if is_whole else _ladder_bank
            banks.append(build(channels, fresh_ns, layer))
    return banks


_PLAIN = ("value", False, None)


def _order(group: tuple[object, ...]) -> tuple[int, str]:
    return list(MADE).index(str(group[0])), repr(group)


def _layers(ladders: Sequence[Sequence[Ladder]]) -> Iterator[list[Ladder | None]]:
    """Yield each channel's first ladder, then each one's second, and so on; None where there is none."""
    for layer in range(max(map(len, ladders), default=0)):
        yield [own[layer] if layer < len(own) else None for own in ladders]


def _limit_bank(channels: Sequence[Channel], fresh_ns: Times, layer: Sequence[Ladder | None]) -> Bank:
    detector = Limits([steps_of(ladder) if ladder else None for ladder in layer])
    rules = [_ladder_rule(channels[index], index, ladder) if ladder else None for index, ladder in enumerate(layer)]
    return Bank(detector, _episodes(detector, layer), rules, fresh_ns)


def _ladder_bank(channels: Sequence[Channel], fresh_ns: Times, layer: Sequence[Ladder | None]) -> Bank:
    pairs = [(channel, ladder) for channel, ladder in zip(channels, layer, strict=True) if ladder]
    watched = [index for index, ladder in enumerate(layer) if ladder]
    detector = MADE[kind_of(pairs[0][1])].build(pairs)
    ladders = [ladder for _, ladder in pairs]
    rules = [_ladder_rule(channel, index, ladder) for index, (channel, ladder) in zip(watched, pairs, strict=True)]
    row_of: Rows | None = None
    if len(watched) < len(channels):
        row_of = np.full(len(channels), -1, np.intp)
        row_of[watched] = np.arange(len(watched))
    votes = [ladder.votes for ladder in ladders]
    return Bank(
        detector,
        _episodes(detector, ladders),
        rules,
        fresh_ns[watched],
        row_of=row_of,
        votes=Votes(votes) if any(vote != (1, 1) for vote in votes) else None,
    )


def _episodes(detector: LadderDetector, ladders: Sequence[Ladder | None]) -> Episodes:
    on_seconds = np.array([ladder.on_seconds if ladder else 0.0 for ladder in ladders])
    off_seconds = np.array([ladder.off_seconds if ladder else 0.0 for ladder in ladders])
    return Episodes(*detector.thresholds(), on_seconds, off_seconds)


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


def _ladder_rule(channel: Channel, index: int, ladder: Ladder) -> Rule:
    rungs = {level: ladder.rungs[level] for level in LEVELS if level in ladder.rungs}
    detector = MADE[kind_of(ladder)].named
    parameters = digest(ladder.direction, *rungs.items(), *_settings(channel, ladder))
    version = f"{detector.name} {detector.version} {parameters}"
    # Rungs in sigmas or percents are no lines on a plot of values.
    drawn = rungs if ladder.of == "value" else {}
    return Rule(
        channel,
        index,
        ladder.hazard,
        f"{detector.name}:{ladder.name}",
        version,
        parameters,
        ladder.basis,
        drawn,
        ladder=ladder,
    )


def _settings(channel: Channel, ladder: Ladder) -> Iterator[object]:
    """Yield what a ladder's state depends on besides its rungs; the days of a calendar are learned as they come."""
    yield from (ladder.deadband, ladder.on_seconds, ladder.off_seconds)
    if kind_of(ladder) != "value":
        yield from (ladder.ahead_seconds, channel.report_seconds, channel.span)
    if ladder.of not in {"value", "shift"}:
        yield from (ladder.of, ladder.window_seconds, ladder.band_hz, ladder.latch_seconds)
    if ladder.course.of != "day":
        yield ladder.course.of
    if ladder.votes != (1, 1):
        yield ladder.votes


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
