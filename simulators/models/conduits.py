"""What a conduit of a SWMM file carries when it is full, by Manning's formula: Q = A R^(2/3) sqrt(S) / n.

SWMM opens and closes orifices, weirs and pumps; a pipe that is half closed is a limit of its flow instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress

from simulators.models.network_text import NetworkText

_LEAST_SLOPE = 0.0005
"""For pipes that lie level, or whose ends are not told."""
_US_UNITS = frozenset({"CFS", "GPM", "MGD"})
_MANNING_FEET = 1.486
_CUBIC_FEET = 101.941
"""ft3/s in m3/h."""


def full_flows(text: NetworkText) -> dict[str, float]:
    """Return conduit → m3/h that it carries when it is full; those whose shape cannot be read are left out.

    Closed shapes that are no circle are taken as the rectangle, or the circle, of their height and width.
    """
    options = {row.words[0].upper(): row.words[-1].upper() for row in text.rows("OPTIONS")}
    is_us = options.get("FLOW_UNITS", "CFS") in _US_UNITS
    to_m3_h = _MANNING_FEET * _CUBIC_FEET if is_us else 3600.0
    return {name: flow * to_m3_h for name, flow in _flows(text)}


def _flows(text: NetworkText) -> Iterator[tuple[str, float]]:
    inverts: dict[str, float] = {}
    for section in ("JUNCTIONS", "OUTFALLS", "STORAGE", "DIVIDERS"):
        for row in text.rows(section):
            with suppress(IndexError, ValueError):
                inverts[row.words[0]] = float(row.words[1])
    shapes = {row.words[0]: row.words[1:] for row in text.rows("XSECTIONS")}
    for row in text.rows("CONDUITS"):
        with suppress(IndexError, ValueError, KeyError, ZeroDivisionError):
            name, start, end, length, roughness = row.words[:5]
            area, radius = _section(shapes[name])
            fall = abs(inverts[start] - inverts[end]) / float(length)
            yield name, area * radius ** (2.0 / 3.0) * math.sqrt(max(fall, _LEAST_SLOPE)) / float(roughness)


def _section(words: tuple[str, ...]) -> tuple[float, float]:
    """Return the area and the hydraulic radius of a full section.

    >>> [round(one, 3) for one in _section(("CIRCULAR", "1", "0", "0", "0"))]
    [0.785, 0.25]
    """
    shape, height = words[0].upper(), float(words[1])
    width = float(words[2]) or height
    if shape.startswith("RECT"):
        return height * width, height * width / (2.0 * (height + width))
    across = height if shape == "CIRCULAR" else math.sqrt(height * width)
    return math.pi * across**2 / 4.0, across / 4.0
