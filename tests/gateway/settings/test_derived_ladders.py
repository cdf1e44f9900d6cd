"""Ladders over what is worked out for assets: kept with the site, for one asset or for all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.settings import Checked

ALL = "  risk: {quantity: night_flow_rise, hazard: pipe_leak, rungs: {blue: 10}, basis: B}\n"
ONE = "  own: {quantity: night_flow_rise, asset: P-1, hazard: pipe_leak, rungs: {blue: 20}, basis: B}\n"


def test_they_stand_with_the_site_and_on_no_channel(right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right + ALL + ONE)

    assert (checked.faults, checked.warnings) == ((), ())
    assert checked.site is not None
    inventory = checked.site.inventory
    assert [(ladder.name, ladder.asset) for ladder in inventory.ladders] == [("risk", None), ("own", "P-1")]
    assert all(ladder.quantity != "night_flow_rise" for one in inventory.channels.values() for ladder in one.ladders)


@pytest.mark.parametrize(
    ("ladder", "fault"),
    [
        (ONE.replace("P-1", "P-2"), "ladders.own: there is no asset 'P-2' (did you mean 'P-1'?)"),
        (ONE.replace("night_flow_rise", "water_flow"), "ladders.own: 'asset' is for quantities that are worked out"),
        (ALL + ALL.replace("risk:", "again:"), "ladders.again is about the same as ladders.risk"),
    ],
    ids=["unknown asset", "measured quantity", "twice"],
)
def test_a_wrong_one_is_told(right: str, check: Callable[[str], Checked], ladder: str, fault: str) -> None:
    checked = check(right + ladder)

    assert checked.site is None
    assert fault in str(checked.faults[0])
