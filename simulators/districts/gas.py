"""Manholes along a gas main, each with a methane node."""

from __future__ import annotations

from collections.abc import Sequence

from simulators.districts.part import MQTT, Part, Term, Written, at
from simulators.models.contract import Model
from simulators.models.gas_space import ETHANE, RANGES, GasSpaces, Space

_NEAR_METRES, _SPACING_METRES = 3.0, 25.0


def gas(size: int) -> Part:
    """Return a main G-1 with `size` manholes MH-1… beside it, the first 3 m away, every other 25 m further on.

    A branch GB-1 ends 3 m from the last manhole, where there are more than one.
    """
    names = [f"MH-{number}" for number in range(1, size + 1)]
    assets: dict[str, Written] = {"G-1": {"kind": "main", "lifeline": "gas", "name": "中压燃气干管", "location": at(0)}}
    mains = {name: {"G-1": _NEAR_METRES + _SPACING_METRES * place} for place, name in enumerate(names)}
    if size > 1:
        assets["GB-1"] = {"kind": "main", "lifeline": "gas", "name": "中压燃气支管", "location": at(size)}
        mains[names[-1]]["GB-1"] = _NEAR_METRES
    for number, name in enumerate(names, 1):
        near: list[Written] = [other for other in names if abs(names.index(other) + 1 - number) == 1]
        relations: dict[str, Written] = {"near": near, "part_of": ["G-1"]} if near else {"part_of": ["G-1"]}
        assets[name] = {
            "kind": "manhole",
            "lifeline": "gas",
            "name": f"燃气相邻井 {number}",
            "location": at(number),
            "relations": relations,
        }
    devices: dict[str, Written] = {
        f"gas-{number}": {
            "profile": "gas/manhole_methane",
            "collector": MQTT,
            "asset": name,
            "report_seconds": 60,
        }
        for number, name in enumerate(names, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        spaces = [Space(name, mains[name], **term.draws.of(name, RANGES)) for name in names]
        ethane = term.draws.one("G-1", "ethane_share", ETHANE)
        return [GasSpaces(spaces, end_ns=term.end_ns, seed=term.seed, ethane_share=ethane)]

    ladder: dict[str, Written] = {
        "quantity": "combustible_gas",
        "hazard": "gas_leak",
        "rungs": {"yellow": 20, "orange": 50, "red": 100},
        "deadband": 2,
        "on_seconds": 60,
        "off_seconds": 600,
        "basis": "相邻地下空间分级 20/50/100 %LEL，DB34/T 4021-2021 一类做法 (from memory, verify)",
    }
    kin = dict.fromkeys(("G-1", "GB-1"), frozenset(names))
    return Part(assets, devices, {"manhole_gas": ladder}, models, kin=kin)
