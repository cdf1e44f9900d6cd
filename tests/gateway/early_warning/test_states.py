from __future__ import annotations

import itertools

import pytest

from gateway.early_warning import TABLE, Change, State, next_state
from gateway.errors import NotAllowed


def test_every_open_state_takes_every_change_that_a_finding_can_make() -> None:
    findings = (Change.STANDS, Change.WORSENS, Change.CLEARS)
    open_states = (State.ACTIVE, State.ACKNOWLEDGED, State.CLEARED)

    assert all(pair in TABLE for pair in itertools.product(open_states, findings))


def test_nothing_leaves_closed() -> None:
    assert not [state for state, _ in TABLE if state is State.CLOSED]


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.CLOSED, None])
def test_what_was_seen_or_is_over_cannot_be_acknowledged(state: State | None) -> None:
    with pytest.raises(NotAllowed, match="not possible while the warning is"):
        next_state(state, Change.ACKNOWLEDGE)


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(NotAllowed, match="possible: clears, stands, worsens"):
        next_state(State.ACKNOWLEDGED, Change.ACKNOWLEDGE)


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ((Change.WORSENS, Change.ACKNOWLEDGE, Change.CLEARS), State.CLOSED),
        ((Change.WORSENS, Change.CLEARS, Change.ACKNOWLEDGE), State.CLOSED),
        ((Change.WORSENS, Change.CLEARS, Change.STANDS), State.ACTIVE),
        ((Change.WORSENS, Change.ACKNOWLEDGE, Change.STANDS), State.ACKNOWLEDGED),
        ((Change.WORSENS, Change.ACKNOWLEDGE, Change.WORSENS), State.ACTIVE),
    ],
)
def test_the_roads_through_the_table(changes: tuple[Change, ...], end: State) -> None:
    state: State | None = None

    for change in changes:
        state = next_state(state, change)

    assert state is end
