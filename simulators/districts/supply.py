"""A heating line with its plant, a gas main with its regulator station, and the compartments of a utility tunnel."""

from __future__ import annotations

from collections.abc import Sequence

from simulators.districts.part import MQTT, Part, Term, Written, at
from simulators.models.contract import Model
from simulators.models.ranges import MEMORY
from simulators.models.supply import (
    LINE_RANGES,
    MAIN_MILLIMETRES,
    MAIN_RANGES,
    GasMain,
    GasNetwork,
    HeatLine,
    HeatNetwork,
)
from simulators.models.tunnel import GALLERY_RANGES, Gallery, UtilityTunnel


def heating(size: int) -> Part:
    """Return a plant HP-1 and `size` substations HS-1… along its line."""
    stations = tuple(f"HS-{number}" for number in range(1, size + 1))
    assets: dict[str, Written] = {
        "HP-1": {"kind": "heating_plant", "lifeline": "heating", "name": "城东热源厂", "location": at(0, 44)}
    }
    devices: dict[str, Written] = {
        "plant-1": {"profile": "heating/plant", "collector": MQTT, "asset": "HP-1", "report_seconds": 60}
    }
    for number, name in enumerate(stations, 1):
        line: dict[str, Written] = {"fed_by": ["HP-1"]}
        assets[name] = {
            "kind": "substation",
            "lifeline": "heating",
            "name": f"换热站 {number}",
            "location": at(number, 44),
            "relations": line,
        }
        devices[f"station-{number}"] = {
            "profile": "heating/substation",
            "collector": MQTT,
            "asset": name,
            "report_seconds": 60,
        }

    def models(term: Term) -> Sequence[Model]:
        return [
            HeatNetwork(
                HeatLine("HP-1", stations, **term.draws.of("HP-1", LINE_RANGES)), end_ns=term.end_ns, seed=term.seed
            )
        ]

    ladders: dict[str, Written] = {
        "make_up": {
            "quantity": "make_up_flow",
            "hazard": "heat_leak",
            "rungs": {"yellow": 3, "orange": 6},
            "deadband": 0.3,
            "on_seconds": 300,
            "off_seconds": 1800,
            "basis": "补水率超过循环水量的 1 % 需查漏，CJJ 34 一类做法 (from memory, verify); 3 and 6 m3/h are ours",
        },
        "supply_cold": {
            "quantity": "supply_temperature",
            "hazard": "supply_abnormal",
            "direction": "below",
            "rungs": {"yellow": 65, "orange": 55},
            "deadband": 1,
            "on_seconds": 600,
            "off_seconds": 1800,
            "basis": "proposal of this project: 15 and 25 K below what the plant is set to",
        },
    }
    return Part(assets, devices, ladders, models, kin={name: frozenset({"HP-1"}) for name in stations})


def gas_main(size: int) -> Part:
    """Return a regulator station RS-1 that feeds `size` junctions GJ-1…, where gas may leave the main."""
    junctions = tuple(f"GJ-{number}" for number in range(1, size + 1))
    fed: dict[str, Written] = {"fed_by": ["RS-1"]}
    assets: dict[str, Written] = {
        "RS-1": {"kind": "regulator_station", "lifeline": "gas", "name": "中低压调压站", "location": at(0, 2)},
        **{
            name: {
                "kind": "junction",
                "lifeline": "gas",
                "name": f"低压管网节点 {name}",
                "location": at(number, 2),
                "relations": fed,
            }
            for number, name in enumerate(junctions, 1)
        },
    }
    devices: dict[str, Written] = {
        "regulator-1": {
            "profile": "gas/regulator_station",
            "collector": MQTT,
            "asset": "RS-1",
            "report_seconds": 60,
        }
    }

    def models(term: Term) -> Sequence[Model]:
        bore = term.draws.among("RS-1", "millimetres", MAIN_MILLIMETRES, "mm", f"bores of city mains {MEMORY}")
        drawn = term.draws.of("RS-1", MAIN_RANGES)
        return [GasNetwork(GasMain("RS-1", junctions, millimetres=bore, **drawn), end_ns=term.end_ns, seed=term.seed)]

    ladders: dict[str, Written] = {
        "outlet_pressure": {
            "channel": "RS-1.regulator-1.gas_pressure",
            "hazard": "pressure_abnormal",
            "direction": "below",
            "rungs": {"yellow": 85, "orange": 70},
            "deadband": 2,
            "on_seconds": 120,
            "off_seconds": 600,
            "basis": "proposal of this project: 15 and 30 % below the set point of 100 kPa",
        }
    }
    return Part(assets, devices, ladders, models, kin={name: frozenset({"RS-1"}) for name in junctions})


def utility_tunnel(size: int) -> Part:
    """Return `size` compartments UT-1…, each with an environment node."""
    names = [f"UT-{number}" for number in range(1, size + 1)]
    assets: dict[str, Written] = {
        name: {
            "kind": "compartment",
            "lifeline": "utility_tunnel",
            "name": f"综合管廊 {name}",
            "location": at(number, 48),
        }
        for number, name in enumerate(names)
    }
    devices: dict[str, Written] = {
        f"air-ut-{number}": {
            "profile": "utility_tunnel/environment_node",
            "collector": MQTT,
            "asset": name,
            "report_seconds": 60,
        }
        for number, name in enumerate(names, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        return [
            UtilityTunnel(Gallery(name, **term.draws.of(name, GALLERY_RANGES)), end_ns=term.end_ns, seed=term.seed)
            for name in names
        ]

    # One ladder a compartment and quantity: manholes measure water and gas, too, with limits of their own.
    ladders: dict[str, Written] = {
        f"{point}_{number}": {"channel": f"{name}.air-ut-{number}.{point}", **limits}
        for number, name in enumerate(names, 1)
        for point, limits in _TUNNEL_LADDERS.items()
    }
    return Part(assets, devices, ladders, models)


_TUNNEL_LADDERS: dict[str, dict[str, Written]] = {
    "water_level": {
        "hazard": "flooding",
        "rungs": {"yellow": 0.4, "orange": 0.6},
        "deadband": 0.05,
        "on_seconds": 120,
        "off_seconds": 600,
        "basis": "集水坑水位高于启泵水位 0.3 m 仍上升，proposal of this project",
    },
    "oxygen": {
        "hazard": "air_hazard",
        "direction": "below",
        "rungs": {"yellow": 19.5, "orange": 18},
        "deadband": 0.2,
        "on_seconds": 120,
        "off_seconds": 600,
        "basis": "O2 19.5-23.5 %，GB/T 50838 一类做法 (from memory, verify)",
    },
    "combustible_gas": {
        "hazard": "gas_leak",
        "rungs": {"yellow": 20, "orange": 50},
        "deadband": 2,
        "on_seconds": 60,
        "off_seconds": 600,
        "basis": "燃气舱报警设定 20 %LEL，GB 51354 一类做法 (from memory, verify)",
    },
}
