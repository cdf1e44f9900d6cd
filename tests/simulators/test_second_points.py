"""Two points of one quantity on one asset each have their own true value."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from gateway.inventory import Channel, Inventory
from gateway.model import SECOND
from gateway.settings import check_site
from simulators.courses import courses_of
from simulators.districts import PARTS, Term
from simulators.districts.site import site_text
from simulators.instruments import Instruments
from simulators.models.contract import Event
from simulators.models.supply import GasMain, GasNetwork, HeatLine, HeatNetwork
from simulators.second_points import shown_by
from simulators.signals import Signal
from simulators.weather import Climate
from simulators.world import World

START = 1_750_032_000 * SECOND
MINUTE = 60 * SECOND
QUICK = [name for name in PARTS if name not in {"heating", "gas_main"}]


def _site(folder: Path, *names: str) -> Inventory:
    path = folder / "site.yaml"
    path.write_text(site_text("town", [PARTS[name](2) for name in names]))
    site = check_site(path).site
    assert site is not None
    return site.inventory


def _same(channels: list[Channel], courses: dict[str, Signal], moments: list[int]) -> list[tuple[str, ...]]:
    """Return the channels that showed one and the same value at every moment."""
    times = np.array(moments, np.int64)
    shown = {one.id: tuple(courses[one.id].at(times).tolist()) for one in channels}
    return [tuple(sorted(shown)) for count in Counter(shown.values()).values() if count > 1]


def _twins(folder: Path, names: list[str]) -> tuple[int, list[tuple[str, ...]]]:
    inventory = _site(folder, *names)
    groups: dict[tuple[str, str], list[Channel]] = defaultdict(list)
    for channel in inventory.channels.values():
        if channel.unit != "1":
            groups[channel.asset, channel.quantity].append(channel)
    pairs = [group for group in groups.values() if len(group) > 1]
    term = Term(START, START + 3600 * SECOND, 1, folder)
    models = [model for name in names for model in PARTS[name](2).models(term)]
    moments = [START + minute * MINUTE for minute in (1, 7, 13)]
    with World(models, Climate(seed=1), START) as world:
        courses = courses_of(inventory, world, Instruments(), seed="1")
        return len(pairs), [twin for group in pairs for twin in _same(group, courses, moments)]


@pytest.mark.slow
def test_no_two_points_of_a_generated_district_show_the_same(tmp_path: Path) -> None:
    pairs, twins = _twins(tmp_path, list(PARTS))

    # Per district of two: the tilts of two spans, the pressures of a regulator station and of a heating plant.
    assert pairs == 4
    assert twins == []


def test_the_tilts_of_a_span_are_two(tmp_path: Path) -> None:
    pairs, twins = _twins(tmp_path, ["bridge"])

    assert pairs == 2
    assert twins == []


@pytest.mark.slow
def test_the_inlet_of_a_regulator_is_the_main_before_it_and_stands_when_the_regulator_fails() -> None:
    model = GasNetwork(GasMain("RS-1", ("GJ-1", "GJ-2")), end_ns=START + 3600 * SECOND)
    with World([model], Climate(seed=1), START) as world:
        world.stage(Event(START + 10 * MINUTE, "supply_failure", "RS-1", 40.0))
        world.advance(START + 20 * MINUTE, keep_ns=20 * MINUTE)
        before, after = (
            {name: world.at(("RS-1", name), START + minute * MINUTE) for name in ("gas_pressure", "inlet_pressure")}
            for minute in (5, 15)
        )

    assert before["gas_pressure"] == pytest.approx(100.0, abs=1.0)
    assert 270 < before["inlet_pressure"] < 301
    assert after["gas_pressure"] == pytest.approx(60.0, abs=1.0)
    assert after["inlet_pressure"] == pytest.approx(before["inlet_pressure"], abs=5.0)


@pytest.mark.slow
def test_what_comes_back_to_a_plant_is_lower_by_the_head_of_its_pump() -> None:
    model = HeatNetwork(HeatLine("HP-1", ("HS-1",)), end_ns=START + 3600 * SECOND)
    with World([model], Climate(seed=1), START) as world:
        world.advance(START + 10 * MINUTE)
        supply, returned = (
            world.at(("HP-1", name), START + 10 * MINUTE) for name in ("water_pressure", "return_pressure")
        )

    assert supply - returned == pytest.approx(0.3, abs=0.01)
    assert supply != pytest.approx(returned + 0.3, abs=1e-9)


def test_a_point_whose_value_nobody_tells_has_a_share_of_the_asset_s(tmp_path: Path) -> None:
    channels = _site(tmp_path, "heating", "bridge").channels.values()
    returned = next(one for one in channels if one.point == "return_pressure")
    supplied = next(one for one in channels if one.point == "supply_pressure")

    told = {("HP-1", "water_pressure"), ("HP-1", "return_pressure")}

    assert shown_by(returned, told) == (("HP-1", "return_pressure"), 1.0)
    assert shown_by(returned, {("HP-1", "water_pressure")}) == (("HP-1", "water_pressure"), 0.6)
    assert shown_by(supplied, told) == (("HP-1", "water_pressure"), 1.0)
