"""A bridge, a road tunnel, a road over a water main and a slope: what stands on the ground, or above it."""

from __future__ import annotations

from collections.abc import Sequence

from simulators.districts.part import LINE, MQTT, Part, Term, Written, at
from simulators.models import bridge as bridges
from simulators.models import road as roads
from simulators.models import slope as slopes
from simulators.models import tunnel as tunnels
from simulators.models.bridge import Bridge, Span
from simulators.models.contract import Model
from simulators.models.modal import beam_hz
from simulators.models.road import Ground, RoadGround
from simulators.models.slope import Slope, SlopeModel
from simulators.models.tunnel import Bore, RoadTunnel


def bridge(size: int) -> Part:
    """Return a bridge BR-1 of `size` spans BR-1-S1…, each with a structural node at mid-span."""
    spans = [f"BR-1-S{number}" for number in range(1, size + 1)]
    assets: dict[str, Written] = {
        "BR-1": {"kind": "bridge", "lifeline": "bridge", "name": "南淝河大桥", "location": at(0, 30)}
    }
    devices: dict[str, Written] = {}
    for number, name in enumerate(spans, 1):
        inside: dict[str, Written] = {"part_of": ["BR-1"]}
        assets[name] = {
            "kind": "girder_section",
            "lifeline": "bridge",
            "name": f"第{number}跨跨中",
            "location": at(number, 30),
            "relations": inside,
        }
        devices[f"span-{number}"] = {
            "profile": "bridge/structural_node",
            "collector": MQTT,
            "asset": name,
            "report_seconds": 30,
        }

    def models(term: Term) -> Sequence[Model]:
        return [Bridge(drawn_span(name, term), end_ns=term.end_ns, seed=term.seed) for name in spans]

    ladders: dict[str, Written] = {
        "girder_strain": {
            "quantity": "strain",
            "hazard": "structural_change",
            "rungs": {"yellow": 250, "orange": 350, "red": 450},
            "deadband": 20,
            "on_seconds": 300,
            "off_seconds": 1800,
            "basis": "50/70/90 % of a design strain of 500 um/m, GB 50982-2014 practice (from memory, verify)",
        },
        "girder_tilt": {
            "quantity": "tilt",
            "hazard": "scour_or_settlement",
            "rungs": {"yellow": 0.30, "orange": 0.60},
            "deadband": 0.05,
            "on_seconds": 300,
            "off_seconds": 1800,
            "basis": "proposal of this project; take the bridge's own assessment",
        },
    }
    return Part(assets, devices, ladders, models, kin={name: frozenset({"BR-1"}) for name in spans})


def drawn_span(name: str, term: Term, *, wave_hz: float = 0.0) -> Span:
    """Return a span as the seed draws it, its first frequency that of its girder."""
    drawn, girder = term.draws.of(name, bridges.RANGES), term.draws.of(name, bridges.GIRDER)
    return Span(name, **drawn, first_hz=beam_hz(1, drawn["metres"], **girder), wave_hz=wave_hz)


def tunnel(size: int) -> Part:
    """Return a road tunnel of `size` sections TN-1…, each with an air station."""
    names = [f"TN-{number}" for number in range(1, size + 1)]
    assets: dict[str, Written] = {
        name: {
            "kind": "tunnel_section",
            "lifeline": "tunnel",
            "name": f"湖滨隧道 {name}",
            "location": at(number, 34),
        }
        for number, name in enumerate(names)
    }
    devices: dict[str, Written] = {
        f"air-{number}": {
            "profile": "tunnel/air_station",
            "collector": LINE,
            "asset": name,
            "unit": 200 + number,
            "report_seconds": 30,
        }
        for number, name in enumerate(names, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        return [
            RoadTunnel(Bore(name, **term.draws.of(name, tunnels.BORE_RANGES)), end_ns=term.end_ns, seed=term.seed)
            for name in names
        ]

    basis = "JTG/T D70/2-02-2014 (from memory, verify)"
    ladders: dict[str, Written] = {
        "tunnel_co": {
            "quantity": "carbon_monoxide",
            "hazard": "air_hazard",
            "rungs": {"yellow": 100, "orange": 150},
            "deadband": 10,
            "on_seconds": 300,
            "off_seconds": 600,
            "basis": f"CO 100-150 ppm，{basis}",
        },
        "tunnel_extinction": {
            "quantity": "extinction",
            "hazard": "air_hazard",
            "rungs": {"yellow": 0.0090, "orange": 0.0120},
            "deadband": 0.0005,
            "on_seconds": 300,
            "off_seconds": 600,
            "basis": f"消光系数 0.0090，0.0120 关闭隧道，{basis}",
        },
    }
    return Part(assets, devices, ladders, models)


def road(size: int) -> Part:
    """Return `size` road segments RD-1… with a ground node each; RD-n lies over the water pipe P-n."""
    names = [f"RD-{number}" for number in range(1, size + 1)]
    assets: dict[str, Written] = {
        name: {
            "kind": "road_segment",
            "lifeline": "road",
            "name": f"芜湖路 {name}",
            "location": at(number, 10.2),
        }
        for number, name in enumerate(names)
    }
    devices: dict[str, Written] = {
        f"ground-{number}": {
            "profile": "road/ground_node",
            "collector": MQTT,
            "asset": name,
            "report_seconds": 300,
        }
        for number, name in enumerate(names, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        return [
            RoadGround(
                Ground(name, (f"P-{number}",), **term.draws.of(name, roads.RANGES)), end_ns=term.end_ns, seed=term.seed
            )
            for number, name in enumerate(names, 1)
        ]

    return Part(assets, devices, _ROAD_LADDERS, models)


def slope(size: int) -> Part:
    """Return `size` slopes SL-1… over a road, each with a displacement node."""
    names = [f"SL-{number}" for number in range(1, size + 1)]
    assets: dict[str, Written] = {
        name: {"kind": "slope", "lifeline": "slope", "name": f"大蜀山边坡 {name}", "location": at(number, 40)}
        for number, name in enumerate(names)
    }
    devices: dict[str, Written] = {
        f"slope-{number}": {
            "profile": "slope/displacement_node",
            "collector": MQTT,
            "asset": name,
            "report_seconds": 600,
        }
        for number, name in enumerate(names, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        return [
            SlopeModel(Slope(name, **term.draws.of(name, slopes.RANGES)), end_ns=term.end_ns, seed=term.seed)
            for name in names
        ]

    ladders: dict[str, Written] = {
        "slope_displacement": {
            "quantity": "displacement",
            "hazard": "slope_failure",
            "rungs": {"blue": 30, "yellow": 60, "orange": 120, "red": 240},
            "deadband": 3,
            "ahead_seconds": 43200,
            "on_seconds": 1800,
            "off_seconds": 86400,
            "basis": "proposal of this project: where the slope will be in twelve hours as it moves now",
        },
    }
    return Part(assets, devices, ladders, models)


_ROAD_LADDERS: dict[str, Written] = {
    "road_risk": {
        "quantity": "collapse_log_odds",
        "hazard": "road_collapse",
        "rungs": {"blue": -2.5, "yellow": -1, "orange": 0.5, "red": 2},
        "deadband": 0.3,
        "off_seconds": 3600,
        "basis": "proposal of this project; one cause alone reaches blue, two yellow, three orange",
    },
    "road_soil": {
        "quantity": "soil_moisture",
        "hazard": "road_collapse",
        "rungs": {"blue": 30, "yellow": 33, "orange": 36, "red": 39},
        "deadband": 1,
        "on_seconds": 1800,
        "off_seconds": 3600,
        "basis": "proposal of this project; take what your soil holds when wet",
    },
    "road_settlement": {
        "quantity": "settlement",
        "hazard": "road_collapse",
        "rungs": {"blue": 5, "yellow": 10, "orange": 20, "red": 30},
        "deadband": 1,
        "on_seconds": 1800,
        "off_seconds": 3600,
        "basis": "累计沉降控制值 10-30 mm，GB 50911 一类做法 (from memory, verify); 5 mm is ours",
    },
}
