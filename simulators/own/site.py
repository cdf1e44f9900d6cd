"""A site file of one's own as a part of a world: its assets' own physics, its networks from files, and who is kin."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inventory import Inventory
from simulators.districts.part import Part, Term
from simulators.models.contract import Model
from simulators.models.network_text import NetworkText, network_text
from simulators.own.assets import BUILDERS, Premises, gas_reach, premises_of
from simulators.own.models import Build, drainage_model, sewer_kin, water_model
from simulators.own.networks import Bound, Measured, Networks, bound


def site_part(inventory: Inventory, networks: Networks) -> Part:
    """Return the part of a world that a site is; what no model tells has healthy days, always.

    Its dicts of a site file are empty, for there is one. ValueError when a network cannot be read or does not fit.
    """
    premises = premises_of(inventory)
    water = network_text(networks.water) if networks.water else NetworkText({})
    sewers = network_text(networks.drainage) if networks.drainage else NetworkText({})
    supplied, drained = _bound(premises, networks, water, sewers)
    builds: list[Build] = []
    if networks.water:
        builds.append(water_model(networks.water, supplied))
    if networks.drainage:
        builds.append(drainage_model(networks.drainage, drained, networks.roads))

    def models(term: Term) -> Sequence[Model]:
        built: list[Model] = []
        try:
            for build in builds:
                built.append(build(term))  # noqa: PERF401 - those that are built are closed when the next fails
            for fitting in BUILDERS:
                built += fitting(premises, term)
        except BaseException:
            for model in built:
                model.close()
            raise
        return built

    kin = _kin(premises, supplied)
    for asset, others in sewer_kin(sewers, drained).items():
        kin[asset] |= others
    return Part({}, {}, {}, models, kin={name: frozenset(others) for name, others in kin.items()})


def _bound(premises: Premises, networks: Networks, water: NetworkText, sewers: NetworkText) -> tuple[Bound, Bound]:
    """Return what stands for what in the water network, and in the drainage network."""
    told = {
        name: Measured(asset.kind, asset.lifeline, premises.quantities.get(name, frozenset()))
        for name, asset in premises.assets.items()
    }
    # A name that both files have is the water network's, but for an asset of the drainage.
    dry = {name: one for name, one in told.items() if one.lifeline != "drainage" or not sewers.sections}
    supplied = bound(water, "water", networks.assets, dry)
    left = {name: one for name, one in told.items() if name not in supplied.nodes and name not in supplied.links}
    return supplied, bound(sewers, "drainage", networks.assets, left)


def _kin(premises: Premises, supplied: Bound) -> dict[str, set[str]]:
    """Return who may be named for whom: who is related, who breathes the same gas, who is in the same water zone."""
    kin = {name: set(premises.related(name)) for name in premises.assets}
    for chamber, sources in gas_reach(premises).items():
        for source in sources:
            kin[source].add(chamber)
    inside = {*supplied.nodes, *supplied.links}
    zones = {zone for name in inside for zone in premises.related(name)}
    for name in inside:
        kin[name] |= inside | zones
    return kin
