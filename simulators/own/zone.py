"""A site for an EPANET file of one's own: a meter at each inlet, pressure gauges far apart, every pipe an asset."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from simulators.districts.part import LINE, Part, Term, Written
from simulators.districts.water import ZONE_LADDERS
from simulators.models.contract import Model
from simulators.models.network_text import NetworkText, network_text
from simulators.own.graph import locations, spread
from simulators.own.models import water_model
from simulators.own.naming import Names
from simulators.own.networks import Bound, Networks

ZONE = "DMA-1"
_SOURCES = ("RESERVOIRS", "TANKS")
_KIND_OF = {"PIPES": "pipe", "PUMPS": "pump", "VALVES": "valve"}
_FIRST_UNIT, _LAST_UNIT = 1, 247
# The units of flow of EPANET's [OPTIONS], in m3/h.
_M3_H = {
    "CFS": 101.941,
    "GPM": 0.227125,
    "MGD": 157.725,
    "IMGD": 189.420,
    "AFD": 51.4,
    "LPS": 3.6,
    "LPM": 0.06,
    "MLD": 41.6667,
    "CMH": 1.0,
    "CMD": 1.0 / 24.0,
}
_LEAST_FLOW = 10.0


def zone_part(networks: Networks, names: Names) -> Part:
    """Return a zone DMA-1 with everything in the water network; OSError when the file cannot be read."""
    if networks.water is None:
        raise ValueError("there is no water network")
    text = network_text(networks.water)
    inlets = _inlets(text)
    gauged = _gauged(text, networks, names)
    where = locations(text.points)
    assets: dict[str, Written] = {ZONE: {"kind": "dma", "lifeline": "water", "name": networks.water.stem}}
    links: dict[str, str] = {}
    for link, (section, start, _) in text.links.items():
        name = names.of_link(link)
        links[name] = link
        inside: list[Written] = [ZONE]
        relations: dict[str, Written] = {"part_of": inside}
        if link in inlets:
            relations["inlet_of"] = inside
        assets[name] = _asset(_KIND_OF[section], f"{section[:-1].lower()} {link}", where.get(start), relations)
    nodes = {names.of_node(node): node for node in gauged}
    for name, node in nodes.items():
        assets[name] = _asset("node", f"junction {node}", where.get(node), {"part_of": [ZONE]})
    units = count(_FIRST_UNIT)
    devices: dict[str, Written] = {}
    channels: dict[str, Written] = {}
    most = _demand_m3_h(text)
    for number, link in enumerate(inlets, 1):
        name = names.of_link(link)
        devices[f"meter-{number}"] = _device("water/tuf2000m", name, next(units))
        # What a channel may vary by, without being told, is a share of its span.
        channels[f"{name}.meter-{number}.flow"] = {"span": [-most, 10.0 * most]}
    for number, (name, unit) in enumerate(zip(nodes, units, strict=False), 1):
        if unit > _LAST_UNIT:
            raise ValueError(f"gauges: a line has {_LAST_UNIT} units, {len(inlets) + len(nodes)} are too many")
        devices[f"gauge-{number}"] = _device("water/keller_36xw", name, unit)
    build = water_model(networks.water, Bound(nodes, links))

    def models(term: Term) -> Sequence[Model]:
        return [build(term)]

    seen = frozenset({ZONE, *nodes, *(names.of_link(link) for link in inlets)})
    return Part(assets, devices, ZONE_LADDERS, models, channels=channels, kin=dict.fromkeys(links, seen))


def _inlets(text: NetworkText) -> list[str]:
    """Return the links at a reservoir; where there is none, those at a tank."""
    for section in _SOURCES:
        sources = {row.words[0] for row in text.rows(section)}
        if found := [name for name, (_, start, end) in text.links.items() if {start, end} & sources]:
            return found
    return []


def _gauged(text: NetworkText, networks: Networks, names: Names) -> list[str]:
    junctions = [row.words[0] for row in text.rows("JUNCTIONS")]
    named = [node for node in names.named_nodes if node in set(junctions)]
    return list(dict.fromkeys([*named, *spread(junctions, networks.gauges, text.points)]))


def _demand_m3_h(text: NetworkText) -> float:
    """Return what the file's junctions draw together, for the span of its meters."""
    options = {row.words[0].upper(): row.words[-1].upper() for row in text.rows("OPTIONS")}
    rows = text.rows("DEMANDS") or text.rows("JUNCTIONS")
    place = 1 if text.rows("DEMANDS") else 2
    drawn = sum(_number(row.words[place]) for row in rows if len(row.words) > place)
    return max(_LEAST_FLOW, float(f"{drawn * _M3_H.get(options.get('UNITS', 'GPM'), 1.0):.2g}"))


def _number(word: str) -> float:
    try:
        return max(0.0, float(word))
    except ValueError:
        return 0.0


def _asset(kind: str, name: str, where: tuple[float, float] | None, relations: dict[str, Written]) -> Written:
    asset: dict[str, Written] = {"kind": kind, "lifeline": "water", "name": name, "relations": relations}
    if where is not None:
        asset["location"] = list(where)
    return asset


def _device(profile: str, asset: str, unit: int) -> Written:
    return {"profile": profile, "collector": LINE, "asset": asset, "unit": unit, "report_seconds": 60}
