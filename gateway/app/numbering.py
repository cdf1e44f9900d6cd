"""Numbers the channels of an inventory, and writes the table into each store that outlives the journal."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.history import History
from gateway.inventory import Inventory
from gateway.journal import ChannelKey, Journal
from gateway.ledger import Ledger


def number_channels(inventory: Inventory, journal: Journal, history: History, ledger: Ledger) -> Mapping[str, int]:
    """Return the number of each channel; one that was numbered before keeps its own, for ever."""
    keys = [
        ChannelKey(
            channel.id,
            channel.unit,
            inventory.devices[channel.device].profile.points[channel.point].scale,
            channel.quantity,
        )
        for channel in inventory.channels.values()
    ]
    numbered = journal.number(keys, at_least=max(history.highest_channel(), ledger.highest_channel()))
    table = {entry.id: entry.number for entry in numbered.values()}
    history.remember_channels(table)
    ledger.remember_channels(table)
    return {channel: entry.number for channel, entry in numbered.items()}
