"""How each Modbus model would be asked: no hole is touched, nothing is split, and what must be alone is."""

from __future__ import annotations

import pytest

from gateway.codecs.modbus_plan import RegisterBlock, plan
from gateway.profiles import Profile, load_profiles

MODBUS = [pytest.param(profile, id=name) for name, profile in load_profiles().items() if profile.protocol == "modbus"]


def planned(profile: Profile) -> list[RegisterBlock]:
    return list(
        plan(profile.points.values(), profile.max_gap_registers, profile.max_block_registers, hints=profile.modbus)
    )


@pytest.mark.parametrize("profile", MODBUS)
def test_every_point_is_asked_for_once(profile: Profile) -> None:
    asked = [point.name for block in planned(profile) for point in block.points]

    assert sorted(asked) == sorted(profile.points)


@pytest.mark.parametrize("profile", MODBUS)
def test_no_forbidden_register_is_touched(profile: Profile) -> None:
    touched = {
        (block.kind, address)
        for block in planned(profile)
        for address in range(block.address, block.address + block.count)
    }

    forbidden = {
        (hole.kind, address) for hole in profile.modbus.forbidden for address in range(hole.first, hole.last + 1)
    }
    assert not touched & forbidden


@pytest.mark.parametrize("profile", MODBUS)
def test_what_must_be_alone_is_asked_for_alone(profile: Profile) -> None:
    for block in planned(profile):
        names = [point.name for point in block.points if point.is_alone]

        assert not names or len(block.points) == 1


@pytest.mark.parametrize("profile", [param for param in MODBUS if param.values[0].modbus.statuses])  # type: ignore[union-attr]
def test_a_status_is_asked_for_at_least_as_often_as_what_it_judges(profile: Profile) -> None:
    order = ("fast", "normal", "slow")

    for rule in profile.modbus.statuses:
        judged = [order.index(profile.points[name].poll) for name in rule.of]

        assert order.index(profile.points[rule.point].poll) <= min(judged)
