"""A blockage lifts the level above it in dry weather and nothing below; rain, sewage and a lone level do not."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.hazards.contract import Judgement
from gateway.hazards.sewers import SewerBlockage, sewer_blockage
from gateway.model import SECOND
from tests.gateway.hazards.places import ABOVE, BELOW, BRANCH, FALL, asset, catchment, measured, town

SLOT = 300
DAY_SLOTS = 86_400 // SLOT
START = 3 * DAY_SLOTS


def model() -> SewerBlockage:
    inventory = catchment()
    built = sewer_blockage(inventory, inventory.assets["SP-1"])
    assert built is not None
    return built


def ordinary(days: int = 4) -> np.ndarray:
    """Return levels above, below and of the branch (m), and rain (mm/h): sewage by the hour of the day."""
    noise = np.random.default_rng(1)
    hour = np.arange(days * DAY_SLOTS) % DAY_SLOTS / 12.0
    sewage = 0.02 * np.sin(2.0 * np.pi * (hour - 9.0) / 24.0)[:, None]
    levels = [0.11, 0.16, 0.12] + sewage * [1.0, 1.5, 1.2] + noise.normal(0.0, 0.004, (len(hour), 3))
    return np.hstack([levels, np.zeros((len(hour), 1))])


def judged(rows: np.ndarray) -> list[Judgement]:
    one = model()
    return [one.judge(number * SLOT * SECOND, row) for number, row in enumerate(rows)]


def values(rows: np.ndarray) -> np.ndarray:
    return np.array([said.value for said in judged(rows)])


def test_its_members_are_the_level_above_those_below_the_others_and_the_rain() -> None:
    assert model().channels == [ABOVE, BELOW, BRANCH, FALL]


def test_a_level_that_rises_alone_above_a_sewer_is_a_blockage_within_an_hour() -> None:
    rows = ordinary()
    rows[START:, 0] += np.minimum(0.02 * np.arange(len(rows) - START), 1.5)

    said = judged(rows)

    assert said[START + 24].value > 0.3
    assert said[START + 24].agreeing == (BELOW, BRANCH)
    assert said[START + 24].terms["expected"] == pytest.approx(0.11, abs=0.04)
    assert max(one.value for one in said[DAY_SLOTS + 10 : START]) == 0.0


def test_backwater_from_farther_down_is_not_named_here() -> None:
    rows = ordinary()
    rows[START:, :2] += 0.6

    assert np.nanmax(values(rows)[START:]) == 0.0


def test_more_sewage_everywhere_is_no_blockage() -> None:
    rows = ordinary()
    rows[START : START + 48, :3] += 0.02 * np.array([1.0, 1.5, 1.2])

    assert np.nanmax(values(rows)) == 0.0


def test_rain_and_six_hours_after_it_are_not_judged() -> None:
    rows = ordinary()
    rows[START : START + 12, 3] = 10.0
    rows[START : START + 48, 0] += 1.0

    said = values(rows)

    assert np.isnan(said[START : START + 12 + 71]).all()
    assert np.nanmax(said) == 0.0


def test_a_stuck_level_is_absent() -> None:
    rows = ordinary()
    rows[START:, 0] = 0.5

    said = values(rows)

    assert np.isnan(said[START + 5 :]).all()


def test_a_neighbour_that_is_absent_leaves_the_others() -> None:
    rows = ordinary()
    rows[START:, 0] += 0.8
    rows[START:, 2] = np.nan

    assert values(rows)[START + 24] > 0.3


def test_a_lone_level_has_no_model() -> None:
    inventory = town(
        (asset("SW-1", "drainage", upstream_of="SP-1"), asset("SP-1", "drainage")), (measured(ABOVE, "water_level"),)
    )

    assert sewer_blockage(inventory, inventory.assets["SP-1"]) is None
