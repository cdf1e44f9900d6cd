"""Whether a gateway warned as a scenario expected, from the truth and the warnings alone.

Rule 1: a warning counts from when the gateway knew it, not from when the trouble began.
Rule 2: a warning is false when nothing that was wrong, had just been or soon would be, has its hazard on its asset or
on one that the truth names with it. What comes before its trouble is the best there is.
Rule 3: an expectation that is pending is judged and shown; it fails the run only once it is met.
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
    "pump_failure": frozenset({"waterlogging", "sewer_overflow"}),
    "pipe_leak": frozenset({"pipe_burst", "pressure_abnormal", "road_collapse"}),
    "pipe_burst": frozenset({"pipe_leak", "pressure_abnormal", "road_collapse"}),
    "strike": frozenset({"structural_change", "scour_or_settlement"}),
}
"""Trouble → what it may rightly be known by, beside its own name."""
_AHEAD_NS = 3600 * SECOND
"""A warning may come so long before its trouble: forecasts are for half an hour."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Raised:
    """An early warning as the gateway gave it."""

    hazard: str
    asset: str
    climbs: Sequence[tuple[int, str]]
    """When it reached each level first, by the gateway's time, in order."""

    @property
    def learned_ns(self) -> int:
        """When the gateway knew it first."""
        return self.climbs[0][0]

    def reached(self, level: str) -> int | None:
        """Return when it was at least at a level, None when never."""
        least = LEVELS.index(level)
        return next((when for when, reached in self.climbs if LEVELS.index(reached) >= least), None)


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
    """Hazard on asset → seconds from the begin of its trouble to the first right warning."""

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
    verdicts = [_verdict(one, windows, counted, false, days) for one in expectations]
    delays = {}
    for window in windows:
        right = [one.learned_ns for one in counted if _speaks_of(one, window, kin)]
        if right and window.hazard:
            delays[f"{window.hazard} on {window.asset}"] = (min(right) - window.start_ns) / SECOND
    return Judgement(verdicts, false, delays)


def broken_off(expectations: Sequence[Expectation], reason: str) -> Judgement:
    """Return the judgement of a world that could not go on: nothing of what was expected is known to hold."""
    return Judgement([Verdict(one, False, reason) for one in expectations], [], {})  # noqa: FBT003 - not met


def _verdict(
    expectation: Expectation,
    windows: Sequence[Window],
    raised: Sequence[Raised],
    false: Sequence[Raised],
    days: float,
) -> Verdict:
    is_met, said = _judged(expectation.sentence, windows, raised, false, days)
    if expectation.pending:
        said = f"{said}; it was pending ({expectation.pending}): switch it on" if is_met else f"{said}; pending"
    return Verdict(expectation, is_met, said)


def _judged(
    sentence: Sentence, windows: Sequence[Window], raised: Sequence[Raised], false: Sequence[Raised], days: float
) -> tuple[bool, str]:
    if isinstance(sentence, FewFalse):
        return len(false) <= sentence.a_day * days, f"{len(false)} in {days:g} days"
    named = [one for one in raised if one.hazard == sentence.hazard and one.asset == sentence.asset]
    if isinstance(sentence, Unwanted):
        return not named, "none came" if not named else f"{len(named)} came"
    return _in_time(sentence, windows, named)


def _in_time(wanted: Wanted, windows: Sequence[Window], named: Sequence[Raised]) -> tuple[bool, str]:
    begins = _begin_of(wanted, windows)
    if begins is None:
        return False, "nothing that happens has this hazard"
    reached = sorted(
        when for one in named if (when := one.reached(wanted.level)) is not None and when >= begins - _AHEAD_NS
    )
    if not reached:
        return False, "it never came" if not named else f"it did not reach {wanted.level} in that time"
    delay = (reached[0] - begins) / SECOND
    said = f"it came after {written(delay)}" if delay >= 0 else f"it came {written(-delay)} before"
    return delay <= wanted.within_seconds, said


def _begin_of(wanted: Wanted, windows: Sequence[Window]) -> int | None:
    """Return when the trouble began: on this asset, else the first of its hazard, else the first of all."""
    same = [window for window in windows if window.hazard == wanted.hazard]
    here = [window for window in same if window.asset == wanted.asset]
    return min((window.start_ns for window in here or same or windows), default=None)


def _speaks_of(raised: Raised, window: Window, kin: Mapping[str, frozenset[str]]) -> bool:
    if not window.start_ns - _AHEAD_NS <= raised.learned_ns <= window.end_ns + _AFTERMATH_NS:
        return False
    if raised.hazard != window.hazard and raised.hazard not in _BRINGS.get(window.hazard, ()):
        return False
    named = {window.asset, *(str(value) for value in window.detail.values()), *kin.get(window.asset, frozenset())}
    return raised.asset in named
