from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.early_warning import EarlyWarning, Finding, Level, State, StepKind
from gateway.errors import NotAllowed, Unreachable
from gateway.ledger import Ledger, LedgerChange

Make = Callable[..., Finding]
Open = Callable[[], Ledger]


def record(ledger: Ledger, *findings: Finding) -> None:
    ledger.record_findings(findings).result(5)


def only(ledger: Ledger) -> EarlyWarning:
    (warning,) = ledger.warnings()
    return warning


def test_a_finding_raises_a_warning_with_its_evidence(ledger: Ledger, finding: Make) -> None:
    raised = finding(Level.ORANGE)

    record(ledger, raised)

    warning = only(ledger)
    assert (warning.hazard, warning.asset, warning.level, warning.state) == (
        "gas_leak",
        "MH-1",
        Level.ORANGE,
        State.ACTIVE,
    )
    assert warning.findings == {raised.id: raised}
    assert warning.start_ns == raised.start_ns


def test_two_findings_of_one_hazard_on_one_asset_are_one_warning(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW), finding(Level.RED, 5, channel="MH-1.gas-2.ch4"))

    warning = only(ledger)

    assert warning.level is Level.RED
    assert len(warning.findings) == 2
    assert [step.kind for step in warning.steps] == [StepKind.RAISED, StepKind.WORSENED]


def test_the_same_findings_told_twice_change_nothing(ledger: Ledger, finding: Make) -> None:
    story = [finding(Level.YELLOW), finding(Level.RED, 5), finding(Level.NONE, 90)]
    record(ledger, *story)
    before = ledger.warnings()

    record(ledger, *story)
    record(ledger, *story[:2])

    assert ledger.warnings() == before
    assert len(only(ledger).steps) == 3


def test_a_warning_that_ended_unseen_stays_until_it_is_acknowledged(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.RED), finding(Level.NONE, 90))
    cleared = only(ledger)

    closed = ledger.acknowledge(cleared.id, person="王芳", note="seen on the log").result(5)

    assert cleared.state is State.CLEARED
    assert closed.state is State.CLOSED
    assert ledger.warnings() == []
    assert ledger.warnings(include_closed=True) == [closed]
    assert ledger.warning(closed.id) == closed


def test_an_acknowledged_warning_closes_when_its_findings_end(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.RED))
    ledger.acknowledge(only(ledger).id, person="王芳").result(5)

    record(ledger, finding(Level.NONE, 90))

    assert ledger.warnings() == []


def test_it_asks_again_when_it_rises_above_what_was_seen(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW))
    ledger.acknowledge(only(ledger).id, person="王芳").result(5)
    seen = only(ledger)

    record(ledger, finding(Level.RED, 20))

    assert seen.state is State.ACKNOWLEDGED
    assert only(ledger).state is State.ACTIVE
    assert only(ledger).id == seen.id


def test_one_that_rises_again_before_it_is_closed_is_the_same(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW), finding(Level.NONE, 60))
    cleared = only(ledger)

    record(ledger, finding(Level.ORANGE, start=120))

    assert only(ledger).id == cleared.id
    assert only(ledger).state is State.ACTIVE
    assert only(ledger).steps[-1].kind is StepKind.RETURNED


def test_one_that_rises_after_it_was_closed_is_new(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW), finding(Level.NONE, 60))
    closed = ledger.acknowledge(only(ledger).id, person="王芳").result(5)

    record(ledger, finding(Level.ORANGE, start=120), finding(Level.BLUE, channel="other"))

    assert only(ledger).id != closed.id
    assert ledger.warning(closed.id) == closed


def test_a_new_warning_that_began_in_the_same_nanosecond_gets_an_id_of_its_own(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW), finding(Level.NONE, 60))
    closed = ledger.acknowledge(only(ledger).id, person="王芳").result(5)

    record(ledger, finding(Level.BLUE, channel="MH-1.gas-2.ch4"))

    assert only(ledger).start_ns == closed.start_ns
    assert only(ledger).id != closed.id


def test_the_same_click_twice_is_one_step(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW))
    shown = only(ledger)

    first = ledger.acknowledge(shown.id, person="王芳", note="on it", revision=shown.revision).result(5)
    second = ledger.acknowledge(shown.id, person="王芳", note="on it", revision=shown.revision).result(5)
    third = ledger.acknowledge(shown.id, person="王芳", note="on it").result(5)

    assert first == second == third
    assert [step.kind for step in ledger.steps(shown.id)] == [StepKind.RAISED, StepKind.ACKNOWLEDGED]


@pytest.mark.parametrize(
    ("person", "revision", "reason"),
    [("李强", 1, "has changed"), ("李强", None, "not possible while the warning is acknowledged"), (" ", 2, "name")],
)
def test_a_second_person_is_told_why_not(
    ledger: Ledger, finding: Make, person: str, revision: int | None, reason: str
) -> None:
    record(ledger, finding(Level.YELLOW))
    ledger.acknowledge(only(ledger).id, person="王芳").result(5)

    with pytest.raises(NotAllowed, match=reason):
        ledger.acknowledge(only(ledger).id, person=person, revision=revision).result(5)


def test_acknowledging_what_never_was_is_not_allowed(ledger: Ledger) -> None:
    with pytest.raises(NotAllowed, match="there is no warning"):
        ledger.acknowledge("none", person="王芳").result(5)


def test_a_late_finding_is_kept_apart_and_raises_no_warning(ledger: Ledger, finding: Make) -> None:
    late = finding(Level.RED, is_late=True)

    record(ledger, late)

    assert ledger.warnings() == []
    assert ledger.late_findings() == [late]


def test_the_end_of_a_late_finding_is_no_warning_either(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.RED, is_late=True))

    record(ledger, finding(Level.NONE, 60))

    assert ledger.warnings() == []
    assert [each.level for each in ledger.late_findings()] == [Level.NONE]


def test_a_late_finding_that_goes_on_becomes_a_warning_with_its_first_fresh_sample(
    ledger: Ledger, finding: Make
) -> None:
    record(ledger, finding(Level.RED, is_late=True))

    record(ledger, finding(Level.RED, 300))

    assert ledger.late_findings() == []
    assert only(ledger).level is Level.RED


def test_late_knowledge_of_a_standing_warning_ends_it_but_never_asks_again(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.YELLOW))
    ledger.acknowledge(only(ledger).id, person="王芳").result(5)

    record(ledger, finding(Level.RED, 30, is_late=True))
    worse = only(ledger)
    record(ledger, finding(Level.NONE, 60, is_late=True))

    assert (worse.state, worse.level) == (State.ACKNOWLEDGED, Level.RED)
    assert ledger.warnings() == []


def test_subscribers_hear_of_each_change_after_it_is_on_disk(ledger: Ledger, open_ledger: Open, finding: Make) -> None:
    heard: list[tuple[LedgerChange, EarlyWarning | None]] = []
    unsubscribe = ledger.subscribe(lambda change: heard.append((change, open_ledger().warning(change.id))))

    record(ledger, finding(Level.YELLOW), finding(Level.RED, 5))
    ledger.remember_channels({})
    unsubscribe()
    record(ledger, finding(Level.NONE, 60))

    ((change, on_disk),) = heard
    assert change == on_disk


def test_a_subscriber_that_fails_harms_nobody(ledger: Ledger, finding: Make) -> None:
    def fail(_: LedgerChange) -> None:
        raise RuntimeError("page gone")

    ledger.subscribe(fail)

    record(ledger, finding(Level.YELLOW))
    record(ledger, finding(Level.RED, 5))

    assert only(ledger).level is Level.RED


def test_the_most_urgent_comes_first(ledger: Ledger, finding: Make) -> None:
    record(ledger, finding(Level.RED, asset="A"), finding(Level.BLUE, asset="B"), finding(Level.ORANGE, 9, asset="C"))
    (red,) = [warning for warning in ledger.warnings() if warning.asset == "A"]

    ledger.acknowledge(red.id, person="王芳").result(5)

    assert [warning.asset for warning in ledger.warnings()] == ["C", "B", "A"]


def test_numbers_that_json_cannot_hold_are_kept_as_far_as_possible(
    ledger: Ledger, open_ledger: Open, finding: Make
) -> None:
    record(ledger, finding(Level.RED, score=float("inf")))

    ledger.close()

    (held,) = only(open_ledger()).findings.values()
    assert held.score == 1e9


def test_what_is_asked_after_closing_is_refused(ledger: Ledger, finding: Make) -> None:
    ledger.close()

    with pytest.raises(Unreachable, match="closed"):
        record(ledger, finding())
    ledger.close()


def test_channel_numbers_are_remembered(ledger: Ledger, open_ledger: Open) -> None:
    ledger.remember_channels({"a": 3, "b": 7})
    ledger.close()

    assert open_ledger().highest_channel() == 7


def test_it_comes_back_as_it_was(ledger: Ledger, open_ledger: Open, finding: Make) -> None:
    record(ledger, finding(Level.RED), finding(Level.YELLOW, asset="B"), finding(Level.RED, asset="C", is_late=True))
    ledger.acknowledge(ledger.warnings()[0].id, person="王芳").result(5)
    before = (ledger.warnings(), ledger.late_findings())

    ledger.close()
    again = open_ledger()

    assert (again.warnings(), again.late_findings()) == before
