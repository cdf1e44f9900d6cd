"""A leak that two nights agree on, as what the ledger can write."""

from __future__ import annotations

import math

import numpy as np

from gateway.hazards import MODELS, GroupModel, Judgement
from gateway.model import SECOND
from tests.gateway.hazards.places import zone

_LEAK_DAY = 22


def _said_after_a_leak() -> list[Judgement]:
    inventory = zone(1800.0)
    model = MODELS["night_flow_rise"](inventory, inventory.assets["DMA"])
    assert isinstance(model, GroupModel)
    noise = np.random.default_rng(1)
    said = []
    for slot in range(28 * 48):
        leaks = slot / 48 >= _LEAK_DAY
        values = np.array([60.0 + 15.0 * leaks, 20.0, 0.30 - 0.03 * leaks]) + noise.normal(0, (0.2, 0.1, 0.0005))
        said.append(model.judge(slot * 1800 * SECOND, values))
    return said


def test_what_a_leak_is_told_by_is_plain_numbers() -> None:
    found = [one for one in _said_after_a_leak() if one.value > 0]

    assert found
    assert {type(one.value) for one in found} == {float}
    assert all(math.isfinite(number) for one in found for number in one.terms.values())


def test_nothing_is_said_of_the_nights_before() -> None:
    before = _said_after_a_leak()[: _LEAK_DAY * 48]

    assert not any(one.value > 0 for one in before)
