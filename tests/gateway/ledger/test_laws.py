"""The ledger against stories nobody thought of: told again, cut anywhere, started again anywhere."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.early_warning import EarlyWarning, Finding, Level, State
from gateway.errors import NotAllowed
from gateway.health import Health
from gateway.ledger import Ledger, verify_file
from tests.gateway.conftest import make_finding

Told = tuple[str, str, int, Level, bool]
Step = Told | str

ASSETS = ("A", "B")
# An episode that starts at `start` on one of two channels of one of two assets, told of at growing times.
TOLD = st.tuples(
    st.sampled_from(ASSETS), st.sampled_from("xy"), st.integers(0, 2), st.sampled_from(Level), st.booleans()
)
STORIES = st.lists(st.one_of(TOLD, st.sampled_from(ASSETS)), max_size=25)


def opened(folder: Path) -> Ledger:
    return Ledger.open(folder, site="demo", clock=FakeClock(), health=Health())


def live(ledger: Ledger, story: list[tuple[int, Step]]) -> None:
    """Tell findings; where the story names an asset, somebody acknowledges its warning if that is allowed."""
    for seconds, step in story:
        if isinstance(step, str):
            for warning in ledger.warnings():
                if warning.asset == step:
                    with suppress(NotAllowed):
                        ledger.acknowledge(warning.id, person="p", revision=warning.revision).result(5)
        else:
            asset, channel, start, level, is_late = step
            told = make_finding(level, seconds, asset=asset, channel=f"{asset}.{channel}", start=start, is_late=is_late)
            ledger.record_findings([told]).result(5)


def standing(ledger: Ledger) -> tuple[list[EarlyWarning], list[Finding]]:
    return ledger.warnings(include_closed=True), ledger.late_findings()


@settings(max_examples=60, deadline=None)
@given(steps=STORIES, cut=st.integers(0, 25))
@example(
    steps=[("B", "x", 0, Level.BLUE, False), ("B", "x", 0, Level.NONE, False), ("B", "x", 0, Level.NONE, True)], cut=3
)
def test_started_again_anywhere_it_stands_as_if_it_had_never_stopped(steps: list[Step], cut: int) -> None:
    story = list(enumerate(steps, 3))
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        whole, before = opened(Path(first)), opened(Path(second))
        live(whole, story)
        live(before, story[:cut])
        before.close()
        after = opened(Path(second))
        live(after, story[cut:])

        found, expected = standing(after), standing(whole)
        whole.close()
        after.close()

        assert found == expected
        assert verify_file(Path(second)) is None


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(TOLD, max_size=20), again=st.integers(0, 20))
def test_findings_told_again_change_nothing(steps: list[Step], again: int) -> None:
    story = list(enumerate(steps, 3))
    with tempfile.TemporaryDirectory() as folder:
        ledger = opened(Path(folder))
        live(ledger, story)
        before = standing(ledger)

        live(ledger, story[-again:])

        after = standing(ledger)
        ledger.close()

        assert after == before


@settings(max_examples=60, deadline=None)
@given(steps=STORIES)
def test_one_hazard_on_one_asset_is_one_open_warning_and_its_state_fits_its_level(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = opened(Path(folder))
        live(ledger, list(enumerate(steps, 3)))
        warnings = ledger.warnings(include_closed=True)
        ledger.close()

    still_open = [warning.asset for warning in warnings if warning.state is not State.CLOSED]
    assert len(still_open) == len(set(still_open))
    assert len({warning.id for warning in warnings}) == len(warnings)
    for warning in warnings:
        has_ended = warning.level is Level.NONE
        assert has_ended == (warning.state in {State.CLEARED, State.CLOSED})
        assert warning.peak_level >= warning.level
        assert not all(finding.is_late and len(warning.steps) == 1 for finding in warning.findings.values())
