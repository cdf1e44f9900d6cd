from __future__ import annotations

import math

import pytest

from simulators.models import bridge, gas_space, road, slope, supply, tunnel
from simulators.models.ranges import Draws, Range, draw

WAVE = Range(900.0, 1300.0, "m/s", "detection notes: metal")
TABLES = {
    "bridge": bridge.RANGES,
    "gas_space": {**gas_space.RANGES, "ethane_share": gas_space.ETHANE},
    "road": road.RANGES,
    "slope": slope.RANGES,
    "gas_main": supply.MAIN_RANGES,
    "heat_line": supply.LINE_RANGES,
    "bore": tunnel.BORE_RANGES,
    "gallery": tunnel.GALLERY_RANGES,
}


def test_a_draw_depends_on_seed_asset_and_name_alone() -> None:
    drawn = {draw(seed, asset, name, WAVE) for seed in (1, 2) for asset in ("P-1", "P-2") for name in ("a", "b")}

    assert len(drawn) == 8
    assert draw(1, "P-1", "a", WAVE) in drawn


def test_draws_fill_their_range_evenly() -> None:
    drawn = [draw(seed, "P-1", "wave_m_s", WAVE) for seed in range(2000)]

    assert min(drawn) >= 900
    assert max(drawn) <= 1300
    assert sum(drawn) / len(drawn) == pytest.approx(1100, abs=10)
    assert min(drawn) < 902
    assert max(drawn) > 1298


def test_what_was_drawn_is_kept_with_its_range() -> None:
    draws = Draws(3)
    bore = draws.among("P-1", "millimetres", (100.0, 150.0, 200.0), "mm", "bores of mains")
    wave = draws.one("P-1", "wave_m_s", WAVE)

    assert bore in {100.0, 150.0, 200.0}
    assert [(one.name, one.value, one.range.low) for one in draws.parameters] == [
        ("millimetres", bore, 100.0),
        ("wave_m_s", wave, 900.0),
    ]


def test_every_choice_is_drawn_by_some_seed() -> None:
    drawn = {Draws(seed).among("P-1", "millimetres", (100.0, 150.0, 200.0), "mm", "bores") for seed in range(60)}

    assert drawn == {100.0, 150.0, 200.0}


@pytest.mark.parametrize("name", TABLES)
def test_every_range_of_a_model_has_a_unit_and_a_source(name: str) -> None:
    for parameter, span in TABLES[name].items():
        assert span.unit, parameter
        assert len(span.source) > 7, parameter


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_a_range_that_is_none_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="from low to high"):
        Range(low, high, "m", "somebody")


def test_a_range_without_a_source_is_refused() -> None:
    with pytest.raises(ValueError, match="names its source"):
        Range(1.0, 2.0, "m", "")
