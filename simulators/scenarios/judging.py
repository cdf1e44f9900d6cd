"""Whether a gateway warned as a scenario expected, from the truth and the warnings alone.

Rule 1: a warning counts from when the gateway knew it, and answers whenever it is raised, returns or rises in level;
one that only stands from earlier trouble answers nothing new.
Rule 2: it answers the newest trouble of its hazard on its asset, or on one that the truth names with it, that had begun
by then; where there is none, trouble that brings its hazard there; then its hazard anywhere. `within` is counted from
there, and one answer in time is enough. A flood may be foreseen: what comes in the hour before it is the best there is.
Rule 3: a warning is false when nothing that was wrong, or had just been, or is a flood to come, has its hazard there.
Rule 4: an expectation that is pending is judged and shown; it fails the run only once it is met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.model import SECOND
from simulators.models.contract import Window
from simulators.scenarios.durations import written
from simulators.scenarios.expectation import LEVELS, Expectation, FewFalse, Sentence, Unwanted, Wanted

_AFTERMATH_NS = 6 * 3600 * SECOND
"""A warning so long after the end of a window still speaks of it: what it saw ages slowly."""
_BRINGS: Mapping[str, frozenset[str]] = {
    "sewer_blockage": frozenset({"sewer_overflow"}),
    "pump_failure": frozenset({"waterlogging", "sewer_overflow", "pressure_abnormal", "supply_abnormal"}),
    "pipe_leak": frozenset({"pipe_burst", "pressure_abnormal", "road_collapse"}),
    "pipe_burst": frozenset({"pipe_leak", "pressure_abnormal", "road_collapse"}),
    "strike": frozenset({"structural_change", "scour_or_settlement"}),
}
"""Trouble → what it may rightly be known by, beside its own name."""
_AHEAD_NS: Mapping[str, int] = dict.fromkeys(("waterlogging", "sewer_overflow"), 3600 * SECOND)
"""Trouble that begins with the harm itself → so long before may a warning come: forecasts are for half an hour."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Raised:
    """An early warning as the gateway gave it."""

    hazard: str
    asset: str
    climbs: Sequence[tuple[int, str]]
    """When it was raised, returned or rose, and to which level, by the gateway's time, in order."""

    @property
    def learned_ns(self) -> int:
        """When the gateway knew it first."""
        return self.climbs[0][0]

    @property
    def peak(self) -> str:
        """The highest level that it reached."""
        return max((level for _, level in self.climbs), key=LEVELS.index)

    def rises(self, level: str) -> list[int]:
        """Return when it was raised, returned or rose to at least a level."""
        least = LEVELS.index(level)
        return [when for when, reached in self.climbs if LEVELS.index(reached) >= least]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one expectation."""

    expectation: Expectation
    is_met: bool
    said: str

    @property
    def fails_the_run(self) -> bool:
        """Whether the run is red for it: not met, or met although it was said to be pending."""
        return self.is_met == bool(self.expectation.pending)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a whole scenario."""

    verdicts: Sequence[Verdict]
    false: Sequence[Raised]
    delays: Mapping[str, float]
    """Hazard on asset → seconds from the begin of its trouble to the first warning that answers it there."""

    @property
    def is_passed(self) -> bool:
        """Whether nothing fails the run."""
        return not any(verdict.fails_the_run for verdict in self.verdicts)


def judge(
    expectations: Sequence[Expectation],
    windows: Sequence[Window],
    raised: Sequence[Raised],
    *,
    start_ns: int,
    end_ns: int,
    kin: Mapping[str, frozenset[str]] | None = None,
) -> Judgement:
    """Judge the warnings that came between two moments; `kin` gives the assets that are right to name for another."""
    kin = kin or {}
    counted = [one for one in raised if one.learned_ns >= start_ns]
    false = [one for one in counted if not any(_speaks_of(one, window, kin) for window in windows)]
    days = max((end_ns - start_ns) / SECOND / _DAY, 1.0)
    truth = _Truth(windows, kin, start_ns)
    verdicts = [_verdict(one, truth, raised, false, days) for one in expectations]
    return Judgement(verdicts, false, _delays(truth, counted))


def broken_off(expectations: Sequence[Expectation], reason: str) -> Judgement:
    """Return the judgement of a world that could not go on: nothing of what was expected is known to hold."""
    return Judgement([Verdict(one, False, reason) for one in expectations], [], {})  # noqa: FBT003 - not met


@dataclass(frozen=True, slots=True)
class _Truth:
    windows: Sequence[Window]
    kin: Mapping[str, frozenset[str]]
    start_ns: int

    def about(self, hazard: str, asset: str) -> list[Window]:
        """Return the trouble that a warning can be about: the nearest sort of it that there is."""
        same = [window for window in self.windows if window.hazard == hazard]
        bringing = [window for window in self.windows if hazard in _BRINGS.get(window.hazard, ())]
        sorts = [[one for one in some if asset in named(one, self.kin)] for some in (same, bringing)]
        return next((some for some in (*sorts, same, bringing) if some), [])


def _answered(about: Sequence[Window], when_ns: int) -> Window | None:
    """Return the newest trouble that had begun at a moment, or was near enough to be foreseen."""
    begun = [one for one in about if one.start_ns - _AHEAD_NS.get(one.hazard, 0) <= when_ns]
    return max(begun, key=lambda one: one.start_ns, default=None)


def _delays(truth: _Truth, raised: Sequence[Raised]) -> dict[str, float]:
    delays: dict[str, float] = {}
    for one in raised:
        about = [window for window in truth.about(one.hazard, one.asset) if _speaks_of(one, window, truth.kin)]
        for when, _ in one.climbs:
            window = _answered(about, when)
            if window is not None:
                name, delay = f"{window.hazard} on {window.asset}", (when - window.start_ns) / SECOND
                delays[name] = min(delay, delays.get(name, delay))
    return delays


def _verdict(
    expectation: Expectation,
    truth: _Truth,
    raised: Sequence[Raised],
    false: Sequence[Raised],
    days: float,
) -> Verdict:
    is_met, said = _judged(expectation.sentence, truth, raised, false, days)
    if expectation.pending:
        said = f"{said}; it was pending ({expectation.pending}): switch it on" if is_met else f"{said}; pending"
    return Verdict(expectation, is_met, said)


def _judged(
    sentence: Sentence, truth: _Truth, raised: Sequence[Raised], false: Sequence[Raised], days: float
) -> tuple[bool, str]:
    if isinstance(sentence, FewFalse):
        return len(false) <= sentence.a_day * days, f"{len(false)} in {days:g} days"
    named = [one for one in raised if one.hazard == sentence.hazard and one.asset == sentence.asset]
    if isinstance(sentence, Unwanted):
        count = sum(one.learned_ns >= truth.start_ns for one in named)
        return not count, f"{count or 'none'} came"
    return _in_time(sentence, truth, named)


def _in_time(wanted: Wanted, truth: _Truth, named: Sequence[Raised]) -> tuple[bool, str]:
    about = truth.about(wanted.hazard, wanted.asset)
    if not about:
        return False, "nothing that happens has this hazard"
    delays = []
    for when in (when for one in named for when in one.rises(wanted.level)):
        window = _answered(about, when)
        if window is not None and when >= truth.start_ns:
            delays.append((when - window.start_ns) / SECOND)
    if not delays:
        return False, _instead(wanted, about, named)
    delay = min(delays)
    said = f"it came after {written(delay)}" if delay >= 0 else f"it came {written(-delay)} before"
    return delay <= wanted.within_seconds, said


def _instead(wanted: Wanted, about: Sequence[Window], named: Sequence[Raised]) -> str:
    """Say what was there instead of an answer."""
    if not named:
        return "it never came"
    if any(_answered(about, when) for one in named for when, _ in one.climbs):
        return f"it did not reach {wanted.level} in that time"
    return "it had come before anything was wrong, and did not rise"


def _speaks_of(raised: Raised, window: Window, kin: Mapping[str, frozenset[str]]) -> bool:
    begins = window.start_ns - _AHEAD_NS.get(window.hazard, 0)
    if not begins <= raised.learned_ns <= window.end_ns + _AFTERMATH_NS:
        return False
    if raised.hazard != window.hazard and raised.hazard not in _BRINGS.get(window.hazard, ()):
        return False
    return raised.asset in named(window, kin)


def ahead_ns(hazard: str) -> int:
    """Return how long before its begin trouble of a hazard may be foreseen."""
    return _AHEAD_NS.get(hazard, 0)


def brought_by(hazard: str) -> frozenset[str]:
    """Return what trouble of a hazard may rightly be known by, beside its own name."""
    return _BRINGS.get(hazard, frozenset())


def named(window: Window, kin: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the assets that are right to name for some trouble, and other words that its detail has."""
    told = (str(value) for value in window.detail.values())
    return frozenset({window.asset, *told}) | kin.get(window.asset, frozenset())
