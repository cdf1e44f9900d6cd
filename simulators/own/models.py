"""The models of networks of one's own, and who is kin in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from simulators.districts.part import Term
from simulators.models.contract import Model
from simulators.models.drainage import DrainageNetwork, Sewers
from simulators.models.network_text import NetworkText
from simulators.models.water import Network, WaterNetwork
from simulators.own.graph import along, next_of
from simulators.own.networks import Bound

Build = Callable[[Term], Model]


def water_model(file: Path, parts: Bound) -> Build:
    """Return what builds the model of an EPANET file."""
    network = Network(file, parts.nodes, parts.links)
    return lambda term: WaterNetwork(
        network,
        start_ns=term.start_ns,
        end_ns=term.end_ns,
        utc_offset_seconds=term.utc_offset_seconds,
        seed=term.seed,
    )


def drainage_model(file: Path, parts: Bound, roads: Mapping[str, float]) -> Build:
    """Return what builds the model of a SWMM file."""
    sewers = Sewers(file, parts.nodes, parts.links, {name: roads[name] for name in parts.nodes if name in roads})
    return lambda term: DrainageNetwork(
        sewers,
        start_ns=term.start_ns,
        end_ns=term.end_ns,
        utc_offset_seconds=term.utc_offset_seconds,
        seed=term.seed,
    )


def sewer_kin(text: NetworkText, parts: Bound) -> dict[str, frozenset[str]]:
    """Return sewer → where its trouble shows: every watched node up from it, for it backs up, and the next one down."""
    asset_at = {node: asset for asset, node in parts.nodes.items()}
    kin = {}
    for asset, link in parts.links.items():
        _, start, end = text.links[link]
        found = (*along(text, start, asset_at, is_up=True), next_of(text, end, asset_at))
        kin[asset] = frozenset(asset_at[node] for node in found if node is not None)
    return kin
