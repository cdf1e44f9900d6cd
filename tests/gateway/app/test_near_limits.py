from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.app.near_limits import NearLimits
from gateway.clock import FakeClock
from gateway.model import Instant, Tick, batch_of
from tests.example_site import example_site

METHANE = "MH-0231.gas-0231.ch4"
NUMBERS = {METHANE: 3}
NOW = Instant(1_700_000_000_000_000_000, 0, "b")


@pytest.mark.parametrize(
    ("share", "is_near"),
    [(0.5, False), (0.95, True), (2.0, True), (math.nan, False)],
    ids=["far", "near", "over", "nan"],
)
def test_a_reading_is_near_within_a_tenth_of_the_first_rung(share: float, is_near: bool) -> None:  # noqa: FBT001 - a table
    inventory = example_site().inventory
    rung = min(rung for ladder in inventory.channels[METHANE].ladders for rung in ladder.rungs.values())

    near = NearLimits(inventory, NUMBERS)

    assert near([Tick(1), batch_of([(3, 1, share * rung, 1, 0)], NOW)]) is is_near


def test_a_channel_that_nobody_numbered_is_near_nothing() -> None:
    near = NearLimits(example_site().inventory, NUMBERS)

    assert not near([batch_of([(99, 1, 1e9, 1, 0)], NOW)])


async def test_on_flash_a_reading_near_its_limit_does_not_wait_for_the_window(tmp_path: Path) -> None:
    site = example_site()
    site = replace(site, journal=replace(site.journal, storage="flash", flush_seconds=3_600.0))
    async with Gateway(site, tmp_path, clock=FakeClock(), live=False) as gateway:
        number = gateway.numbers[METHANE]
        far = gateway.put([batch_of([(number, NOW.utc_ns, 0.0, 1, 0)], NOW)])

        await gateway.put([batch_of([(number, NOW.utc_ns + 1, 1_000.0, 1, 0)], NOW)])

        assert gateway.journal.newest == 2
        await far
