"""Which assets lie around an asset: by the site file's relations, and by metres between locations."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gateway.inventory import Asset, Channel, Inventory

_EARTH_RADIUS_METRES = 6_371_008.8
_GAUGE_METRES = 5_000.0
"""A storm's core is no wider."""


def metres_between(one: Asset, other: Asset) -> float:
    """Return the distance of two assets, infinite when one has no location.

    >>> one, other = (Asset("", "", "", "", (117.0, north), {}) for north in (31.0, 31.001))
    >>> round(metres_between(one, other))
    111
    """
    if one.location is None or other.location is None:
        return math.inf
    (east, north), (other_east, other_north) = one.location, other.location
    x = math.radians(other_east - east) * math.cos(math.radians((north + other_north) / 2.0))
    return _EARTH_RADIUS_METRES * math.hypot(x, math.radians(other_north - north))


def related(inventory: Inventory, asset: str, *words: str) -> list[str]:
    """Return the assets that name this one in such a relation, in the order of the site file."""
    return [
        other.id
        for other in inventory.assets.values()
        if any(asset in others for word, others in other.relations.items() if word in words)
    ]


def within(inventory: Inventory, asset: str, reach_metres: float) -> set[str]:
    """Return the assets within reach: by location, or named in a relation by either side."""
    here = inventory.assets[asset]
    named = {other for others in here.relations.values() for other in others}
    return {
        other.id
        for other in inventory.assets.values()
        if other.id != asset
        and (
            other.id in named
            or any(asset in others for others in other.relations.values())
            or metres_between(here, other) <= reach_metres
        )
    }


def gauges(inventory: Inventory, asset: Asset, *quantities: str) -> list[Channel]:
    """Return the rain channels that tell of an asset: those of assets it names, then the nearest within reach."""
    named = {asset.id, *(other for others in asset.relations.values() for other in others)}
    far = [
        (0.0 if one.asset in named else metres_between(asset, inventory.assets[one.asset]), number, one)
        for number, one in enumerate(inventory.channels.values())
        if one.quantity in quantities
    ]
    return [one for metres, _, one in sorted(far, key=lambda each: each[:2]) if metres <= _GAUGE_METRES]


def channels_of(inventory: Inventory, asset: str, *quantities: str) -> Iterator[Channel]:
    """Yield an asset's channels of these quantities, all when none is named."""
    for channel in inventory.channels.values():
        if channel.asset == asset and (not quantities or channel.quantity in quantities):
            yield channel
