"""Sites that are made for networks of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inventory import Inventory
from gateway.settings import check_site
from simulators.districts.site import site_text
from simulators.models.network_text import sections_of
from simulators.own.generated import network_parts
from simulators.own.graph import along, locations, next_of, spread
from simulators.own.naming import Names
from simulators.own.networks import Measured, Networks, bound

OWN = Path(__file__).parents[1] / "scenarios" / "own"
TEXT = "[JUNCTIONS]\n10 1\n11 1\n[RESERVOIRS]\nR 9\n[PIPES]\n10 R 10 1\n12 10 11 1\n[PUMPS]\nPU 11 10 1\n"


def _site(networks: Networks, folder: Path) -> Inventory:
    path = folder / "site.yaml"
    path.write_text(site_text("town", network_parts(networks)))
    checked = check_site(path)
    assert checked.site is not None, checked.faults
    assert not checked.warnings
    return checked.site.inventory


def test_a_site_for_both_networks_measures_inlets_corners_and_manholes(tmp_path: Path) -> None:
    inventory = _site(Networks(OWN / "zone.inp", OWN / "sewers.inp", gauges=3), tmp_path)

    quantities = [channel.quantity for channel in inventory.channels.values()]
    assert quantities.count("water_pressure") == 3
    assert quantities.count("water_level") == 3
    assert quantities.count("rain_rate") == 1
    assert [c.asset for c in inventory.channels.values() if c.quantity == "water_flow"] == ["MAIN1"]
    assert inventory.assets["MAIN1"].relations["inlet_of"] == ("DMA-1",)
    assert {"PIPE2", "C1"} <= set(inventory.assets)


def test_what_the_scenario_names_has_its_name_and_a_gauge(tmp_path: Path) -> None:
    networks = Networks(OWN / "zone.inp", assets={"N-2": ("J22",), "P-7": ("PIPE7",)}, gauges=1)

    inventory = _site(networks, tmp_path)

    assert inventory.assets["P-7"].kind == "pipe"
    assert {c.asset for c in inventory.channels.values() if c.quantity == "water_pressure"} == {"N-2", "J11"}


def test_two_files_that_share_names_make_a_site_with_each_once(tmp_path: Path) -> None:
    file = tmp_path / "zone.inp"
    file.write_text((OWN / "zone.inp").read_text().replace("PIPE2", "C1"))

    inventory = _site(Networks(file, OWN / "sewers.inp"), tmp_path)

    assert inventory.assets["C1"].lifeline == "water"
    assert inventory.assets["C1-2"].lifeline == "drainage"


def test_a_node_that_has_the_name_of_a_pipe_gives_way() -> None:
    text = sections_of(TEXT)

    names = Names({}, text.nodes, text.links)

    assert (names.of_link("10"), names.of_node("10"), names.of_node("11")) == ("10", "N-10", "11")


@pytest.mark.parametrize(
    ("kind", "quantities", "places"),
    [
        ("node", {"water_pressure"}, ["node"]),
        ("pipe", set(), ["link"]),
        ("pipe", {"water_pressure"}, ["link"]),
        ("station", {"water_flow"}, ["link"]),
        ("station", {"water_flow", "water_pressure"}, ["node", "link"]),
    ],
)
def test_a_name_of_both_a_node_and_a_pipe_is_what_is_measured(
    kind: str, quantities: set[str], places: list[str]
) -> None:
    parts = bound(sections_of(TEXT), "water", {"A": ("10",)}, {"A": Measured(kind, "water", frozenset(quantities))})

    found = {"node": "A" in parts.nodes, "link": "A" in parts.links}
    assert [place for place, is_there in found.items() if is_there] == places


def test_assets_of_another_lifeline_are_not_taken_by_their_name() -> None:
    told = {"10": Measured("manhole", "gas", frozenset()), "11": Measured("node", "water", frozenset())}

    parts = bound(sections_of(TEXT), "water", {}, told)

    assert dict(parts.nodes) == {"11": "11"}


def test_gauges_stand_far_apart() -> None:
    points = {"A": (0.0, 0.0), "B": (1.0, 0.0), "C": (9.0, 0.0), "D": (5.0, 9.0)}

    assert set(spread(list(points), 3, points)) == {"A", "C", "D"}
    assert spread(["A", "B", "C", "D"], 2, {}) == ["A", "C"]


def test_a_map_in_metres_is_drawn_as_a_town_and_degrees_stay() -> None:
    drawn = locations({"A": (0.0, 0.0), "B": (3000.0, 1000.0)})

    assert drawn["B"][0] - drawn["A"][0] == pytest.approx(0.03)
    assert locations({"A": (117.1, 31.8)}) == {"A": (117.1, 31.8)}
    assert locations({}) == {}


def test_the_way_down_ends_where_pipes_go_round() -> None:
    text = sections_of(TEXT)

    assert next_of(text, "R", {"11"}) == "11"
    assert next_of(text, "11", {"R"}) is None
    assert list(along(text, "11", {"10", "R", "11"}, is_up=True)) == ["11", "10", "R"]
