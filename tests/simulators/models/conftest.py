from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gateway.model import SECOND
from simulators.models.bridge import Bridge, Span
from simulators.models.contract import Event, Model, Place
from simulators.models.gas_space import GasSpaces, Space
from simulators.models.road import Ground, RoadGround
from simulators.models.slope import Slope, SlopeModel
from simulators.models.tunnel import Bore, Gallery, RoadTunnel, UtilityTunnel
from simulators.weather import Climate, Storm
from simulators.world import World

HOUR = 3600 * SECOND
START = 1_750_032_000 * SECOND
"""A Monday, 08:00 in Shanghai."""
END = START + 30 * 24 * HOUR

Build = Callable[[int], Model]
MODELS: Mapping[str, Build] = {
    "gas_spaces": lambda seed: GasSpaces([Space("A", {"G": 4.0}), Space("B", {"G": 20.0})], end_ns=END, seed=seed),
    "bridge": lambda seed: Bridge(Span("A"), end_ns=END, seed=seed),
    "slope": lambda seed: SlopeModel(Slope("A"), end_ns=END, seed=seed),
    "road_tunnel": lambda seed: RoadTunnel(Bore("A"), end_ns=END, seed=seed),
    "utility_tunnel": lambda seed: UtilityTunnel(Gallery("A"), end_ns=END, seed=seed),
    "road": lambda seed: RoadGround(Ground("A", ("P",)), end_ns=END, seed=seed),
}
"""The models that need no library, each with an asset A."""


class Story:
    """One model in a world, told by the hour."""

    def __init__(self, model: Model, storms: tuple[Storm, ...] = ()) -> None:
        self.model = model
        self.world = World([model], Climate(seed=5, storms=storms), START)

    def happens(
        self, hour: float, kind: str, amount: float = float("nan"), *, asset: str = "A", hours: float = 0
    ) -> None:
        seconds = hours * 3600.0 or float("nan")
        self.world.stage(Event(START + round(hour * HOUR), kind, asset, amount, seconds))

    def at(self, hour: float, quantity: str, asset: str = "A") -> float:
        place: Place = (asset, quantity)
        moment = START + round(hour * HOUR)
        self.world.advance(moment)
        return self.world.at(place, moment)


@pytest.fixture
def tell() -> Callable[..., Story]:
    def story(model: str, *, seed: int = 1, storms: tuple[Storm, ...] = ()) -> Story:
        return Story(MODELS[model](seed), storms)

    return story
