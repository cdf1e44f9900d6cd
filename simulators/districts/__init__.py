"""Generated districts: one function a lifeline, one line each in `PARTS`; together one site file and one world."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulators.districts.drainage import drainage
from simulators.districts.gas import gas
from simulators.districts.part import LINE, MQTT, Part, Term, Written
from simulators.districts.structures import bridge, road, slope, tunnel
from simulators.districts.supply import gas_main, heating, utility_tunnel
from simulators.districts.water import water
from simulators.districts.waterworks import waterworks
from simulators.districts.waves import trunk, viaduct

PARTS: Mapping[str, Callable[[int], Part]] = {
    "gas": gas,
    "water": water,
    "drainage": drainage,
    "bridge": bridge,
    "tunnel": tunnel,
    "road": road,
    "slope": slope,
    "heating": heating,
    "gas_main": gas_main,
    "utility_tunnel": utility_tunnel,
    "trunk": trunk,
    "viaduct": viaduct,
    "waterworks": waterworks,
}
"""Lifeline → its part of a district of some size. The order is that in which models step: a road reads its pipes."""

__all__ = ["LINE", "MQTT", "PARTS", "Part", "Term", "Written"]
