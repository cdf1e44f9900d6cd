"""Which series a channel is in a time series database, from its id, its quantity and the inventory."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.inventory import Inventory
from gateway.sinks.line_protocol import Series


def series_of(channels: Iterable[tuple[int, str, str]], inventory: Inventory) -> dict[int, Series]:
    """Return the series by channel number for (number, id, quantity).

    A channel that the site no longer has keeps its series; only the lifeline of an asset that is gone is unknown.
    """
    return {number: _series(channel, quantity, inventory) for number, channel, quantity in channels}


def _series(channel: str, quantity: str, inventory: Inventory) -> Series:
    name, device, _point = channel.split(".", 2)
    asset = inventory.assets.get(name)
    tags = {
        "site": inventory.site,
        "asset": name,
        "channel": channel,
        "device": device,
        "lifeline": asset.lifeline if asset else "",
    }
    return Series(quantity, tags)
