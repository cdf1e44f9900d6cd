from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.settings import check_site
from simulators.districts import PARTS, Term
from simulators.districts.site import site_text
from simulators.drawn_events import MISHAPS, drawn_events
from simulators.models.contract import Event
from simulators.weather import Climate
from simulators.world import World

START = 1_749_945_600 * SECOND
YEAR = round(365.25 * 86_400) * SECOND


@pytest.fixture
def town(tmp_path: Path) -> Inventory:
    path = tmp_path / "site.yaml"
    path.write_text(site_text("town", [build(3) for build in PARTS.values()]))
    site = check_site(path).site
    assert site is not None
    return site.inventory


def test_the_same_seed_draws_the_same_events_and_another_draws_others(town: Inventory) -> None:
    first, again, other = (
        drawn_events(town.assets, {"burst": 5.0}, start_ns=START, end_ns=START + YEAR, seed=seed) for seed in (1, 1, 2)
    )

    assert first == again != other
    assert [event.time_ns for event in first] == sorted(event.time_ns for event in first)


def test_events_come_as_often_as_their_rate_says(town: Inventory) -> None:
    pipes = [asset for asset in town.assets.values() if (asset.kind, asset.lifeline) == ("pipe", "water")]

    drawn = drawn_events(town.assets, {"burst": 100.0}, start_ns=START, end_ns=START + YEAR, seed=3)

    assert len(drawn) / len(pipes) == pytest.approx(100.0, rel=0.1)
    assert {event.asset for event in drawn} == {asset.id for asset in pipes}


def test_a_kind_without_a_rate_has_its_usual_one(town: Inventory) -> None:
    usual = drawn_events(town.assets, {"jam": None}, start_ns=START, end_ns=START + YEAR, seed=3)

    assert len(usual) == pytest.approx(3 * MISHAPS["jam"].per_asset_year, rel=0.3)


def test_a_city_that_grows_keeps_what_befalls_the_rest_of_it(town: Inventory) -> None:
    fewer = {name: asset for name, asset in town.assets.items() if name != "SL-3"}
    drawn = [
        drawn_events(assets, {"aborted_creep": 30.0}, start_ns=START, end_ns=START + YEAR, seed=8)
        for assets in (fewer, town.assets)
    ]

    assert drawn[0] == [event for event in drawn[1] if event.asset != "SL-3"]
    assert len(drawn[0]) < len(drawn[1])


def test_every_kind_that_is_drawn_can_happen_in_a_district(town: Inventory, tmp_path: Path) -> None:
    term = Term(START, START + 86_400 * SECOND, 1, tmp_path)
    staged: list[Event] = []
    refused: set[str] = set()

    # A pump that has failed cannot run on at that time: each has a city of its own.
    for kinds in (MISHAPS.keys() - {"pump_runs_on"}, {"pump_runs_on"}):
        with ExitStack() as stack:
            models = [model for build in PARTS.values() for model in build(3).models(term)]
            world = stack.enter_context(World(models, Climate(seed=1), START))
            for event in drawn_events(
                town.assets, dict.fromkeys(kinds, 4_000.0), start_ns=START, end_ns=term.end_ns, seed=1
            ):
                try:
                    world.stage(event)
                    staged.append(event)
                except ValueError:
                    refused.add(event.asset)

    assert {event.kind for event in staged} == set(MISHAPS)
    # A trunk main knows of bursts alone, and a span falls when all damages together are too many.
    assert refused <= {"TM-1-S1", "TM-1-S2", "TM-1-S3", "BR-1-S1", "BR-1-S2", "BR-1-S3"}


def test_a_kind_that_is_never_drawn_is_named(town: Inventory) -> None:
    with pytest.raises(KeyError, match="meteorite"):
        drawn_events(town.assets, {"meteorite": 1.0}, start_ns=START, end_ns=START + YEAR)


def test_what_befalls_two_kinds_of_assets_is_drawn_on_both(town: Inventory) -> None:
    drawn = drawn_events(town.assets, {"pump_failure": 20.0}, start_ns=START, end_ns=START + YEAR, seed=3)

    assert {event.asset for event in drawn} == {"PS-1", "WP-1"}
