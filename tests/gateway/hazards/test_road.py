"""Evidence around a road segment adds up, is capped by cause, ages from its end, and is named."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gateway.early_warning import Evidence, Finding, Level
from gateway.hazards.road import LEAK, RoadCollapse, road_collapse
from gateway.model import SECOND
from tests.gateway.hazards.places import MOISTURE, asset, measured, road, town

NOW = 1_700_000_000 * SECOND
DAY = 86_400 * SECOND


def segment() -> RoadCollapse:
    inventory = road()
    built = road_collapse(inventory, inventory.assets["RD-1"])
    assert built is not None
    return built


def finding(name: str, hazard: str, where: str, level: Level, *, quantity: str = "", time_ns: int = NOW) -> Finding:
    evidence = Evidence(
        f"{where}.any.any", quantity, "", "", "", "", None, time_ns, None, {}, time_ns, time_ns, data_trust={}
    )
    return Finding(name, hazard, where, time_ns, time_ns, time_ns, level, 1.0, is_late=False, evidence=evidence)


def test_an_ordinary_day_has_the_prior_alone() -> None:
    assert segment().weigh(NOW).terms == {"prior": -5.0}


def test_two_faults_of_one_cause_do_not_pass_its_cap() -> None:
    model = segment()
    for number in range(3):
        model.hear(finding(f"overflow-{number}", "sewer_overflow", "SW-1", Level.RED))

    assert model.weigh(NOW).terms["sewer"] == 2.0


def test_a_finding_ages_from_its_end() -> None:
    model = segment()
    model.hear(finding("overflow", "sewer_overflow", "SW-1", Level.RED))
    standing = model.weigh(NOW + 14 * DAY).terms["sewer"]

    model.hear(finding("overflow", "sewer_overflow", "SW-1", Level.NONE, time_ns=NOW + 14 * DAY))
    aged = model.weigh(NOW + 28 * DAY).terms["sewer"]

    assert standing == 2.0
    assert aged == pytest.approx(2.0 * math.exp(-1.0), abs=0.001)


def test_the_same_finding_twice_changes_nothing() -> None:
    model = segment()
    one = finding("overflow", "sewer_overflow", "SW-1", Level.YELLOW)

    model.hear(one)
    before = model.weigh(NOW)
    model.hear(one)

    assert model.weigh(NOW) == before


def test_what_lies_out_of_reach_or_means_nothing_here_is_not_heard() -> None:
    model = segment()
    model.hear(finding("far", "sewer_overflow", "SW-99", Level.RED))
    model.hear(finding("other", "sensor_fault", "SW-1", Level.RED))
    model.hear(finding("own", "road_collapse", "RD-1", Level.RED, quantity="collapse_log_odds"))

    assert model.weigh(NOW).value == -5.0


def test_a_leak_known_only_to_be_in_the_zone_counts_half() -> None:
    inventory = town(
        (
            asset("RD-1", "road", over="P-1"),
            asset("P-1", "water", part_of="DMA"),
            asset("DMA", "water"),
        ),
        (measured("P-1.meter.flow", "water_flow"),),
    )
    model = road_collapse(inventory, inventory.assets["RD-1"])
    assert model is not None

    model.hear(finding("leak", "pipe_leak", "DMA", Level.RED))

    assert model.channels == ["P-1.meter.flow"]
    assert model.weigh(NOW).terms["leak"] == LEAK.cap / 2


def test_what_was_heard_outlives_a_restart() -> None:
    model, again = segment(), segment()
    model.hear(finding("soil", "road_collapse", "RD-1", Level.ORANGE, quantity="soil_moisture"))
    model.hear(replace(finding("overflow", "sewer_overflow", "SW-1", Level.NONE), time_ns=NOW - DAY))

    again.restore(model.state())

    assert again.weigh(NOW) == model.weigh(NOW)
    assert model.channels[0] == MOISTURE


def test_it_remembers_no_more_than_it_must() -> None:
    model = segment()
    for number in range(100):
        model.hear(finding(f"f{number}", "sewer_overflow", "SW-1", Level.BLUE, time_ns=NOW + number))

    assert len(model.state()["id"]) == 32
