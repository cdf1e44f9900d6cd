"""A healthy channel is the same at the same time, lively, and clear of its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inventory import Channel, Ladder
from gateway.model import SECOND
from gateway.units import QUANTITIES
from simulators.patterns import PATTERNS
from simulators.rhythms import RHYTHMS
from simulators.signals import healthy

NOON = 1_790_000_000 * SECOND
TWO_DAYS = np.arange(NOON, NOON + 172_800 * SECOND, 60 * SECOND, dtype=np.int64)


def channel(quantity: str, *ladders: Ladder, span: tuple[float, float] | None = None) -> Channel:
    unit = QUANTITIES[quantity].unit
    return Channel("A.d.p", "A", "d", "p", quantity, unit, span, 60.0, 180.0, 0.0, None, "normal", "", tuple(ladders))


def ladder(direction: str, deadband: float, **rungs: float) -> Ladder:
    return Ladder("l", "gas_leak", direction, rungs, deadband, 10.0, 60.0, "made up")  # type: ignore[arg-type]


def test_every_pattern_is_of_a_known_quantity_and_a_known_rhythm() -> None:
    assert set(PATTERNS) <= set(QUANTITIES)
    assert {pattern.rhythm for pattern in PATTERNS.values()} <= set(RHYTHMS)


@pytest.mark.parametrize("quantity", sorted(QUANTITIES))
def test_every_quantity_has_a_finite_signal(quantity: str) -> None:
    values = healthy(channel(quantity, span=(0.0, 50.0)), 28_800.0).at(TWO_DAYS)

    assert np.isfinite(values).all()


@given(st.permutations(range(20)))
def test_the_same_time_gives_the_same_value_in_any_order_and_any_cut(order: list[int]) -> None:
    signal = healthy(channel("water_flow"), 28_800.0)
    whole = signal.at(TWO_DAYS[:20])

    one_by_one = [float(signal.at(TWO_DAYS[place : place + 1])[0]) for place in order]

    assert one_by_one == whole[order].tolist()


def test_two_channels_of_one_quantity_differ() -> None:
    first, second = channel("water_flow"), channel("water_flow")
    second = Channel(**{**{name: getattr(second, name) for name in Channel.__slots__}, "id": "B.d.p"})

    assert not np.allclose(healthy(first, 0.0).at(TWO_DAYS), healthy(second, 0.0).at(TWO_DAYS))


@given(
    st.floats(-1e3, 1e3),
    st.floats(0.0, 50.0),
    st.sampled_from(["above", "below"]),
    st.sampled_from(["strain", "combustible_gas", "water_pressure"]),
)
def test_no_signal_touches_a_limit(limit: float, deadband: float, direction: str, quantity: str) -> None:
    signal = healthy(channel(quantity, ladder(direction, deadband, yellow=limit)), 0.0)

    values = signal.at(TWO_DAYS[::30])

    if direction == "above":
        assert values.max() <= limit - deadband
    else:
        assert values.min() >= limit + deadband


def test_a_band_of_limits_keeps_the_signal_inside() -> None:
    band = (ladder("above", 0.01, yellow=0.5), ladder("below", 0.01, yellow=0.2))

    values = healthy(channel("water_pressure", *band), 0.0).at(TWO_DAYS)

    assert 0.2 < values.min() < values.max() < 0.5


def test_a_total_never_goes_back() -> None:
    values = healthy(channel("water_volume"), 28_800.0).at(TWO_DAYS)

    assert (np.diff(values) > 0).all()
    assert values.min() > 0


def test_water_is_drawn_by_day_and_not_at_night() -> None:
    china = 8 * 3600
    midnight = (NOON // SECOND + china) // 86_400 * 86_400 - china
    hours = (midnight + np.arange(24) * 3600) * SECOND

    values = healthy(channel("water_flow"), float(china)).at(hours.astype(np.int64))

    assert values[[7, 8, 19, 20]].min() > values[[2, 3, 4]].max()
