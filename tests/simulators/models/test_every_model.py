from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gateway.model import SECOND
from gateway.units import QUANTITIES
from simulators.models.bridge import TILT_ACROSS
from simulators.models.contract import Event, Model
from simulators.weather import Climate
from simulators.world import World

HOUR = 3600 * SECOND
START = 1_750_032_000 * SECOND
KINDS = {
    "gas_spaces": ("biogas", 10.0),
    "bridge": ("damage", 5.0),
    "slope": ("creep", 10.0),
    "road_tunnel": ("jam", 4.0),
    "utility_tunnel": ("flooding", 30.0),
    "road": ("washout", 3.0),
}


def _course(model: Model, kind: str, amount: float) -> bytes:
    world = World([model], Climate(seed=2), START)
    world.stage(Event(START + 600 * SECOND, kind, "A", amount, 3600.0))
    world.advance(START + HOUR, keep_ns=HOUR)
    return np.array(world._values[0]).tobytes()


@pytest.mark.parametrize("name", KINDS)
def test_the_same_seed_gives_the_same_truth_to_the_byte(name: str, tell: Any) -> None:
    first = _course(tell(name, seed=7).model, *KINDS[name])
    again = _course(tell(name, seed=7).model, *KINDS[name])
    other = _course(tell(name, seed=8).model, *KINDS[name])

    assert first == again
    assert first != other


@pytest.mark.parametrize("name", KINDS)
def test_every_value_is_a_number_of_a_known_quantity(name: str, tell: Any) -> None:
    story = tell(name)
    story.at(2.0, "none")

    last = story.world._values[0][-1]

    assert np.isfinite(last).all()
    assert {quantity for _, quantity in story.model.places} <= {*QUANTITIES, TILT_ACROSS}


@pytest.mark.parametrize("name", KINDS)
def test_what_cannot_happen_is_refused(name: str, tell: Any) -> None:
    story = tell(name)

    with pytest.raises(ValueError, match="cannot happen here"):
        story.happens(1, "meteorite", 3)
    with pytest.raises(ValueError, match="no such asset"):
        story.happens(1, KINDS[name][0], 3, asset="nowhere", hours=1)
    with pytest.raises(ValueError, match=r"above \d, got -3"):
        story.happens(1, KINDS[name][0], -3, hours=1)
    assert story.world.windows == []
