"""A channel's series follows from its id, its quantity and the inventory."""

from __future__ import annotations

from gateway.inventory import Asset, Inventory
from gateway.sinks.series import series_of

INVENTORY = Inventory("d", "D", "UTC", {"P-1": Asset("P-1", "pipe", "water", "", None, {})}, {}, {})


def test_a_series_has_the_five_tags_of_its_channel() -> None:
    series = series_of([(7, "P-1.flow-1.flow", "water_flow")], INVENTORY)[7]

    assert series.measurement == "water_flow"
    assert series.tags == {
        "site": "d",
        "asset": "P-1",
        "channel": "P-1.flow-1.flow",
        "device": "flow-1",
        "lifeline": "water",
    }


def test_a_channel_that_the_site_no_longer_has_keeps_its_series() -> None:
    series = series_of([(7, "P-9.flow-1.flow~2", "water_flow")], INVENTORY)[7]

    assert (series.measurement, series.tags["channel"], series.tags["asset"]) == (
        "water_flow",
        "P-9.flow-1.flow~2",
        "P-9",
    )
    assert series.tags["lifeline"] == ""
