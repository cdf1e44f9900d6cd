"""A city of several models that step together: what one says, those after it may read. Knows nothing of devices."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from gateway.model import SECOND, Floats, Int64s
from gateway.units import QUANTITIES
from simulators.models.contract import Accounting, Event, Model, Place, Waving, Window
from simulators.weather import Climate, Storm, Weather

_WEATHER_SECONDS = 60.0
_STATES = frozenset(name for name, quantity in QUANTITIES.items() if quantity.unit == "1")


class World:
    """Models on one clock of their own, from `start_ns` on; leaving its block closes them.

    Between two steps a value goes straight from one to the other; states (0 or 1) hold.
    """

    def __init__(self, models: Sequence[Model], climate: Climate, start_ns: int) -> None:
        self.climate = climate
        self.start_ns = start_ns
        self._models = list(models)
        self._owner: dict[Place, tuple[int, int]] = {}
        for number, model in enumerate(self._models):
            for column, place in enumerate(model.places):
                if place in self._owner:
                    raise ValueError(f"two models tell the {place[1]} of {place[0]}")
                self._owner[place] = (number, column)
        self._times: list[list[int]] = [[] for _ in self._models]
        self._values: list[list[list[float]]] = [[] for _ in self._models]
        self._said: dict[Place, float] = {}
        self._reached_ns = start_ns - 1
        """So far has every model been stepped."""
        self._known_weather: tuple[tuple[int, float], Weather] | None = None
        self._pending: list[Event] = []
        self._staged: list[tuple[Model, Window]] = []

    @property
    def places(self) -> tuple[Place, ...]:
        """Every true value that this world tells."""
        return tuple(self._owner)

    @property
    def windows(self) -> list[Window]:
        """What is or will be wrong: what was staged, then what came of it and of the weather so far."""
        staged = [model.accounted(one) if isinstance(model, Accounting) else one for model, one in self._staged]
        return [*staged, *(window for model in self._models for window in model.happened)]

    @property
    def now_ns(self) -> int:
        """The moment up to which every model has been stepped; `start_ns` before the first step."""
        return min((times[-1] for times in self._times if times), default=self.start_ns)

    def stage(self, event: Event) -> Window | None:
        """Hand an event to the model that can have it; ValueError says why none can."""
        if event.time_ns < self.now_ns:
            raise ValueError(f"{event.kind} at {event.asset}: its time has already passed")
        reasons: list[tuple[int, ValueError]] = []
        for model in self._models:
            try:
                window = model.stage(event)
            except ValueError as error:
                reasons.append((_closeness(model, event), error))
                continue
            if window is not None:
                self._staged.append((model, window))
            return window
        nothing = (0, ValueError("there is nothing in this world"))
        raise max(reasons, default=nothing, key=lambda one: one[0])[1]

    def rain(self, storm: Storm) -> None:
        """Let one more storm fall; what of it lies before the models' own time has fallen on nobody."""
        self.climate = replace(self.climate, storms=[*self.climate.storms, storm])
        self._known_weather = None

    def advance(self, until_ns: int, *, keep_ns: int = 0) -> None:
        """Step every model until it has reached a moment; steps older than `keep_ns` before it are forgotten."""
        if until_ns <= self._reached_ns:
            return
        while behind := [number for number in range(len(self._models)) if self._last(number) < until_ns]:
            number = min(behind, key=lambda one: (self._next(one), one))
            self._step(number, self._next(number))
        for times, values in zip(self._times, self._values, strict=True):
            old = max(0, bisect_right(times, until_ns - keep_ns) - 1)
            del times[:old], values[:old]
        self._reached_ns = min((self._last(number) for number in range(len(self._models))), default=until_ns)

    def at(self, place: Place, time_ns: int) -> float:
        """Return the true value at a moment that has been reached and not been forgotten; NaN when nobody tells it."""
        owner = self._owner.get(place)
        if owner is None or not self._times[owner[0]]:
            return math.nan
        number, column = owner
        times, values = self._times[number], self._values[number]
        after = bisect_left(times, time_ns)
        if after == len(times) or after == 0 or times[after] == time_ns:
            return values[min(after, len(times) - 1)][column]
        low, high = values[after - 1][column], values[after][column]
        if place[1] in _STATES:
            return low
        return low + (time_ns - times[after - 1]) / (times[after] - times[after - 1]) * (high - low)

    def wave(self, place: Place, time_ns: Int64s) -> Floats:
        """Return the true values at many moments of the last minute that has been reached, waves between steps told."""
        model: object = self._models[self._owner[place][0]] if place in self._owner else None
        if isinstance(model, Waving) and place in model.waving:
            return model.wave(place, time_ns)
        return np.array([self.at(place, moment) for moment in time_ns.tolist()])

    def close(self) -> None:
        """Close every model, the last first."""
        for model in reversed(self._models):
            model.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _weather(self, time_ns: int, over_seconds: float) -> Weather:
        """Return the weather, for quick steps anew only every minute."""
        minute = time_ns - time_ns % round(_WEATHER_SECONDS * SECOND)
        if self._known_weather is None or self._known_weather[0] != (minute, over_seconds):
            self._known_weather = ((minute, over_seconds), self.climate.at(minute, over_seconds=over_seconds))
        return self._known_weather[1]

    def _last(self, number: int) -> int:
        return self._times[number][-1] if self._times[number] else self.start_ns - 1

    def _next(self, number: int) -> int:
        """Return the moment of a model's next step; the first is the start itself."""
        times = self._times[number]
        return times[-1] + round(self._models[number].step_seconds * SECOND) if times else self.start_ns

    def _step(self, number: int, time_ns: int) -> None:
        model = self._models[number]
        weather = self._weather(time_ns, max(_WEATHER_SECONDS, model.step_seconds))
        values: Floats = model.step(time_ns, weather, self._said)
        self._times[number].append(time_ns)
        told = values.tolist()
        self._values[number].append(told)
        self._said.update(zip(model.places, told, strict=True))


def _closeness(model: Model, event: Event) -> int:
    """Return how far a model's refusal is about the event itself, so that the right reason is given."""
    return sum(asset == event.asset for asset, _ in model.places)
