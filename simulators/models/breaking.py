"""What a pipe can lose at the most: a clean break, as wide as its bore, under the pressure that it is made for.

What drives the loss is spent in the hole and in friction on the way: h = v^2 / 2g (f L / D + 1 / 0.6^2).
"""

from __future__ import annotations

import math

_G = 9.80665
_HOLE = 1.0 / 0.6**2
"""A sharp-edged opening passes 0.6 of what Torricelli gives (Idelchik's 0.6 to 0.62; from memory, verify)."""
RATED_METRES = 100.0
"""PN 10, which distribution pipes are rated for at the least (from memory, verify)."""
_ATMOSPHERE_PA = 101_325.0
_KG_M3_GAS = 0.75
_PA_PER_KPA = 1000.0
_MM_A_METRE = 1000.0


def most_m3_h(millimetres: float, head_metres: float = RATED_METRES, *, way: float = 0.0) -> float:
    """Return what water leaves a pipe that breaks clean, to three digits; `way` is what `way_of` says of the way there.

    >>> most_m3_h(100.0), most_m3_h(150.0, 80.0, way=way_of(150.0, 1000.0, 0.1))
    (751.0, 228.0)
    """
    speed = math.sqrt(2.0 * _G * head_metres / (way + _HOLE))
    return _rounded(_area(millimetres) * speed * 3600.0)


def most_gas_m3_h(millimetres: float, kpa: float, *, way: float) -> float:
    """Return what gas leaves a main of a gauge pressure that breaks clean, in standard m3/h to three digits.

    Isothermal flow in a long pipe: p1^2 - p2^2 = (f L / D) (m / A)^2 p / rho.

    >>> most_gas_m3_h(150.0, 100.0, way=way_of(150.0, 1200.0, 0.1))
    3330.0
    """
    squares = (_ATMOSPHERE_PA + kpa * _PA_PER_KPA) ** 2 - _ATMOSPHERE_PA**2
    flux = math.sqrt(squares / (way + _HOLE) / _ATMOSPHERE_PA * _KG_M3_GAS)
    return _rounded(_area(millimetres) * flux / _KG_M3_GAS * 3600.0)


def way_of(millimetres: float, metres: float, roughness_mm: float) -> float:
    """Return f L / D of a pipe, f by von Karman for flow as fast as at a break."""
    friction = 0.25 / math.log10(roughness_mm / 3.7 / millimetres) ** 2
    return friction * metres / (millimetres / _MM_A_METRE)


def _area(millimetres: float) -> float:
    return math.pi * (millimetres / _MM_A_METRE) ** 2 / 4.0


def _rounded(m3_h: float) -> float:
    return float(f"{m3_h:.3g}")
