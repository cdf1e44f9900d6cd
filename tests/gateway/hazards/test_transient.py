"""A burst on a trunk main is told and placed by its wave; valves, pumps and single loggers are not taken for one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.hazards import Judgement
from gateway.hazards.transient import BurstWave, burst_wave
from gateway.model import SECOND
from simulators.models.transient import Burst, Closure, Pipeline, record
from tests.gateway.hazards.places import LOGGERS, trunk_main

FAR = 1_000.0
"""From the loggers' own beginning of the main to the reservoir: echoes from there come later."""
GAUGES = (FAR + 100.0, FAR + 1_500.0)
START = 1_750_000_000 * SECOND
HAPPENS = 12.0


def main(wave_m_s: float = 1_080.0) -> Pipeline:
    return Pipeline(metres=3_600.0, millimetres=500.0, wave_m_s=wave_m_s, flow_m3_s=0.12)


def model() -> BurstWave:
    inventory = trunk_main()
    made = burst_wave(inventory, inventory.assets["TM-1"])
    assert made is not None
    return made


def judged(columns: NDArray[np.float64]) -> list[Judgement]:
    watching = model()
    return [watching.judge(START + slot * SECOND // 100, values) for slot, values in enumerate(columns)]


def most(said: list[Judgement]) -> float:
    return max((one.value for one in said if not math.isnan(one.value)), default=math.nan)


@pytest.mark.parametrize("metres", [300.0, 800.0, 1_400.0])
def test_a_burst_is_told_within_five_seconds_with_its_place_and_arrivals(metres: float) -> None:
    burst = Burst(FAR + metres, m3_s=0.025, seconds=HAPPENS)

    said = judged(record(main(), GAUGES, hz=100, seconds=20, bursts=(burst,)))

    first = next(one for one in said if one.value > 0)
    assert 0 < (first.time_ns - START) / SECOND - HAPPENS < 5
    assert first.terms["along_metres"] == pytest.approx(metres, abs=20.0)
    assert first.terms["arrival_at_TL-1"] == pytest.approx((metres - 100.0) / 1_080.0, abs=0.03)
    assert first.terms["arrival_at_TL-2"] == pytest.approx((1_500.0 - metres) / 1_080.0, abs=0.03)
    assert set(first.agreeing) == set(LOGGERS)


@pytest.mark.parametrize("metres", [300.0, 800.0, 1_300.0])
def test_echoes_from_ends_near_the_loggers_move_a_burst_by_little(metres: float) -> None:
    short = Pipeline(metres=1_600.0, millimetres=500.0, wave_m_s=1_080.0, flow_m3_s=0.12)
    burst = Burst(metres, m3_s=0.025, seconds=HAPPENS)

    said = judged(record(short, (100.0, 1_500.0), hz=100, seconds=20, bursts=(burst,)))

    first = next(one for one in said if one.value > 0)
    assert first.terms["along_metres"] == pytest.approx(metres, abs=20.0)


def test_it_says_by_how_much_the_pressure_fell() -> None:
    burst = Burst(FAR + 800.0, m3_s=0.025, seconds=HAPPENS)

    said = judged(record(main(), GAUGES, hz=100, seconds=20, bursts=(burst,)))

    joukowsky = 1_080.0 * 0.025 / (math.pi * 0.25**2) / 2 / 1_000
    assert most(said) == pytest.approx(joukowsky, rel=0.15)


def test_a_wave_speed_that_is_off_by_two_hundredths_moves_a_burst_by_no_more_than_that() -> None:
    burst = Burst(FAR + 300.0, m3_s=0.025, seconds=HAPPENS)

    said = judged(record(main(1.02 * 1_080.0), GAUGES, hz=100, seconds=20, bursts=(burst,)))

    first = next(one for one in said if one.value > 0)
    assert first.terms["along_metres"] == pytest.approx(300.0, abs=0.02 * 1_400.0)


@pytest.mark.parametrize("wave_m_s", [1_058.0, 1_080.0, 1_102.0])
@pytest.mark.parametrize(
    "closure",
    [
        pytest.param(Closure(-0.5, HAPPENS, within_seconds=5.0), id="a valve closes slowly"),
        pytest.param(Closure(-0.5, HAPPENS, within_seconds=0.1), id="a valve slams"),
        pytest.param(Closure(0.5, HAPPENS, within_seconds=5.0), id="a valve opens slowly"),
        pytest.param(Closure(0.5, HAPPENS, within_seconds=0.1), id="a pump beyond the end starts to draw"),
    ],
)
def test_a_valve_or_a_pump_at_the_end_is_no_burst(closure: Closure, wave_m_s: float) -> None:
    said = judged(record(main(wave_m_s), GAUGES, hz=100, seconds=40, closures=(closure,)))

    assert most(said) == 0.0


def test_a_step_at_one_logger_is_the_loggers() -> None:
    columns = record(main(), GAUGES, hz=100, seconds=20)
    columns[1_200:, 0] -= 0.05

    assert most(judged(columns)) == 0.0


def test_a_burst_near_an_outermost_logger_is_left_to_others() -> None:
    burst = Burst(FAR + 1_490.0, m3_s=0.025, seconds=HAPPENS)

    assert most(judged(record(main(), GAUGES, hz=100, seconds=20, bursts=(burst,)))) == 0.0


def test_one_dead_logger_leaves_nothing_to_say() -> None:
    columns = record(main(), GAUGES, hz=100, seconds=20, bursts=(Burst(FAR + 800.0, 0.025, HAPPENS),))
    columns[:, 1] = np.nan

    assert most(judged(columns)) == 0.0


def test_a_main_needs_its_wave_speed_and_loggers_that_are_fast() -> None:
    unsurveyed, slow = trunk_main(wave_m_s=None), trunk_main(report_seconds=1.0)

    assert burst_wave(unsurveyed, unsurveyed.assets["TM-1"]) is None
    assert burst_wave(slow, slow.assets["TM-1"]) is None


def test_a_burst_that_stands_is_told_alike_after_a_restart() -> None:
    columns = record(main(), GAUGES, hz=100, seconds=20, bursts=(Burst(FAR + 800.0, 0.025, HAPPENS),))
    whole, again = model(), model()
    slots = [(START + slot * SECOND // 100, values) for slot, values in enumerate(columns)]
    for slot in slots[:1_750]:
        whole.judge(*slot)
    again.restore(whole.state())

    said = [repr(again.judge(*slot)) for slot in slots[1_750:]]

    assert said == [repr(whole.judge(*slot)) for slot in slots[1_750:]]
    assert "along_metres" in said[-1]
