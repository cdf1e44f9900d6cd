"""What a scenario says happens is told again in its world, as often as somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model import SECOND
from gateway.settings import Site, load_site
from simulators.scenarios.loading import load_scenario, shipped
from simulators.scenarios.scenario import Scenario, Stage
from simulators.staging import WORDS, Staging, stories_of, uneventful

MINUTE = 60 * SECOND


@pytest.fixture(scope="module")
def told() -> Scenario:
    return load_scenario(next(path for path in shipped() if path.stem == "demo"))


@pytest.fixture
def stage(told: Scenario, tmp_path: Path) -> Iterator[Stage]:
    """The district of the demo after half an hour in which nothing happened."""
    quiet = replace(uneventful(told), learn_ns=told.start_ns - 30 * MINUTE)
    file = tmp_path / "site.yaml"
    file.write_text(quiet.site_text(), encoding="utf-8")
    site: Site = load_site(file)
    with Stage(quiet, site.inventory) as stage:
        stage.world.advance(told.start_ns)
        yield stage


def shown(stage: Stage, minutes: float, *places: tuple[str, str]) -> list[float]:
    """Return the true values of some places so long after the district was staged."""
    moment = stage.scenario.start_ns + round(minutes * MINUTE)
    stage.world.advance(moment)
    return [stage.world.at(place, moment) for place in places]


def test_the_demo_has_a_story_for_every_word_and_the_lifelines_that_a_visitor_is_promised(told: Scenario) -> None:
    assert list(stories_of(told)) == list(WORDS)
    assert {"gas", "water", "drainage", "bridge", "slope", "road"} <= set(told.district)


def test_nothing_happens_unless_it_is_staged(stage: Stage) -> None:
    (gas, rain, flow) = shown(stage, 10, ("MH-1", "combustible_gas"), ("RG-1", "rain_rate"), ("P-IN", "water_flow"))

    assert gas < 5.0
    assert rain == 0.0
    assert flow < 60.0
    assert stage.windows == []


def test_gas_reaches_the_first_limit_in_time_for_a_warning_within_a_minute_and_the_next_manhole_later(
    told: Scenario, stage: Stage
) -> None:
    staging = Staging(stories_of(told), stage.world)

    said = staging.stage("gas", told.start_ns)

    assert said == "gas leak on G-1 (1000) for 1 min"
    near = shown(stage, 2 / 3, ("MH-1", "combustible_gas"))
    later, next_one, far = shown(
        stage, 8, ("MH-1", "combustible_gas"), ("MH-2", "combustible_gas"), ("MH-4", "combustible_gas")
    )
    assert near[0] > 20.0
    assert later > next_one > far


def test_a_storm_falls_then_levels_rise_the_underpass_stands_under_water_and_the_slope_is_soaked(
    told: Scenario, stage: Stage
) -> None:
    (dry,) = shown(stage, 0, ("SL-1", "soil_moisture"))
    staging = Staging(stories_of(told), stage.world)

    said = staging.stage("storm", told.start_ns)

    assert "a storm of 90 mm" in said
    assert "pump failure on PS-1" in said
    assert shown(stage, 3, ("RG-1", "rain_rate"))[0] > 50.0
    underpass, manhole, soil = shown(
        stage, 20, ("UP-1", "water_level"), ("SW-1", "water_level"), ("SL-1", "soil_moisture")
    )
    assert underpass > 1.9
    assert manhole > 1.0
    assert soil > dry + 5.0


def test_a_burst_main_draws_flow_loses_pressure_and_soaks_the_road_above_it(told: Scenario, stage: Stage) -> None:
    flow_before, pressure_before = shown(stage, 0, ("P-IN", "water_flow"), ("N-2", "water_pressure"))
    staging = Staging(stories_of(told), stage.world)

    staging.stage("burst", told.start_ns)

    flow, pressure = shown(stage, 3, ("P-IN", "water_flow"), ("N-2", "water_pressure"))
    soil, elsewhere = shown(stage, 15, ("RD-1", "soil_moisture"), ("RD-2", "soil_moisture"))
    assert flow > flow_before + 50.0
    assert pressure < 0.14 < pressure_before
    assert soil > 30.0 > elsewhere


def test_gas_leaks_elsewhere_the_second_time_and_what_is_no_word_is_not_known(told: Scenario, stage: Stage) -> None:
    staging = Staging(stories_of(told), stage.world)

    staging.stage("gas", told.start_ns)
    shown(stage, 5)
    staging.stage("gas", told.start_ns + 5 * MINUTE)

    assert [(window.kind, window.asset) for window in stage.windows] == [("gas_leak", "G-1"), ("gas_leak", "GB-1")]
    assert shown(stage, 6, ("MH-4", "combustible_gas"))[0] > 20.0
    assert staging.words == tuple(WORDS)
    with pytest.raises(KeyError, match="earthquake"):
        staging.stage("earthquake", told.start_ns)
