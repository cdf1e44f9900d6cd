"""That a seed makes a district of its own, the same each time, and one that could stand somewhere."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

import numpy as np
import pytest

from gateway.model import SECOND
from simulators.districts import PARTS, Term
from simulators.districts.sewers import sewers_file
from simulators.districts.water import water
from simulators.models.ranges import Draws, Parameter
from simulators.weather import Climate
from simulators.world import World

START = 1_749_945_600 * SECOND
SEWERS = Path(str(importlib.resources.files("simulators"))) / "networks" / "drainage.inp"
QUICK = (
    "gas",
    "water",
    "drainage",
    "bridge",
    "tunnel",
    "road",
    "slope",
    "utility_tunnel",
    "trunk",
    "viaduct",
    "waterworks",
)
"""Parts whose models are stepped within a second."""
SANE = {
    "water_pressure": (0.14, 0.60),
    "water_flow": (-0.001, 1_500.0),
    "water_level": (0.0, 2.0),
    "WT-1": (1.7, 3.6),
    "sewage_flow": (0.0, 2_000.0),
    "combustible_gas": (0.0, 5.0),
    "hydrogen_sulfide": (0.0, 5.0),
    "oxygen": (20.0, 21.5),
    "carbon_monoxide": (0.0, 60.0),
    "extinction": (0.0, 0.0065),
    "convergence": (0.0, 1.0),
    "displacement": (-8.0, 12.0),
    "settlement": (0.0, 2.0),
    "soil_moisture": (15.0, 35.0),
}
"""What nobody would call wrong on a dry day of spring; an asset goes before its quantity."""


def _drawn(lifeline: str, seed: int, folder: Path) -> list[Parameter]:
    term = Term(START, START + 3600 * SECOND, seed, folder)
    for model in PARTS[lifeline](2).models(term):
        model.close()
    return list(term.draws.parameters)


@pytest.mark.parametrize("lifeline", PARTS)
def test_a_seed_draws_the_same_parameters_again_and_another_draws_others(lifeline: str, tmp_path: Path) -> None:
    first, again, other = (_drawn(lifeline, seed, tmp_path) for seed in (1, 1, 2))

    assert first == again
    assert [one.value for one in first] != [one.value for one in other]
    assert all(one.range.low <= one.value <= one.range.high for one in first)


@pytest.mark.parametrize("lifeline", QUICK)
def test_the_same_seed_gives_the_same_truth_to_the_byte(lifeline: str, tmp_path: Path) -> None:
    courses = []
    for seed in (5, 5, 6):
        term = Term(START, START + 3600 * SECOND, seed, tmp_path)
        with World(PARTS[lifeline](2).models(term), Climate(seed=seed), START) as world:
            world.advance(START + 600 * SECOND, keep_ns=600 * SECOND)
            courses.append(b"".join(np.array(values).tobytes() for values in world._values))

    assert courses[0] == courses[1] != courses[2]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_district_of_any_seed_is_sound_on_an_ordinary_day(seed: int, tmp_path: Path) -> None:
    term = Term(START, START + 24 * 3600 * SECOND, seed, tmp_path)
    models = [model for name in QUICK if name not in {"viaduct", "bridge"} for model in PARTS[name](2).models(term)]
    odd = []

    with World(models, Climate(seed=seed), START) as world:
        for hour in range(1, 25):
            world.advance(START + hour * 3600 * SECOND)
            for asset, quantity in world.places:
                value = world.at((asset, quantity), START + hour * 3600 * SECOND)
                low, high = SANE.get(asset, SANE.get(quantity, (-np.inf, np.inf)))
                if not low <= value <= high:
                    odd.append((hour, asset, quantity, value))
        windows = world.windows

    assert odd == []
    assert windows == []


def test_a_district_that_grows_keeps_the_parameters_it_had(tmp_path: Path) -> None:
    terms = [Term(START, START + 3600 * SECOND, 4, tmp_path) for _ in range(2)]
    for size, term in zip((2, 5), terms, strict=True):
        PARTS["gas"](size).models(term)

    small, large = (set(term.draws.parameters) for term in terms)

    assert small < large


def test_every_pipe_of_a_zone_is_laid_with_its_own_parameters(tmp_path: Path) -> None:
    term = Term(START, START + 3600 * SECOND, 7, tmp_path)
    for model in water(3).models(term):
        model.close()

    pipes = re.findall(r"(?m)^(P-\w+) \S+ \S+ ([\d.]+) ([\d.]+) ([\d.]+) 0 Open", (tmp_path / "zone.inp").read_text())

    assert len(pipes) == 13
    assert len({metres for _, metres, _, _ in pipes}) > 10
    # Hazen-Williams: new iron 130 to 140, forty years old about 100.
    assert all(90 < float(rough) < 140 for *_, rough in pipes)


def test_sewers_keep_their_layout_and_change_their_ground() -> None:
    shipped = SEWERS.read_text()
    drawn, other = (sewers_file(shipped, "PS-1", Draws(seed)) for seed in (1, 2))

    names = [[line.split()[0] for line in text.splitlines() if line.strip()] for text in (shipped, drawn)]
    assert names[0] == names[1]
    assert drawn != other
    assert "S_U G1 U 0.9 80 72 1.0 0" in drawn
