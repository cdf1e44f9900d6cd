"""The forecast learns what rain does to a level, and says when a limit is reached."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.hazards.drainage import HORIZON_SECONDS, Waterlogging, waterlogging
from gateway.model import SECOND
from tests.gateway.hazards.places import DEPTH, GAUGE, asset, measured, town, underpass

MINUTE = 60 * SECOND


def model() -> Waterlogging:
    inventory = underpass()
    built = waterlogging(inventory, inventory.assets["UP-1"])
    assert built is not None
    return built


def storms(count: int, *, after_minutes: int = 20) -> list[tuple[float, float]]:
    """Return (level, rain rate) by the minute: an hour of rain, and a level that follows it later."""
    pairs = []
    for number in range(count):
        rate = 20.0 + 10.0 * (number % 4)
        for minute in range(360):
            risen = max(0, min(minute - after_minutes, 60))
            level = rate * 0.0005 * risen * max(0.0, 1.0 - max(0, minute - 120) / 120.0)
            pairs.append((level, rate if minute < 60 else 0.0))
    return pairs


def test_it_takes_its_rain_from_the_gauge_nearby() -> None:
    assert model().channels == [DEPTH, GAUGE]


def test_a_gauge_ten_kilometres_away_tells_nothing() -> None:
    inventory = town(
        (asset("UP-1", "drainage", (117.0, 31.0)), asset("RG-1", "drainage", (117.1, 31.0))),
        (measured(DEPTH, "water_level"), measured(GAUGE, "rain_rate")),
    )

    built = waterlogging(inventory, inventory.assets["UP-1"])

    assert built is not None
    assert built.channels == [DEPTH]


def test_a_steady_rise_is_drawn_on_from_the_first_minutes() -> None:
    water = model()

    said = [water.judge(minute * MINUTE, np.array([0.01 * minute, np.nan])) for minute in range(15)][-1]

    assert said.value == pytest.approx(0.14 + 0.01 * HORIZON_SECONDS / 60.0, rel=0.02)
    assert said.minutes_until(0.24) == pytest.approx(10, abs=0.5)
    assert said.minutes_until(0.10) == 0.0
    assert said.minutes_until(9.0) is None


def test_after_some_storms_rain_alone_foretells_the_rise() -> None:
    water = model()
    history = storms(20)
    for number, pair in enumerate(history):
        water.judge(number * MINUTE, np.array(pair))

    begin = len(history)
    said = [water.judge((begin + minute) * MINUTE, np.array([0.0, 40.0])) for minute in range(20)][-1]

    truth = 40.0 * 0.0005 * 30
    assert said.value == pytest.approx(truth, rel=0.5)
    assert said.terms["level_trend"] == pytest.approx(0.0, abs=0.01)
    assert sum(value for name, value in said.terms.items() if name.startswith("rain")) > 0.5 * truth


def test_a_depth_in_centimetres_is_taken_in_metres() -> None:
    inventory = town((asset("UP-1", "drainage"),), (measured("UP-1.radar.depth", "ponding_depth"),))
    built = waterlogging(inventory, inventory.assets["UP-1"])
    assert built is not None

    assert built.judge(0, np.array([15.0])).value == pytest.approx(0.15)
