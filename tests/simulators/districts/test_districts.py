from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import SECOND
from gateway.settings import check_site
from simulators.districts import PARTS, Term
from simulators.districts.site import site_text
from simulators.weather import Climate
from simulators.world import World

START = 1_749_945_600 * SECOND


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("lifeline", PARTS)
def test_a_part_of_any_size_is_a_site_without_a_fault(lifeline: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(site_text("town", [PARTS[lifeline](size)]))

    checked = check_site(path)

    assert checked.faults == ()
    assert checked.site is not None
    assert checked.site.inventory.channels


def test_all_parts_together_are_one_site_and_one_world(tmp_path: Path) -> None:
    parts = [build(2) for build in PARTS.values()]
    path = tmp_path / "site.yaml"
    path.write_text(site_text("town", parts))
    site = check_site(path).site
    assert site is not None
    term = Term(START, START + 86_400 * SECOND, 1, tmp_path)

    models = [model for part in parts for model in part.models(term)]
    with World(models, Climate(seed=1), START) as world:
        world.advance(START + 600 * SECOND)
        told = {(channel.asset, channel.quantity) for channel in site.inventory.channels.values()} & set(world.places)

    assert len(told) > 12
    assert {asset for part in parts for asset in part.kin} <= set(site.inventory.assets)
