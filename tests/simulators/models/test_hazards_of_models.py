"""What each event does to what can be measured, told by the hour."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from gateway.model import SECOND
from simulators.weather import Storm

START = 1_750_032_000 * SECOND


def test_gas_reaches_the_near_manhole_first_and_most(tell: Any) -> None:
    story = tell("gas_spaces")
    story.happens(3, "gas_leak", 0.5, asset="G")

    before = story.at(2.9, "combustible_gas")
    soon = story.at(4, "combustible_gas"), story.at(4, "combustible_gas", "B")
    later = story.at(9, "combustible_gas", "B")

    assert before < 2.0
    assert soon[0] > 50 > 2 * soon[1]
    assert later > soon[1]


def test_pipeline_gas_carries_ethane_and_sewer_gas_hydrogen_sulphide(tell: Any) -> None:
    leak, sewer = tell("gas_spaces"), tell("gas_spaces")
    leak.happens(1, "gas_leak", 0.2, asset="G")
    sewer.happens(1, "biogas", 15.0)

    leaked = leak.at(8, "combustible_gas"), leak.at(8, "ethane"), leak.at(8, "hydrogen_sulfide")
    brewed = sewer.at(8, "combustible_gas"), sewer.at(8, "ethane"), sewer.at(8, "hydrogen_sulfide")

    assert leaked[0] > 20
    assert leaked[1] > 300
    assert leaked[2] < 0.5
    assert brewed[0] == pytest.approx(15, abs=6)
    assert brewed[1] == 0.0
    assert brewed[2] > 2


def test_a_leak_that_is_shut_off_airs_out(tell: Any) -> None:
    story = tell("gas_spaces")
    story.happens(1, "gas_leak", 0.5, asset="G", hours=2)

    assert story.at(3, "combustible_gas") > 100
    assert story.at(12, "combustible_gas") < 3


def test_damage_lowers_the_frequency_by_the_root_of_the_stiffness(tell: Any) -> None:
    whole, cracked = tell("bridge"), tell("bridge")
    cracked.happens(0.1, "damage", 19.0)

    ratio = cracked.at(0.5, "frequency") / whole.at(0.5, "frequency")

    assert ratio == pytest.approx(0.9, abs=0.001)


def test_an_overloaded_lorry_shows_while_it_crosses(tell: Any) -> None:
    story = tell("bridge")
    story.happens(0.25, "overload", 120.0)

    crossing = story.at(0.25 + 3 / 3600, "vehicle_weight"), story.at(0.25 + 3 / 3600, "strain")
    gone = story.at(0.26, "vehicle_weight"), story.at(0.26, "strain")

    assert crossing[0] == 120.0
    assert crossing[1] - gone[1] > 70
    assert gone[0] < 50


def test_a_blow_shakes_and_leaves_the_girder_pushed(tell: Any) -> None:
    story = tell("bridge")
    before = story.at(0.1, "displacement")
    story.happens(0.2, "strike", 4.0)

    shaken = story.at(0.2, "acceleration")
    after = story.at(0.3, "displacement")

    assert shaken > 2
    assert after - before > 0.5


def test_creep_accelerates_until_the_slope_fails(tell: Any) -> None:
    story = tell("slope")
    story.happens(1, "creep", 20.0, hours=10)

    moved = [story.at(hour, "displacement") for hour in (1, 5, 9, 10.9, 12)]

    rates = [(late - early) for early, late in pairwise(moved)]
    assert rates[0] / 4 < rates[1] / 4 < rates[2] / 1.9
    assert moved[-1] > 500


def test_an_aborted_creep_calms_down(tell: Any) -> None:
    story = tell("slope")
    story.happens(1, "aborted_creep", 20.0, hours=10)

    moved = [story.at(hour, "displacement") for hour in (7, 8, 23, 24)]

    assert moved[3] - moved[2] < (moved[1] - moved[0]) / 2
    assert story.world.windows[0].hazard == ""


def test_rain_soaks_a_slope_and_quickens_it(tell: Any) -> None:
    dry, wet = tell("slope"), tell("slope", storms=(Storm(START, 180, 60.0),))

    assert wet.at(1.2, "rainfall") > dry.at(1.2, "rainfall") == 0.0

    assert wet.at(24, "soil_moisture") > dry.at(24, "soil_moisture") + 5
    assert wet.at(24, "displacement") > dry.at(24, "displacement") + 0.1


def test_dead_fans_foul_the_air_and_running_ones_renew_it(tell: Any) -> None:
    story = tell("road_tunnel")
    story.happens(0.2, "fan_failure", hours=1)

    before, during, after = (story.at(hour, "carbon_monoxide") for hour in (0.1, 1.2, 3.0))

    assert during > 4 * before
    assert after < 2 * before


def test_a_fire_heats_and_smokes(tell: Any) -> None:
    story = tell("road_tunnel")
    story.happens(0.5, "fire", 5.0)

    assert story.at(0.4, "smoke") == 0.0
    assert story.at(0.6, "smoke") == 1.0
    assert story.at(0.6, "temperature") > story.at(0.4, "temperature") + 15 or story.at(0.7, "temperature") > 40


def test_the_sump_pump_holds_small_inflow_and_not_a_flood(tell: Any) -> None:
    seeping, flooded = tell("utility_tunnel"), tell("utility_tunnel")
    seeping.happens(0.5, "flooding", 20.0)
    flooded.happens(0.5, "flooding", 200.0)

    assert seeping.at(24, "water_level") < 0.4
    assert flooded.at(12, "water_level") > 1.5
    assert flooded.at(12, "pump_running") == 1.0


def test_used_up_air_lacks_oxygen(tell: Any) -> None:
    story = tell("utility_tunnel")
    story.happens(0.5, "foul_air", 3.0)

    assert story.at(0.4, "oxygen") > 20.5
    assert story.at(6, "oxygen") < 18.5


def test_a_washout_wets_then_sinks_then_swallows_the_road(tell: Any) -> None:
    story = tell("road")
    story.happens(1, "washout", 4.0)

    dry = story.at(0.5, "soil_moisture"), story.at(0.5, "settlement")
    first_day = story.at(25, "soil_moisture"), story.at(25, "settlement")
    fourth_day = story.at(90, "settlement")
    in_the_end = story.at(200, "settlement")

    assert first_day[0] > dry[0] + 10
    assert first_day[1] < dry[1] + 2
    assert 4 < fourth_day < 40
    assert in_the_end > 500
    assert story.model.collapsed_ns is not None


def test_dry_ground_does_not_sink(tell: Any) -> None:
    story = tell("road")

    assert abs(story.at(240, "settlement") - 0.5) < 0.5
    assert story.model.collapsed_ns is None
