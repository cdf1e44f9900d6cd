"""Ladders reach the channels they name, and a ladder that cannot work is said so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.settings import Checked

OWN = "  own: {channel: P-1.flow-1.flow, hazard: pipe_burst, rungs: {red: 400}, basis: B}\n"


def _ladders(checked: Checked, channel: str) -> list[str]:
    assert checked.site is not None
    return [ladder.name for ladder in checked.site.inventory.channels[channel].ladders]


def test_a_ladder_of_a_quantity_reaches_all_its_channels(right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right)

    assert _ladders(checked, "MH-1.gas-1.ch4") == ["gas"]
    assert _ladders(checked, "P-1.flow-1.flow") == ["high", "low"]
    assert _ladders(checked, "P-1.flow-1.velocity") == []


def test_a_ladder_of_a_channel_replaces_the_quantitys_of_its_hazard_and_direction(
    right: str, check: Callable[[str], Checked]
) -> None:
    checked = check(right + OWN)

    assert _ladders(checked, "P-1.flow-1.flow") == ["own", "low"]


def test_rungs_come_from_the_lowest_level_to_the_highest(right: str, check: Callable[[str], Checked]) -> None:
    site = check(right).site

    assert site is not None
    (ladder,) = site.inventory.channels["MH-1.gas-1.ch4"].ladders
    assert list(ladder.rungs.items()) == [("yellow", 20), ("red", 100)]


def test_a_ladder_may_judge_ahead_of_time(right: str, check: Callable[[str], Checked]) -> None:
    site = check(right.replace("hazard: gas_leak,", "hazard: gas_leak, ahead_seconds: 900,")).site

    assert site is not None
    (ladder,) = site.inventory.channels["MH-1.gas-1.ch4"].ladders
    assert ladder.ahead_seconds == 900


def test_a_ladder_of_the_shift_stands_beside_one_of_the_value(right: str, check: Callable[[str], Checked]) -> None:
    shift = "  drift: {quantity: combustible_gas, hazard: gas_leak, of: shift, rungs: {blue: 3}, basis: B}\n"

    assert _ladders(check(right + shift), "MH-1.gas-1.ch4") == ["gas", "drift"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "quantity: combustible_gas",
            "quantity: combustible_gas, of: shift, ahead_seconds: 60",
            "ahead_seconds means nothing to 'of: shift' (it is for value)",
        ),
        (
            "quantity: combustible_gas",
            "quantity: forecast_level, ahead_seconds: 60",
            "a quantity that is worked out is judged by its value, as it is (leave ahead_seconds out)",
        ),
        ("quantity: combustible_gas, ", "", "14:3: error: ladders.gas names neither a quantity nor a channel"),
        (
            "quantity: combustible_gas",
            "quantity: combustible_gas, channel: MH-1.gas-1.ch4",
            "names both a quantity and",
        ),
        ("quantity: combustible_gas", "channel: MH-1.gas-1.ch5", "there is no channel 'MH-1.gas-1.ch5' (did you mean"),
        ("combustible_gas", "combustable_gas", "unknown quantity 'combustable_gas' (did you mean 'combustible_gas'?)"),
        ("gas_leak", "gas_leek", "unknown hazard 'gas_leek' (did you mean 'gas_leak'?)"),
        ("yellow: 20", "yellow: 200", "14:67: error: ladders.gas: red must be above yellow 200, got 100"),
        ("yellow: 2}", "yellow: 2, red: 3}", "ladders.low: red must be below yellow 2, got 3 (direction is below)"),
        (
            "red: 100",
            "rad: 100",
            "ladders.gas.rungs: unknown key 'rad' (allowed are 'blue', 'yellow', 'orange' or 'red')",
        ),
        ("{red: 100, yellow: 20}", "{}", "ladders.gas.rungs must have at least 1 of them"),
        ("rungs: {orange: 300}, basis: B", "rungs: {orange: 300}", "ladders.high: 'basis' is missing"),
        ("direction: below, ", "", "ladders.low is about the same as ladders.high"),
        ("direction: below", "direction: down", "ladders.low.direction must be 'above' or 'below', got 'down'"),
        ("basis: B}", "basis: B, on_seconds: -1}", "on_seconds must be at least 0, got -1"),
    ],
)
def test_a_ladder_that_cannot_be_meant_is_a_fault(
    right: str, check: Callable[[str], Checked], old: str, new: str, fault: str
) -> None:
    assert old in right

    checked = check(right.replace(old, new, 1))

    assert len(checked.faults) == 1
    assert fault in str(checked.faults[0])


@pytest.mark.parametrize(
    ("ladder", "warning"),
    [
        ("{quantity: oxygen, hazard: air_hazard, rungs: {red: 1}, basis: B}", "ladders.x applies to no channel"),
        (
            "{quantity: velocity, hazard: pipe_burst, rungs: {red: 99}, basis: B}",
            "red at 99 is outside the span of P-1.flow-1.velocity (no good reading gets there)",
        ),
        (
            "{quantity: immersion, hazard: flooding, rungs: {red: 1}, deadband: 2, basis: B}",
            "with this deadband a warning on MH-1.gas-1.immersion can never end",
        ),
    ],
)
def test_a_ladder_that_can_do_nothing_is_warned_of(
    right: str, check: Callable[[str], Checked], ladder: str, warning: str
) -> None:
    checked = check(f"{right}  x: {ladder}\n")

    assert checked.site is not None
    assert [warning in found.message + f" ({found.hint})" for found in checked.warnings] == [True]


def test_a_device_at_fault_is_not_held_against_its_channels(right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right.replace("water/tuf2000m", "water/none") + OWN)

    assert len(checked.faults) == 1
