"""A site file of one's own: which physics its assets get, and who may be named for whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.settings import check_site
from simulators.districts.part import Term
from simulators.models.contract import Event, Model
from simulators.own.assets import gas_reach, premises_of
from simulators.own.networks import Networks
from simulators.own.site import site_part
from simulators.weather import Climate
from simulators.world import World

START = 1_749_945_600 * SECOND
END = START + 4 * 3600 * SECOND
SCENARIOS = Path(__file__).parents[1] / "scenarios" / "own"
HEAD = """site: {id: town}
collectors:
  city: {kind: mqtt, host: 127.0.0.1, topics: ["up/{device}"]}
  line: {kind: modbus_tcp, host: 127.0.0.1}
"""
ASSETS = """
  MH-1: {kind: manhole, lifeline: gas, location: [117.2700, 31.86], relations: {part_of: [GM]}}
  MH-2: {kind: manhole, lifeline: gas, location: [117.2705, 31.86], relations: {part_of: [GM]}}
  GM: {kind: gas_main, lifeline: gas, location: [117.2700, 31.86]}
  BR: {kind: girder_section, lifeline: bridge}
  TN: {kind: tunnel_section, lifeline: tunnel}
  UT: {kind: compartment, lifeline: utility_tunnel}
  SL: {kind: slope, lifeline: slope}
  RD: {kind: road_segment, lifeline: road, relations: {over: [PIPE8]}}
  RG: {kind: rain_gauge, lifeline: drainage}
  HP: {kind: heating_plant, lifeline: heating}
  HS: {kind: substation, lifeline: heating, relations: {fed_by: [HP]}}
  PIPE8: {kind: pipe, lifeline: water}
  N-2: {kind: node, lifeline: water}
"""
DEVICES = """
  gas-1: {profile: gas/manhole_methane, collector: city, asset: MH-1}
  gas-2: {profile: gas/manhole_methane, collector: city, asset: MH-2}
  span: {profile: bridge/structural_node, collector: city, asset: BR}
  air: {profile: tunnel/air_station, collector: line, asset: TN, unit: 1}
  cell: {profile: utility_tunnel/environment_node, collector: city, asset: UT}
  creep: {profile: slope/displacement_node, collector: city, asset: SL}
  ground: {profile: road/ground_node, collector: city, asset: RD}
  rain: {profile: drainage/rain_gauge, collector: city, asset: RG}
  plant: {profile: heating/plant, collector: city, asset: HP}
  station: {profile: heating/substation, collector: city, asset: HS}
  gauge: {profile: water/keller_36xw, collector: line, asset: N-2, unit: 2}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    path = tmp_path / "site.yaml"
    path.write_text(f"{HEAD}assets:{ASSETS}devices:{DEVICES}")
    checked = check_site(path)
    assert checked.site is not None, checked.faults
    return checked.site.inventory


def _models(inventory: Inventory, networks: Networks, folder: Path, *only: str) -> list[Model]:
    """Return the models of a site; with `only`, those that tell of these assets."""
    models = site_part(inventory, networks).models(Term(START, END, 3, folder))
    return [model for model in models if not only or {asset for asset, _ in model.places} & set(only)]


def test_each_asset_gets_the_physics_that_fit_it(inventory: Inventory, tmp_path: Path) -> None:
    models = _models(inventory, Networks(), tmp_path)

    told = {place for model in models for place in model.places}
    assert told >= {
        ("MH-1", "combustible_gas"),
        ("BR", "strain"),
        ("TN", "carbon_monoxide"),
        ("UT", "oxygen"),
        ("SL", "displacement"),
        ("RD", "soil_moisture"),
        ("RG", "rain_rate"),
        ("HP", "make_up_flow"),
        ("HS", "supply_temperature"),
    }
    assert ("N-2", "water_pressure") not in told
    assert ("UT", "ethane") not in told


def test_a_network_binds_pressures_by_their_asset_and_a_road_to_the_pipe_under_it(
    inventory: Inventory, tmp_path: Path
) -> None:
    networks = Networks(water=SCENARIOS / "zone.inp", assets={"N-2": ("J23",)})
    models = _models(inventory, networks, tmp_path, "N-2", "RD")
    with World(models, Climate(seed=4), START) as world:
        world.stage(Event(START + 3600 * SECOND, "burst", "PIPE8", 200.0))

        world.advance(START + 3500 * SECOND)
        before = world.at(("N-2", "water_pressure"), START + 3500 * SECOND)
        world.advance(END)

        assert 0.2 < before < 0.5
        assert world.at(("N-2", "water_pressure"), END) < before - 0.1
        assert any(window.kind == "undermining" and window.asset == "RD" for window in world.windows)


def test_a_leak_at_a_manhole_comes_there_first_and_thinner_to_the_next(inventory: Inventory, tmp_path: Path) -> None:
    with World(_models(inventory, Networks(), tmp_path, "MH-1"), Climate(seed=4), START) as world:
        window = world.stage(Event(START + 600 * SECOND, "gas_leak", "MH-2", 0.5))

        world.advance(END)
        here, there = (world.at((name, "combustible_gas"), END) for name in ("MH-2", "MH-1"))

    assert window is not None
    assert window.hazard == "gas_leak"
    assert here > 50
    assert there < here / 4


def test_a_main_passes_its_chambers_in_their_order(inventory: Inventory) -> None:
    reach = gas_reach(premises_of(inventory))

    assert reach["MH-1"]["GM"] == pytest.approx(3.0)
    assert reach["MH-2"]["GM"] == pytest.approx(50.3, abs=0.5)
    assert set(reach) == {"MH-1", "MH-2"}


def test_those_who_share_gas_or_a_zone_are_kin(inventory: Inventory) -> None:
    kin = site_part(inventory, Networks(water=SCENARIOS / "zone.inp", assets={"N-2": ("J23",)})).kin

    assert "MH-1" in kin["GM"]
    assert "MH-1" in kin["MH-2"]
    assert "N-2" in kin["PIPE8"]
    assert "BR" not in kin["PIPE8"]


def test_a_network_that_is_refused_leaves_no_other_open(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    broken = tmp_path / "sewers.inp"
    broken.write_text("[OPTIONS]\nFLOW_UNITS BUCKETS\n[CONDUITS]\n")

    with pytest.raises(ValueError, match="SWMM error 205"):
        _models(inventory, Networks(water=SCENARIOS / "zone.inp", drainage=broken), tmp_path)

    assert list(folder.iterdir()) == []
