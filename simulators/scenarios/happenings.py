"""Every kind of event that a scenario may name, and what its amount is; where it can happen, the districts know."""

from __future__ import annotations

from collections.abc import Mapping

from simulators.models import bridge, drainage, gas_space, road, slope, supply, trunk, tunnel, water

_MODELS: tuple[Mapping[str, str], ...] = (
    water.KINDS,
    trunk.KINDS,
    drainage.KINDS,
    gas_space.KINDS,
    supply.GAS_KINDS,
    supply.HEAT_KINDS,
    bridge.KINDS,
    tunnel.ROAD_KINDS,
    tunnel.UTILITY_KINDS,
    slope.KINDS,
    road.KINDS,
)


def _meanings() -> dict[str, str]:
    meanings: dict[str, list[str]] = {}
    for kinds in _MODELS:
        for kind, meaning in kinds.items():
            told = meanings.setdefault(kind, [])
            if meaning not in told:
                told.append(meaning)
    return {kind: ", or ".join(told) for kind, told in meanings.items()}


HAPPENINGS: Mapping[str, str] = _meanings()
"""Kind → what its amount is, empty where it has none; of several models, each one's."""
