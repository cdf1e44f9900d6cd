"""Networks of one's own, and which of their nodes and links the assets of a site stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulators.models.network_text import NetworkText

DEFAULT_GAUGES = 4
_AT_LINKS = frozenset({"water_flow", "sewage_flow", "velocity", "pump_running", "motor_current"})
"""What is measured at a link; anything else at a node."""
_LINK_KINDS = frozenset({"pipe", "main", "sewer", "conduit", "pump", "valve", "orifice", "weir"})


@dataclass(frozen=True, slots=True)
class Networks:
    """Files of pipes, and what the city calls their parts."""

    water: Path | None = None
    """An EPANET file."""
    drainage: Path | None = None
    """A SWMM file."""
    assets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Asset → its node, its link, or both; an asset that is not here has the name of the file."""
    gauges: int = DEFAULT_GAUGES
    """At how many junctions a generated site measures pressure, and in how many manholes the level."""
    roads: Mapping[str, float] = field(default_factory=dict)
    """Asset in the drainage network → metres from its floor up to the road that stands under water above that."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a site says of an asset."""

    kind: str
    lifeline: str
    quantities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bound:
    """Asset → its part of one network."""

    nodes: Mapping[str, str]
    links: Mapping[str, str]


def bound(
    text: NetworkText, lifeline: str, names: Mapping[str, Sequence[str]], assets: Mapping[str, Measured]
) -> Bound:
    """Return which assets stand for which parts: those that are named, and those of a lifeline that have a name of it.

    A name that is a node's and a link's alike is what the asset measures.
    """
    nodes, links = text.nodes, text.links
    at_nodes: dict[str, str] = {}
    at_links: dict[str, str] = {}
    for asset, told in assets.items():
        for name in names.get(asset) or ((asset,) if told.lifeline == lifeline else ()):
            wants_link, wants_node = _wants(told)
            is_node, is_link = name in nodes, name in links
            if is_node and (wants_node or not is_link):
                at_nodes[asset] = name
            if is_link and (wants_link or not is_node):
                at_links[asset] = name
    return Bound(at_nodes, at_links)


def names_in(texts: Iterable[NetworkText]) -> list[str]:
    """Return every node and link of some files."""
    return [name for text in texts for name in (*text.nodes, *text.links)]


def _wants(told: Measured) -> tuple[bool, bool]:
    """Return whether an asset is looked for among links, and among nodes."""
    is_pipe = told.kind in _LINK_KINDS
    wants_link = is_pipe or bool(told.quantities & _AT_LINKS)
    return wants_link, not is_pipe and (bool(told.quantities - _AT_LINKS) or not wants_link)
