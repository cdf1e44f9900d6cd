"""A burst is a sudden inflow that stays and takes the pressures with it; demand, weekends and lone meters are not."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.contract import State
from gateway.hazards.burst import PipeBurst, pipe_burst
from gateway.hazards.contract import Judgement
from gateway.model import SECOND
from tests.gateway.hazards.places import asset, measured, town, zone

SLOT = 300
DAY_SLOTS = 86_400 // SLOT


def model() -> PipeBurst:
    inventory = zone()
    built = pipe_burst(inventory, inventory.assets["P-1"])
    assert built is not None
    return built


def ordinary(days: int, seed: int = 1) -> np.ndarray:
    """Return inflow, outflow (m3/h) and pressure (MPa) of some days: steep mornings, late ones at the weekend."""
    noise = np.random.default_rng(seed)
    slot = np.arange(days * DAY_SLOTS)
    hour, weekday = slot % DAY_SLOTS / 12.0, slot // DAY_SLOTS % 7
    waking = np.where(weekday >= 5, 9.0, 6.5)
    net = 15.0 + 50.0 / (1.0 + np.exp(-3.0 * (hour - waking))) * np.exp(-np.maximum(0.0, hour - 20.0))
    net = net * (1.0 + 0.04 * np.repeat(noise.normal(size=len(slot) // 6 + 1), 6)[: len(slot)])
    outflow = 5.0 + noise.normal(0.0, 0.05, len(slot))
    return np.stack([net + outflow, outflow, pressure_of(net, noise)], axis=1)


def pressure_of(net: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    return np.asarray(0.40 - 1e-5 * np.maximum(net, 0.0) ** 1.85 + noise.normal(0.0, 0.0005, len(net)))


def burst(rows: np.ndarray, start: int, flow: float, slots: int = 24) -> np.ndarray:
    """Return the days with a burst of some m3/h from a slot on."""
    broken = rows.copy()
    broken[start : start + slots, 0] += flow
    net = broken[start : start + slots, 0] - broken[start : start + slots, 1]
    broken[start : start + slots, 2] = pressure_of(net, np.random.default_rng(2))
    return broken


def judged(rows: np.ndarray, *, after: State | None = None) -> list[Judgement]:
    """Return what is said of days from a Monday on, of the fourth week when a state is given."""
    one, first = model(), 21 * DAY_SLOTS if after else 0
    if after:
        one.restore(after)
    return [one.judge((first + number) * SLOT * SECOND, row) for number, row in enumerate(rows)]


def values(rows: np.ndarray, after: State | None = None) -> np.ndarray:
    return np.array([said.value for said in judged(rows, after=after)])


@pytest.fixture(scope="module")
def three_weeks() -> State:
    """Return a model's state after three ordinary weeks."""
    one = model()
    for number, row in enumerate(ordinary(21)):
        one.judge(number * SLOT * SECOND, row)
    return one.state()


# Mornings differ most from one another: there a burst must be larger to be clear.
@pytest.mark.parametrize(("hour", "flow"), [(3, 30.0), (7, 80.0), (13, 30.0)])
def test_a_burst_is_told_within_a_quarter_of_an_hour_at_any_hour(hour: int, flow: float, three_weeks: State) -> None:
    start = DAY_SLOTS + hour * 12

    said = values(burst(ordinary(2), start, flow), three_weeks)

    assert (said[start : start + 4] > 20.0).any()
    assert np.nanmax(said[:start]) == 0.0


def test_a_burst_stays_told_until_it_is_closed(three_weeks: State) -> None:
    start = DAY_SLOTS + 3 * 12

    said = values(burst(ordinary(3), start, 30.0, slots=72), three_weeks)

    assert (said[start + 4 : start + 72] > 20.0).all()
    assert np.nanmax(said[start + 90 :]) == 0.0


@pytest.mark.slow
def test_four_weeks_of_ordinary_days_raise_nothing() -> None:
    assert np.nanmax(values(ordinary(28, seed=5))) == 0.0


def test_after_five_days_a_large_burst_is_told_and_the_first_weekend_is_not() -> None:
    start = 4 * DAY_SLOTS + 3 * 12

    said = values(burst(ordinary(8), start, 80.0, slots=24))

    assert np.nanmax(said[start : start + 4]) > 100.0
    assert np.nanmax(said[start + 36 :]) == 0.0


@pytest.mark.parametrize("share", [1.06, 1.12])
def test_a_day_on_which_people_draw_more_is_no_burst(share: float, three_weeks: State) -> None:
    rows = ordinary(2)
    net = share * (rows[DAY_SLOTS:, 0] - rows[DAY_SLOTS:, 1])
    rows[DAY_SLOTS:, 0] = net + rows[DAY_SLOTS:, 1]
    rows[DAY_SLOTS:, 2] = pressure_of(net, np.random.default_rng(3))

    assert np.nanmax(values(rows, three_weeks)) == 0.0


def test_what_a_hydrant_draws_for_half_an_hour_is_no_longer_told_soon_after(three_weeks: State) -> None:
    start, slots = DAY_SLOTS + 14 * 12, 6

    said = values(burst(ordinary(2), start, 30.0, slots=slots), three_weeks)

    assert np.nanmax(said[start : start + slots]) > 20.0
    assert np.nanmax(said[start + slots + 1 :]) == 0.0


def test_a_flow_that_rises_while_pressures_rise_is_no_burst(three_weeks: State) -> None:
    start = DAY_SLOTS + 3 * 12
    rows = ordinary(2)
    rows[start : start + 24] += [30.0, 0.0, 0.02]

    assert np.nanmax(values(rows, three_weeks)) == 0.0


def test_without_the_outlet_meter_there_is_no_opinion(three_weeks: State) -> None:
    rows = burst(ordinary(2), DAY_SLOTS, 30.0)
    rows[DAY_SLOTS:, 1] = np.nan

    assert np.isnan(values(rows, three_weeks)[DAY_SLOTS:]).all()


def test_the_judgement_says_what_was_expected_and_which_gauges_agree(three_weeks: State) -> None:
    start = DAY_SLOTS + 3 * 12

    said = judged(burst(ordinary(2), start, 30.0), after=three_weeks)[start + 5]

    assert said.terms["excess_flow"] == pytest.approx(30.0, abs=4.0)
    assert said.terms["inflow_expected"] == pytest.approx(15.0, abs=4.0)
    assert said.agreeing == ("P-3.gauge.pressure",)
    assert said.disagreeing == ()


def test_a_zone_with_two_inlets_is_named_itself() -> None:
    inventory = town(
        (asset("DMA", "water"), *(asset(name, "water", inlet_of="DMA") for name in ("P-1", "P-2"))),
        (
            *(measured(f"{name}.meter.flow", "water_flow") for name in ("P-1", "P-2")),
            measured("DMA.g.p", "water_pressure"),
        ),
    )

    assert pipe_burst(inventory, inventory.assets["P-1"]) is None
    built = pipe_burst(inventory, inventory.assets["DMA"])
    assert built is not None
    assert built.channels == ["P-1.meter.flow", "P-2.meter.flow", "DMA.g.p"]


def test_a_zone_with_one_inlet_is_named_there_only() -> None:
    inventory = zone()

    assert pipe_burst(inventory, inventory.assets["DMA"]) is None
    assert model().asset == "P-1"
