"""What a flow meter shows follows its flow, whether a model tells that or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND, Floats, Int64s
from gateway.settings import check_site
from simulators.courses import courses_of
from simulators.districts import PARTS, Term
from simulators.districts.site import site_text
from simulators.instruments import Instruments
from simulators.models.metering import velocity_m_s
from simulators.noise import Wandered, wander
from simulators.weather import Climate
from simulators.world import World

START = 1_750_032_000 * SECOND
MINUTE = 60 * SECOND
HOURS = (START + np.arange(0, 49) * 3600 * SECOND).astype(np.int64)
MINUTES = (START + np.arange(0, 48 * 60 + 1) * MINUTE).astype(np.int64)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    path = tmp_path / "site.yaml"
    path.write_text(site_text("town", [PARTS["water"](2)]))
    site = check_site(path).site
    assert site is not None
    return site.inventory


def _untold(inventory: Inventory, times: Int64s, seed: str = "1") -> dict[str, Floats]:
    """Return what the meter shows in a world without a model of it."""
    courses = courses_of(inventory, World([], Climate(seed=1), START), Instruments(), seed=seed)
    return {point: courses[f"P-IN.meter-in.{point}"].at(times) for point in ("flow", "velocity", "total")}


def test_the_meter_of_a_modelled_pipe_counts_on_from_what_it_had(inventory: Inventory, tmp_path: Path) -> None:
    term = Term(START, START + 24 * 3600 * SECOND, 1, tmp_path)
    minutes = [START + minute * MINUTE for minute in range(61)]
    with World(PARTS["water"](2).models(term), Climate(seed=1), START) as world:
        courses = courses_of(inventory, world, Instruments(), seed="1")
        shown = {
            point: np.array([courses[f"P-IN.meter-in.{point}"].at(np.array([one]))[0] for one in minutes])
            for point in ("flow", "velocity", "total")
        }

    flow, total = shown["flow"], shown["total"]
    assert shown["velocity"] == pytest.approx([velocity_m_s(one, 150.0) for one in flow])
    assert 20_000 <= total[0] <= 500_000
    assert np.diff(total) == pytest.approx((flow[1:] + flow[:-1]) / 120.0)


def test_a_meter_that_no_model_tells_moves_its_speed_with_its_flow(inventory: Inventory) -> None:
    shown = _untold(inventory, MINUTES)

    bore = np.sqrt(shown["flow"] / 3600.0 / shown["velocity"] * 4.0 / np.pi)
    assert np.ptp(bore) < 1e-9
    assert 0.05 < bore[0] < 0.5


def test_a_meter_that_no_model_tells_counts_its_flow(inventory: Inventory) -> None:
    shown = _untold(inventory, MINUTES)

    flow, total = shown["flow"], shown["total"]
    drawn = np.cumsum((flow[1:] + flow[:-1]) / 120.0)
    assert (np.diff(total) > 0).all()
    assert total[1:][59::60] - total[0] == pytest.approx(drawn[59::60], rel=0.01)


def test_a_total_is_the_same_in_any_order_and_another_for_another_seed(inventory: Inventory) -> None:
    at_once = _untold(inventory, HOURS)["total"]
    backwards = [_untold(inventory, HOURS[number : number + 1])["total"][0] for number in range(48, -1, -1)]

    assert backwards[::-1] == at_once.tolist()
    assert (_untold(inventory, HOURS, seed="2")["total"] != at_once).all()


def test_what_has_been_wandered_is_the_integral_of_the_walk() -> None:
    times = (START + np.arange(0, 20_000) * 10 * SECOND).astype(np.int64)
    walk = wander(7, times, 5400.0)

    run = Wandered(7, 5400.0, START - 3_000 * 5400 * SECOND).seconds(times)

    assert np.diff(run) == pytest.approx((walk[1:] + walk[:-1]) * 5.0, abs=1e-4)
