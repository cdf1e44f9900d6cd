"""What a model of physics is: places whose true values it tells, events that break it, a step at a time.

Rule 1: the same description, seed, events and weather give the same values, byte for byte.
Rule 2: time goes forward in equal steps; a model reads no clock.
Rule 3: an impossible event is refused with one sentence, and changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, runtime_checkable

from gateway.model import Floats, Int64s
from simulators.weather import Weather

Place: TypeAlias = tuple[str, str]
"""An asset and one quantity of it (gateway/units.py), whose true value is in the quantity's canonical unit."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to an asset at a moment; what `amount` means is said by the model that stages it."""

    time_ns: int
    kind: str
    asset: str
    amount: float = math.nan
    seconds: float = math.nan
    """How long it lasts, NaN when it stays."""


@dataclass(frozen=True, slots=True)
class Window:
    """A labelled stretch of the truth: what was wrong where, and which hazard a gateway ought to name."""

    start_ns: int
    end_ns: int
    kind: str
    asset: str
    hazard: str
    """A word of the gateway's list of hazards; empty for what looks like one and is none."""
    detail: Mapping[str, float | str] = field(default_factory=dict)


class TooMuch(ValueError):  # noqa: N818 - a word that reads
    """An event is refused for its amount; `most` is the most that could be."""

    def __init__(self, reason: str, most: float) -> None:
        super().__init__(reason)
        self.most = most


class Model(Protocol):
    """One piece of the city."""

    @property
    def places(self) -> tuple[Place, ...]:
        """The true values that it tells, in the order of `step`'s."""
        ...

    @property
    def step_seconds(self) -> float:
        """The width of its steps."""
        ...

    @property
    def happened(self) -> Sequence[Window]:
        """What came of events and weather so far, beside the windows of the events themselves: floods, a collapse."""
        ...

    def stage(self, event: Event) -> Window | None:
        """Take an event that lies ahead; return its window, None when nothing is wrong; ValueError says why not."""
        ...

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Go on to `time_ns`, one step after the last, knowing what the models before it said; one value a place."""
        ...

    def close(self) -> None:
        """Leave no file and no handle behind."""
        ...


@runtime_checkable
class Waving(Protocol):
    """A model that also knows what goes on between its steps: pressure waves, vibration."""

    @property
    def waving(self) -> frozenset[Place]:
        """The places whose waves it tells."""
        ...

    def wave(self, place: Place, time_ns: Int64s) -> Floats:
        """Return the values at times that its steps have reached, a minute back at the most; NaN beyond."""
        ...


@runtime_checkable
class Accounting(Protocol):
    """A model that can say what really came of an event, once it has come."""

    def accounted(self, window: Window) -> Window:
        """Return the window of an event with what came of it so far in its detail."""
        ...


def window_of(event: Event, hazard: str, end_ns: int, **detail: float | str) -> Window:
    """Return the window of an event that ends with it, or else with the world.

    >>> window_of(Event(5, "leak", "P-1", amount=3.0, seconds=2e-9), "pipe_leak", 100).end_ns
    7
    """
    lasts = event.time_ns + round(event.seconds * 1e9) if math.isfinite(event.seconds) else end_ns
    if math.isfinite(event.amount):
        detail = {"amount": event.amount, **detail}
    return Window(event.time_ns, min(lasts, end_ns), event.kind, event.asset, hazard, detail)


def staying(event: Event, hazard: str, end_ns: int) -> Window:
    """Return the window of an event that comes within its `seconds` and then stays.

    >>> staying(Event(5, "slow_leak", "P-1", amount=3.0, seconds=2e-9), "pipe_leak", 100).end_ns
    100
    """
    return window_of(replace(event, seconds=math.nan), hazard, end_ns)


def check_event(
    event: Event, kinds: Mapping[str, str], assets: frozenset[str], *, least: float = 0.0, most: float = math.inf
) -> None:
    """Raise ValueError when a model has no such kind or asset, or the amount cannot be.

    `kinds` names what the amount of each kind is, empty where it has none; it lies above `least` and up to `most`.
    """
    if event.kind not in kinds:
        raise ValueError(f"{event.kind!r} cannot happen here; it can be one of {', '.join(sorted(kinds))}")
    if event.asset not in assets:
        only = f"there is no such asset here, only {_some(assets)}" if assets else "nothing here can have it"
        raise ValueError(f"{event.kind} at {event.asset!r}: {only}")
    what = f"{event.kind} at {event.asset}"
    if meaning := kinds[event.kind]:
        if math.isnan(event.amount):
            raise ValueError(f"{what}: amount is missing: {meaning}")
        if not least < event.amount <= most:
            bounds = f"above {least:g}" + (f" and at most {most:.4g}" if math.isfinite(most) else "")
            raise TooMuch(f"{what}: amount must be {meaning}, {bounds}, got {event.amount:g}", most)
    elif math.isfinite(event.amount):
        raise ValueError(f"{what}: it has no amount, got {event.amount:g}")
    if event.seconds <= 0:
        raise ValueError(f"{what}: lasts must be above 0 s, got {event.seconds:g} s")


def _some(assets: frozenset[str], most: int = 6) -> str:
    named = sorted(assets)
    return ", ".join(named[:most]) + (f" and {len(named) - most} more" if len(named) > most else "")
