from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from gateway.model import SECOND, Floats
from simulators.models.contract import Event, Place, Window, check_event, window_of
from simulators.weather import Climate, Storm, Weather
from simulators.world import World

END = 10**15


class Counting:
    """A model that says how often it was stepped, plus what it was told of another place."""

    def __init__(self, asset: str, step_seconds: float, reads: Place | None = None) -> None:
        self.places: tuple[Place, ...] = ((asset, "water_flow"),)
        self.step_seconds = step_seconds
        self.closed = False
        self.happened: list[Window] = []
        self._reads = reads
        self._steps = 0.0
        self._assets = frozenset({asset})

    def stage(self, event: Event) -> Window | None:
        check_event(event, {"leak": "m3/h of lost water"}, self._assets)
        return window_of(event, "pipe_leak", END)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        assert weather.rain_mm_h >= 0 <= time_ns
        self._steps += 1.0
        return np.array([self._steps + (others.get(self._reads, 0.0) if self._reads else 0.0)])

    def close(self) -> None:
        self.closed = True


def test_a_value_between_two_steps_lies_on_the_line_between_them() -> None:
    world = World([Counting("P-1", 60.0)], Climate(seed=1), 0)

    world.advance(120 * SECOND, keep_ns=120 * SECOND)

    assert world.at(("P-1", "water_flow"), 90 * SECOND) == pytest.approx(2.5)


def test_a_later_model_reads_what_an_earlier_one_said() -> None:
    first, second = Counting("P-1", 60.0), Counting("R-1", 60.0, reads=("P-1", "water_flow"))
    world = World([first, second], Climate(seed=1), 0)

    world.advance(60 * SECOND)

    assert world.at(("R-1", "water_flow"), 60 * SECOND) == 4.0


def test_a_slow_model_reaches_the_moment_too() -> None:
    world = World([Counting("P-1", 60.0), Counting("P-2", 300.0)], Climate(seed=1), 0)

    world.advance(120 * SECOND)

    assert world.now_ns >= 120 * SECOND
    assert world.at(("P-2", "water_flow"), 120 * SECOND) == pytest.approx(1.4)


def test_old_steps_are_forgotten_but_for_those_that_are_kept() -> None:
    world = World([Counting("P-1", 1.0)], Climate(seed=1), 0)

    for second in range(1, 1001):
        world.advance(second * SECOND, keep_ns=10 * SECOND)

    assert sum(map(len, world._values)) < 20


def test_a_place_that_two_models_tell_is_a_fault() -> None:
    with pytest.raises(ValueError, match="two models tell the water_flow of P-1"):
        World([Counting("P-1", 1.0), Counting("P-1", 1.0)], Climate(seed=1), 0)


def test_an_event_goes_to_the_model_of_its_asset() -> None:
    world = World([Counting("P-1", 60.0), Counting("P-2", 60.0)], Climate(seed=1), 0)

    window = world.stage(Event(5, "leak", "P-2", amount=3.0, seconds=60.0))

    assert world.windows == [window]
    assert window == Window(5, 5 + 60 * SECOND, "leak", "P-2", "pipe_leak", {"amount": 3.0})


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Event(5, "leak", "P-9", amount=3.0), "no such asset"),
        (Event(5, "strike", "P-2", amount=3.0), "'strike' cannot happen here; it can be one of leak"),
        (Event(5, "leak", "P-2", amount=-1.0), "amount must be m3/h of lost water, above 0, got -1"),
        (Event(5, "leak", "P-2"), "amount is missing: m3/h of lost water"),
        (Event(5, "leak", "P-2", amount=1.0, seconds=0.0), "lasts must be above 0"),
    ],
)
def test_an_impossible_event_is_refused_with_its_reason(event: Event, reason: str) -> None:
    world = World([Counting("P-1", 60.0), Counting("P-2", 60.0)], Climate(seed=1), 0)

    with pytest.raises(ValueError, match=reason):
        world.stage(event)

    assert world.windows == []


def test_an_event_of_the_past_is_refused() -> None:
    world = World([Counting("P-1", 60.0)], Climate(seed=1), 0)
    world.advance(600 * SECOND)

    with pytest.raises(ValueError, match="has already passed"):
        world.stage(Event(5, "leak", "P-1", amount=1.0))


def test_a_storm_may_begin_while_the_world_runs() -> None:
    rained: list[float] = []

    class Gauge(Counting):
        def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
            rained.append(weather.rain_mm_h)
            return super().step(time_ns, weather, others)

    world = World([Gauge("P-1", 60.0)], Climate(seed=1), 0)
    world.advance(60 * SECOND)

    world.rain(Storm(60 * SECOND, 10.0, 20.0))
    world.advance(660 * SECOND)

    assert rained[:2] == [0.0, 0.0]
    assert sum(rained) / 60.0 == pytest.approx(20.0)


def test_leaving_a_world_closes_its_models() -> None:
    model = Counting("P-1", 60.0)

    with World([model], Climate(seed=1), 0):
        assert not model.closed

    assert model.closed
