"""Every registered model: built for the places it is for, and the same after a cut, a restart or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from gateway.hazards import MODELS, GroupModel, Judgement
from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.units import QUANTITIES
from tests.gateway.hazards.places import catchment, gauged_zone, pump_station, road, trunk_main, underpass, zone

Place: TypeAlias = tuple[str, Callable[[], Inventory], str]
PLACES: dict[str, Place] = {
    "night_flow_rise": ("night_flow_rise", zone, "DMA"),
    "forecast_level": ("forecast_level", underpass, "UP-1"),
    "zone_pressure_fall": ("zone_pressure_fall", gauged_zone, "DMA"),
    "burst_flow_rise": ("burst_flow_rise", zone, "P-1"),
    "burst_wave": ("burst_wave", trunk_main, "TM-1"),
    "pump_overdue": ("pump_overdue", pump_station, "PS-1"),
    "backed_up_level": ("backed_up_level", catchment, "SP-1"),
    "pattern_break": ("pattern_break", gauged_zone, "DMA"),
    "collapse_log_odds": ("collapse_log_odds", road, "RD-1"),
}
_MOST_SLOTS = 6_000
GROUPS = [pytest.param(place, id=name) for name, place in PLACES.items() if name != "collapse_log_odds"]


def model_at(place: Place) -> GroupModel:
    quantity, make, asset = place
    inventory = make()
    model = MODELS[quantity](inventory, inventory.assets[asset])
    assert isinstance(model, GroupModel)
    return model


def days(model: GroupModel, count: int, seed: int) -> list[tuple[int, np.ndarray]]:
    """Return slots of some days with gaps, as an aligner closes them; of a fast model the first minute."""
    noise = np.random.default_rng(seed)
    step = round(model.slot_seconds * SECOND)
    slots = []
    for number in range(min(round(count * 86_400 / model.slot_seconds), _MOST_SLOTS)):
        values = np.abs(noise.normal(1.0, 0.3, len(model.channels)))
        values[noise.random(len(values)) < 0.05] = np.nan
        if noise.random() < 0.95:
            slots.append((number * step, values))
    return slots


def same(one: Judgement, other: Judgement) -> bool:
    return repr(one) == repr(other)


def test_every_model_has_a_place_here_and_a_derived_quantity() -> None:
    assert MODELS.keys() == PLACES.keys()
    assert {name for name, quantity in QUANTITIES.items() if quantity.is_derived} == MODELS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_an_asset_without_the_channels_it_needs_has_no_model(name: str) -> None:
    quantity, make, asset = PLACES[name]
    inventory = make()
    bare = Inventory("bare", "bare", "UTC", inventory.assets, {}, {})

    assert MODELS[quantity](bare, bare.assets[asset]) is None


@pytest.mark.parametrize("place", GROUPS)
def test_a_model_restored_in_the_middle_goes_on_as_if_nothing_had_been(place: Place) -> None:
    whole, first, second = model_at(place), model_at(place), model_at(place)
    slots = days(whole, 3, seed=1)
    middle = len(slots) // 2

    wanted = [whole.judge(*slot) for slot in slots][middle:]
    for slot in slots[:middle]:
        first.judge(*slot)
    second.restore(first.state())
    got = [second.judge(*slot) for slot in slots[middle:]]

    assert all(map(same, wanted, got))


@pytest.mark.parametrize("place", GROUPS)
def test_the_state_does_not_change_behind_a_snapshot(place: Place) -> None:
    model = model_at(place)
    slots = days(model, 2, seed=2)
    for slot in slots[:500]:
        model.judge(*slot)
    taken = model.state()
    copies = {name: array.copy() for name, array in taken.items()}

    for slot in slots[500:]:
        model.judge(*slot)

    assert all(np.array_equal(taken[name], array, equal_nan=array.dtype.kind == "f") for name, array in copies.items())


@pytest.mark.parametrize("place", GROUPS)
def test_nothing_but_absent_members_gives_no_opinion_and_never_infinity(place: Place) -> None:
    model = model_at(place)
    nothing = np.full(len(model.channels), np.nan)

    said = [model.judge(start, nothing) for start, _ in days(model, 2, seed=3)]

    assert all(np.isnan(one.value) for one in said)


@pytest.mark.parametrize("place", GROUPS)
def test_terms_and_values_are_numbers_json_can_hold(place: Place) -> None:
    model = model_at(place)

    said = [model.judge(*slot) for slot in days(model, 3, seed=4)]

    # The ledger writes plain numbers only.
    assert {type(value) for one in said for value in (one.value, *one.terms.values())} == {float}
    assert all(np.isfinite(value) for one in said for value in one.terms.values())
    assert not any(np.isinf(one.value) for one in said)
