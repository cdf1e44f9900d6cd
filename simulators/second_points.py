"""Which true value a point shows where a device has several of one quantity, so that no two show the same.

Rule 1: a point whose value a model tells has that one: what is before a regulator, what comes back to a plant.
Rule 2: else a point of another side or direction shows a stated share of the asset's value.
Rule 3: else numbered points (`ch4_1`, `ch4_2`) are sensors of their own, apart by their calibration.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from gateway.inventory import Channel
from simulators.models.bridge import TILT_ACROSS
from simulators.models.contract import Place
from simulators.models.metering import BACKWARD
from simulators.models.supply import INLET_PRESSURE, RETURN_PRESSURE
from simulators.noise import seed_of

PLACES: Mapping[tuple[str, str], str] = {
    ("gas_pressure", "inlet_pressure"): INLET_PRESSURE,
    ("water_pressure", "return_pressure"): RETURN_PRESSURE,
    ("water_volume", "reverse_total"): BACKWARD,
    ("tilt", "tilt_y"): TILT_ACROSS,
}
"""Quantity and point → what a model says of its asset beside its measured quantities."""
SHARES: Mapping[tuple[str, str], float] = {
    ("gas_pressure", "inlet_pressure"): 3.0,
    ("water_pressure", "return_pressure"): 0.6,
    ("tilt", "tilt_y"): 0.3,
    ("tilt", "tilt_z"): 0.1,
    # Downhill, aside and down: squared, they are one.
    ("displacement", "north"): 0.8,
    ("displacement", "east"): 0.52,
    ("displacement", "up"): -0.3,
}
"""Quantity and point → its share of the asset's value, where no model tells its own (proposal)."""
_CALIBRATED_WITHIN = 0.03
_NUMBERED = re.compile(r"_\d+$")
_WORDS = 2.0**62


class Shown(NamedTuple):
    """The place that a point looks at, and what it makes of it."""

    place: Place
    share: float = 1.0


def shown_by(channel: Channel, told: Collection[Place], seed: str = "") -> Shown:
    """Return what a channel's point shows of its asset, given the places that a world tells."""
    point = channel.quantity, channel.point
    place = channel.asset, channel.quantity
    own = channel.asset, PLACES.get(point, "")
    if own in told:
        return Shown(own)
    if point in SHARES:
        return Shown(place, SHARES[point])
    if _NUMBERED.search(channel.point) and channel.unit != "1":
        drawn = seed_of(seed, channel.id, "calibrated") / _WORDS - 1.0
        return Shown(place, 1.0 + _CALIBRATED_WITHIN * drawn)
    return Shown(place)
