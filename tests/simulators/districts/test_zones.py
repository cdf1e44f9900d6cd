"""That metered zones have hydrants and works that a gateway can watch and a scenario can break."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from gateway.hazards import watched
from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.settings import check_site
from simulators.districts import PARTS, Term
from simulators.districts.part import Part
from simulators.districts.site import site_text
from simulators.drawn_events import befallen, drawn_events
from simulators.models.contract import Event
from simulators.weather import Climate
from simulators.world import World

START = 1_749_945_600 * SECOND
DAY = 86_400 * SECOND


def inventory_of(folder: Path, *parts: Part) -> Inventory:
    path = folder / "site.yaml"
    path.write_text(site_text("town", parts))
    site = check_site(path).site
    assert site is not None
    return site.inventory


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_no_crossing_is_more_than_a_pipe_away_from_a_hydrant(size: int, tmp_path: Path) -> None:
    inventory = inventory_of(tmp_path, PARTS["water"](size))
    side = max(2, size)

    hydrants = {asset.location for asset in inventory.assets.values() if asset.kind == "hydrant"}
    reached = {
        (column, row)
        for column, row in product(range(side), repeat=2)
        for east, north in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
        if (round(117.28 + 0.0006 * (column + east), 6), round(31.84 + 0.0006 * (10 + row + north), 6)) in hydrants
    }

    assert len(reached) == side * side


@pytest.mark.parametrize("part", ["water", "waterworks"])
def test_flushes_are_drawn_on_hydrants_and_every_one_can_be_staged(part: str, tmp_path: Path) -> None:
    district = PARTS[part](3)
    assets = inventory_of(tmp_path, district).assets
    flushes = drawn_events(assets, {"flush": 40.0}, start_ns=START + SECOND, end_ns=START + 30 * DAY, seed=3)
    term = Term(START, START + 30 * DAY, 1, tmp_path)

    with World(district.models(term), Climate(seed=1), START) as world:
        windows = [world.stage(event) for event in flushes]

    assert {event.asset for event in flushes} <= set(befallen("flush", assets))
    assert len(windows) > 5
    assert {window.hazard for window in windows if window} == {""}


@pytest.mark.parametrize("part", ["water", "waterworks"])
def test_a_meter_alone_tells_of_no_burst(part: str, tmp_path: Path) -> None:
    inventory = inventory_of(tmp_path, PARTS[part](3))

    of_channels = {ladder.hazard for channel in inventory.channels.values() for ladder in channel.ladders}
    bursts = [one.model for one in watched(inventory) if "pipe_burst" in {ladder.hazard for ladder in one.ladders}]
    quantities = [{inventory.channels[name].quantity for name in getattr(one, "channels", ())} for one in bursts]

    assert "pipe_burst" not in of_channels
    assert quantities == [{"water_flow", "water_pressure"}]


def test_the_works_are_watched_by_the_level_that_their_pump_fills(tmp_path: Path) -> None:
    inventory = inventory_of(tmp_path, PARTS["waterworks"](2), PARTS["drainage"](1))

    models = [one for one in watched(inventory) if one.model.name == "pump_failure"]
    channels = {one.model.asset: tuple(getattr(one.model, "channels", ())) for one in models}

    assert channels["WP-1"] == ("WT-1.level-wt-1.level", "WP-1.pump-wp-1.running")
    assert [ladder.name for one in models if one.model.asset == "WP-1" for ladder in one.ladders] == [
        "filling_pump_stands"
    ]
    assert [ladder.name for one in models if one.model.asset == "PS-1" for ladder in one.ladders] == ["pump_stands"]


def test_the_ladders_of_the_works_leave_a_healthy_tank_alone_whatever_is_drawn(tmp_path: Path) -> None:
    checked = inventory_of(tmp_path, PARTS["waterworks"](3)).channels["WT-1.level-wt-1.level"]
    rungs = {ladder.name: ladder.rungs for ladder in checked.ladders}

    # The pump starts above 1.8 m and stops below 3.5 m.
    assert max(rungs["tank_low"].values()) < 1.8
    assert min(rungs["tank_high"].values()) > 3.5


@pytest.mark.parametrize("seed", [1, 2])
def test_a_zone_whose_works_fail_loses_its_pressure_hours_later(seed: int, tmp_path: Path) -> None:
    term = Term(START, START + DAY, seed, tmp_path)
    with World(PARTS["waterworks"](2).models(term), Climate(seed=seed), START) as world:
        world.stage(Event(START + 2 * 3600 * SECOND, "pump_failure", "WP-1"))
        world.advance(START + DAY // 2)
        begun = {(window.kind, window.asset): window.start_ns for window in world.windows}

    hours = [(begun[one] - START) / 3600 / SECOND for one in (("tank_low", "WT-1"), ("low_pressure", "NH-2"))]
    assert 2.0 < hours[0] < hours[1] < 12.0
    assert hours[1] - hours[0] > 1.0
