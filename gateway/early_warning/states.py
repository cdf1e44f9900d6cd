"""The life of an early warning as a table (ISA-18.2-2016, alarm states).

active ──acknowledge──► acknowledged ──clears──► closed
  │  ▲                       │
  │  └──────── worsens ──────┘
  └─clears─► cleared ──acknowledge──► closed      (cleared ──stands or worsens──► active)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from gateway.errors import NotAllowed


class State(StrEnum):
    """Where an early warning stands; shelved and inhibited are not states."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    CLOSED = "closed"


class Change(StrEnum):
    """What can happen to an early warning."""

    STANDS = "stands"
    """A finding holds, at no higher level than somebody has acknowledged."""
    WORSENS = "worsens"
    """A finding holds at a level that nobody has acknowledged yet."""
    CLEARS = "clears"
    """The last of its findings has ended."""
    ACKNOWLEDGE = "acknowledge"
    """A person has seen it."""


TABLE: Mapping[tuple[State | None, Change], State] = MappingProxyType(
    {
        (None, Change.STANDS): State.ACTIVE,
        (None, Change.WORSENS): State.ACTIVE,
        (State.ACTIVE, Change.STANDS): State.ACTIVE,
        (State.ACTIVE, Change.WORSENS): State.ACTIVE,
        (State.ACTIVE, Change.CLEARS): State.CLEARED,
        (State.ACTIVE, Change.ACKNOWLEDGE): State.ACKNOWLEDGED,
        (State.ACKNOWLEDGED, Change.STANDS): State.ACKNOWLEDGED,
        # Seen as yellow is not seen as red: it asks again.
        (State.ACKNOWLEDGED, Change.WORSENS): State.ACTIVE,
        (State.ACKNOWLEDGED, Change.CLEARS): State.CLOSED,
        (State.CLEARED, Change.STANDS): State.ACTIVE,
        (State.CLEARED, Change.WORSENS): State.ACTIVE,
        (State.CLEARED, Change.CLEARS): State.CLEARED,
        (State.CLEARED, Change.ACKNOWLEDGE): State.CLOSED,
    }
)
"""(state, change) → next state; None is "no warning yet". A pair that is not here is not allowed."""


def next_state(state: State | None, change: Change) -> State:
    """Return the state after a change, or raise `NotAllowed`."""
    after = TABLE.get((state, change))
    if after is None:
        allowed = ", ".join(sorted(name for was, name in TABLE if was is state)) or "nothing"
        raise NotAllowed(f"{change} is not possible while the warning is {state or 'unknown'}; possible: {allowed}")
    return after
