"""A site for a SWMM file of one's own: level gauges in manholes far apart, one rain gauge, every sewer an asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulators.districts.drainage import RainGauge
from simulators.districts.part import LINE, MQTT, Part, Term, Written, at
from simulators.models.contract import Model
from simulators.models.network_text import NetworkText, network_text
from simulators.own.graph import locations, next_of, spread
from simulators.own.models import drainage_model, sewer_kin
from simulators.own.naming import Names
from simulators.own.networks import Bound, Networks

RAIN = "RG-1"
_KIND_OF = {"PUMPS": "pump"}
_METRES_PER_FOOT = 0.3048
_US_UNITS = frozenset({"CFS", "GPM", "MGD"})
_USUAL_DEPTH_METRES = 3.0
_LAST_UNIT = 247


def sewers_part(networks: Networks, names: Names) -> Part:
    """Return the sewers with everything in the drainage network; OSError when the file cannot be read."""
    if networks.drainage is None:
        raise ValueError("there is no drainage network")
    text = network_text(networks.drainage)
    where = locations(text.points)
    watched = {names.of_node(node): node for node in _watched(text, networks, names)}
    if len(watched) > _LAST_UNIT:
        raise ValueError(f"gauges: a line has {_LAST_UNIT} units, {len(watched)} are too many")
    asset_at = {node: name for name, node in watched.items()}
    depths = _depths(text)
    assets: dict[str, Written] = {
        RAIN: {"kind": "rain_gauge", "lifeline": "drainage", "name": "rain gauge", "location": _middle(where)}
    }
    devices: dict[str, Written] = {
        "rain-1": {"profile": "drainage/rain_gauge", "collector": MQTT, "asset": RAIN, "report_seconds": 60}
    }
    ladders: dict[str, Written] = {}
    for number, (name, node) in enumerate(watched.items(), 1):
        relations: dict[str, Written] = {"near": [RAIN]}
        below = [asset_at[found] for found in _below(text, node, asset_at)]
        if below:
            relations["upstream_of"] = [*below]
        assets[name] = _asset("manhole", f"node {node}", where.get(node), relations)
        radar = f"radar-{number}"
        devices[radar] = {
            "profile": "drainage/vegapuls",
            "collector": LINE,
            "asset": name,
            "unit": _LAST_UNIT + 1 - number,
            "report_seconds": 60,
        }
        ladders[f"level_{number}"] = _ladder(f"{name}.{radar}.level", depths.get(node, _USUAL_DEPTH_METRES))
    links: dict[str, str] = {}
    for link, (section, start, _) in text.links.items():
        name = names.of_link(link)
        links[name] = link
        above = next_of(text, start, asset_at, is_up=True)
        near: dict[str, Written] = {"near": [asset_at[above]]} if above is not None else {}
        assets[name] = _asset(_KIND_OF.get(section, "sewer"), f"{section[:-1].lower()} {link}", where.get(start), near)
    parts = Bound(watched, links)
    build = drainage_model(networks.drainage, parts, networks.roads)

    def models(term: Term) -> Sequence[Model]:
        return [build(term), RainGauge(RAIN)]

    return Part(assets, devices, ladders, models, kin=sewer_kin(text, parts))


def _watched(text: NetworkText, networks: Networks, names: Names) -> list[str]:
    """Return the manholes with a gauge: junctions, or storage nodes where the file has no junction."""
    nodes = text.nodes
    named = [node for node in names.named_nodes if node in nodes]
    pumped = {start for section, start, _ in text.links.values() if section == "PUMPS"}
    manholes = [row.words[0] for row in text.rows("JUNCTIONS")]
    manholes = manholes or [row.words[0] for row in text.rows("STORAGE") if row.words[0] not in pumped]
    return list(dict.fromkeys([*named, *spread(manholes, networks.gauges, text.points)]))


def _below(text: NetworkText, node: str, watched: Mapping[str, str]) -> list[str]:
    others = {other: name for other, name in watched.items() if other != node}
    found = next_of(text, node, others)
    return [] if found is None else [found]


def _depths(text: NetworkText) -> dict[str, float]:
    """Return how deep each manhole is, in metres; those without a depth of their own are left out."""
    options = {row.words[0].upper(): row.words[-1].upper() for row in text.rows("OPTIONS")}
    metre = _METRES_PER_FOOT if options.get("FLOW_UNITS", "CFS") in _US_UNITS else 1.0
    depths = {}
    for row in (*text.rows("JUNCTIONS"), *text.rows("STORAGE")):
        try:
            depth = float(row.words[2]) * metre
        except (IndexError, ValueError):
            continue
        if depth > 0:
            depths[row.words[0]] = depth
    return depths


def _ladder(channel: str, depth: float) -> Written:
    return {
        "channel": channel,
        "hazard": "sewer_overflow",
        "rungs": {"yellow": round(0.67 * depth, 2), "orange": round(0.83 * depth, 2)},
        "deadband": round(0.03 * depth, 3),
        "on_seconds": 120,
        "off_seconds": 600,
        "basis": "proposal of this project: two thirds and five sixths of its depth, as 2.0 m and 2.5 m of 3 m",
    }


def _middle(where: Mapping[str, tuple[float, float]]) -> Written:
    if not where:
        return at(0)
    xs, ys = [x for x, _ in where.values()], [y for _, y in where.values()]
    return [round(sum(xs) / len(xs), 6), round(sum(ys) / len(ys), 6)]


def _asset(kind: str, name: str, where: tuple[float, float] | None, relations: dict[str, Written]) -> Written:
    asset: dict[str, Written] = {"kind": kind, "lifeline": "drainage", "name": name, "relations": relations}
    if where is not None:
        asset["location"] = list(where)
    return asset
