"""The physics behind a site file of one's own: one builder a model, for the assets that it fits.

What fits is told by lifeline, kind and what is measured there. Networks of pipes come from files, see `networks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.inventory import Asset, Inventory
from simulators.districts.drainage import RainGauge
from simulators.districts.part import Term
from simulators.models import bridge as bridges
from simulators.models import road as roads
from simulators.models import slope as slopes
from simulators.models.bridge import Bridge, Span
from simulators.models.contract import Model
from simulators.models.gas_space import ETHANE, RANGES, GasSpaces, Space
from simulators.models.road import Ground, RoadGround
from simulators.models.slope import Slope, SlopeModel
from simulators.models.supply import LINE_RANGES, HeatLine, HeatNetwork
from simulators.models.tunnel import BORE_RANGES, GALLERY_RANGES, Bore, Gallery, RoadTunnel, UtilityTunnel

BESIDE_METRES = 3.0
"""How far the gas pipe of a manhole is that has no other: a leak at the manhole itself leaves it there."""
_STEP_METRES = 25.0
_REACH_METRES = 60.0
"""Farther than this nothing of a leak arrives."""
_DEGREE_METRES = 111_320.0
_MAINS = frozenset({"main", "gas_main", "pipe"})
_ROADS_OVER = frozenset({"pipe", "main"})
_STRUCTURE = frozenset({"strain", "deflection", "acceleration", "frequency", "vehicle_weight", "tilt", "displacement"})
_SLOPE = frozenset({"displacement", "tilt", "soil_moisture", "pore_pressure"})
_GROUND = frozenset({"soil_moisture", "settlement", "groundwater_level", "void_anomaly"})
_ROAD_AIR = frozenset({"carbon_monoxide", "nitrogen_dioxide", "extinction", "convergence", "smoke"})
_GALLERY_AIR = frozenset({"oxygen", "combustible_gas", "hydrogen_sulfide", "humidity", "water_level", "smoke"})
_HEAT = frozenset({"supply_temperature", "return_temperature", "heat_power", "make_up_flow"})


@dataclass(frozen=True, slots=True)
class Premises:
    """A site as its builders see it."""

    assets: Mapping[str, Asset]
    quantities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Asset → what is measured there."""

    def measuring(self, lifeline: str, any_of: frozenset[str]) -> list[str]:
        """Return the assets of a lifeline at which something of a set is measured."""
        return [
            name
            for name, asset in self.assets.items()
            if asset.lifeline == lifeline and self.quantities.get(name, frozenset()) & any_of
        ]

    def related(self, asset: str) -> list[str]:
        """Return the assets that stand in any relation with one, from either side."""
        named = [other for others in self.assets[asset].relations.values() for other in others]
        naming = [one.id for one in self.assets.values() if any(asset in others for others in one.relations.values())]
        return [other for other in dict.fromkeys([*named, *naming]) if other in self.assets]

    def metres(self, one: str, other: str) -> float:
        """Return how far two assets are apart; NaN when a place is not known."""
        here, there = self.assets[one].location, self.assets[other].location
        if here is None or there is None:
            return math.nan
        east = (there[0] - here[0]) * math.cos(math.radians(here[1]))
        return _DEGREE_METRES * math.hypot(east, there[1] - here[1])


def premises_of(inventory: Inventory) -> Premises:
    """Return the assets of a site and what is measured at each."""
    quantities: dict[str, set[str]] = {}
    for channel in inventory.channels.values():
        quantities.setdefault(channel.asset, set()).add(channel.quantity)
    return Premises(inventory.assets, {asset: frozenset(told) for asset, told in quantities.items()})


def gas_reach(premises: Premises) -> dict[str, dict[str, float]]:
    """Return every chamber in which gas is measured → where a leak reaches it from, and over how many metres.

    A leak may be at the chamber itself, at one near by, or at a main that it is related with: the main passes the
    nearest of its chambers at three metres, and goes on to the others.
    """
    names = [
        name
        for name, told in premises.quantities.items()
        if "combustible_gas" in told and premises.assets[name].lifeline not in {"utility_tunnel", "tunnel"}
    ]
    reach: dict[str, dict[str, float]] = {name: {name: BESIDE_METRES} for name in names}
    for name in names:
        for other in names:
            apart = premises.metres(name, other)
            if other != name and apart <= _REACH_METRES:
                reach[name][other] = BESIDE_METRES + apart
    for main, asset in premises.assets.items():
        if asset.lifeline == "gas" and asset.kind in _MAINS and main not in reach:
            for name, metres in _along(premises, main, [one for one in premises.related(main) if one in reach]):
                reach[name][main] = metres
    return reach


def _along(premises: Premises, main: str, chambers: Sequence[str]) -> Iterator[tuple[str, float]]:
    apart = {name: premises.metres(main, name) for name in chambers}
    nearest = min((metres for metres in apart.values() if not math.isnan(metres)), default=0.0)
    for number, (name, metres) in enumerate(apart.items()):
        yield name, BESIDE_METRES + (number * _STEP_METRES if math.isnan(metres) else metres - nearest)


def _gas(premises: Premises, term: Term) -> Iterator[Model]:
    reach = gas_reach(premises)
    spaces = [Space(name, mains, **term.draws.of(name, RANGES)) for name, mains in reach.items()]
    if spaces:
        ethane = term.draws.one(spaces[0].asset, "ethane_share", ETHANE)
        yield GasSpaces(spaces, end_ns=term.end_ns, seed=term.seed, ethane_share=ethane)


def _bridges(premises: Premises, term: Term) -> Iterator[Model]:
    for name in premises.measuring("bridge", _STRUCTURE):
        yield Bridge(Span(name, **term.draws.of(name, bridges.RANGES)), end_ns=term.end_ns, seed=term.seed)


def _slopes(premises: Premises, term: Term) -> Iterator[Model]:
    for name in premises.measuring("slope", _SLOPE):
        yield SlopeModel(Slope(name, **term.draws.of(name, slopes.RANGES)), end_ns=term.end_ns, seed=term.seed)


def _tunnels(premises: Premises, term: Term) -> Iterator[Model]:
    for name in premises.measuring("tunnel", _ROAD_AIR):
        yield RoadTunnel(Bore(name, **term.draws.of(name, BORE_RANGES)), end_ns=term.end_ns, seed=term.seed)


def _galleries(premises: Premises, term: Term) -> Iterator[Model]:
    for name in premises.measuring("utility_tunnel", _GALLERY_AIR):
        yield UtilityTunnel(Gallery(name, **term.draws.of(name, GALLERY_RANGES)), end_ns=term.end_ns, seed=term.seed)


def _roads(premises: Premises, term: Term) -> Iterator[Model]:
    for name in premises.measuring("road", _GROUND):
        under = [other for other in premises.related(name) if premises.assets[other].kind in _ROADS_OVER]
        ground = Ground(name, tuple(under), **term.draws.of(name, roads.RANGES))
        yield RoadGround(ground, end_ns=term.end_ns, seed=term.seed)


def _heating(premises: Premises, term: Term) -> Iterator[Model]:
    measuring = premises.measuring("heating", _HEAT)
    for plant in measuring:
        stations = tuple(one for one in measuring if plant in premises.assets[one].relations.get("fed_by", ()))
        if stations:
            line = HeatLine(plant, stations, **term.draws.of(plant, LINE_RANGES))
            yield HeatNetwork(line, end_ns=term.end_ns, seed=term.seed)


def _rain(premises: Premises, term: Term) -> Iterator[Model]:
    del term
    for name, told in premises.quantities.items():
        if "rain_rate" in told:
            yield RainGauge(name)


BUILDERS: Sequence[Callable[[Premises, Term], Iterator[Model]]] = (
    _rain,
    _gas,
    _bridges,
    _tunnels,
    _slopes,
    _heating,
    _galleries,
    _roads,
)
"""In the order in which models step: a road reads the pipes before it."""
