"""When a warning of a rehearsal counts as raised, returned or risen."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from gateway.app.rehearsal import climbs_of
from gateway.early_warning import EarlyWarning, Finding, Level, Observed, fold

Make = Callable[..., Finding]


def _climbs(*findings: Finding) -> list[str]:
    told: EarlyWarning | None = reduce(lambda held, one: fold(held, Observed("w", one)), findings, None)
    assert told is not None
    return [level for _, level in climbs_of(told)]


def test_a_rise_counts_and_easing_to_and_fro_does_not(finding: Make) -> None:
    levels = (Level.YELLOW, Level.ORANGE, Level.YELLOW, Level.ORANGE, Level.RED)

    climbs = _climbs(*(finding(level, 10 * number) for number, level in enumerate(levels)))

    assert climbs == ["yellow", "orange", "red"]


def test_what_returns_after_it_had_cleared_counts_anew(finding: Make) -> None:
    ended = finding(Level.NONE, 100)
    again = finding(Level.YELLOW, 300, start=300)

    assert _climbs(finding(Level.ORANGE, 10), ended, again) == ["orange", "yellow"]
