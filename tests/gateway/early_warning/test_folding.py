from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.early_warning import Acknowledged, EarlyWarning, Finding, Level, Observed, State, StepKind, fold, urgency
from gateway.early_warning.folding import MAX_FINDINGS, MAX_STEPS
from gateway.errors import NotAllowed

Make = Callable[..., Finding]


def told(*findings: Finding) -> EarlyWarning:
    """Fold findings into one warning."""
    warning: EarlyWarning | None = None
    for finding in findings:
        warning = fold(warning, Observed("w", finding))
    assert warning is not None
    return warning


def test_the_level_is_that_of_the_worst_finding(finding: Make) -> None:
    warning = told(
        finding(Level.YELLOW, channel="a"), finding(Level.RED, 5, channel="b"), finding(Level.NONE, 9, channel="b")
    )

    assert (warning.level, warning.peak_level) == (Level.YELLOW, Level.RED)
    assert [step.kind for step in warning.steps] == [StepKind.RAISED, StepKind.WORSENED, StepKind.EASED]


def test_it_clears_only_when_the_last_finding_has_ended(finding: Make) -> None:
    both = (finding(Level.YELLOW, channel="a"), finding(Level.YELLOW, 1, channel="b"))

    one_ended = told(*both, finding(Level.NONE, 9, channel="a"))
    both_ended = fold(one_ended, Observed("w", finding(Level.NONE, 12, channel="b")))

    assert one_ended.state is State.ACTIVE
    assert both_ended.state is State.CLEARED
    assert both_ended.steps[-1].kind is StepKind.CLEARED


def test_an_older_state_of_a_finding_changes_nothing(finding: Make) -> None:
    warning = told(finding(Level.YELLOW), finding(Level.NONE, 60))

    assert fold(warning, Observed("w", finding(Level.RED, 30))) is warning


def test_what_was_acknowledged_as_red_need_not_be_seen_again_when_it_returns_to_red(finding: Make) -> None:
    seen = fold(told(finding(Level.RED)), Acknowledged("w", "王芳", "", 1, 1))

    eased = fold(seen, Observed("w", finding(Level.YELLOW, 10)))
    red_again = fold(eased, Observed("w", finding(Level.RED, 20)))

    assert red_again.state is State.ACKNOWLEDGED


def test_the_revision_counts_steps(finding: Make) -> None:
    warning = told(finding(Level.YELLOW), finding(Level.RED, 5))

    assert warning.revision == len(warning.steps) == 2
    assert fold(warning, Acknowledged("w", "王芳", "", 1, 2)).revision == 3


def test_nothing_can_be_acknowledged_before_it_is_raised() -> None:
    with pytest.raises(NotAllowed):
        fold(None, Acknowledged("w", "王芳", "", 1, 1))


def test_a_finding_outside_any_warning_is_not_folded(finding: Make) -> None:
    with pytest.raises(ValueError, match="outside any warning"):
        fold(None, Observed(None, finding()))


def test_a_chattering_sensor_does_not_grow_a_warning_without_bound(finding: Make) -> None:
    story = []
    for minute in range(0, 2 * MAX_STEPS, 2):
        story += [finding(Level.BLUE, start=minute), finding(Level.NONE, minute + 1, start=minute)]

    warning = told(*story)

    assert len(warning.findings) == MAX_FINDINGS
    assert len(warning.steps) == MAX_STEPS
    assert warning.steps[0].kind is StepKind.RAISED
    assert warning.revision == len(story)


def test_findings_that_stand_are_never_given_up(finding: Make) -> None:
    standing = [finding(Level.BLUE, channel=f"c{number}") for number in range(MAX_FINDINGS + 9)]

    assert len(told(*standing).findings) == MAX_FINDINGS + 9


def test_what_stands_comes_before_what_has_ended(finding: Make) -> None:
    blue = told(finding(Level.BLUE))
    was_red = told(finding(Level.RED), finding(Level.NONE, 60))
    seen_red = fold(told(finding(Level.RED)), Acknowledged("w", "王芳", "", 1, 1))

    assert sorted([seen_red, was_red, blue], key=urgency) == [blue, was_red, seen_red]
