"""Faults that nobody scheduled come at their rate, are the same for the same seed, and fit what they befall."""

from __future__ import annotations

import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.drawn_faults import Rate, Subject, drawn_at, drawn_faults, subjects_of
from simulators.instruments import KINDS

YEAR = round(365.25 * 86_400) * SECOND
SUBJECTS = {
    **{f"gas-{number}": Subject({"ch4": 2.9, "tilt": 1.0}, is_asked=False) for number in range(20)},
    **{f"air-{number}": Subject({"co": 12.5}, is_asked=True) for number in range(20)},
}


def test_drawn_faults_follow_their_rate_and_their_seed() -> None:
    devices = {f"d{number}": ["a", "b"] for number in range(50)}

    drawn = drawn_faults(devices, start_ns=0, end_ns=YEAR, per_device_year=4.0, seed=1)
    again = drawn_faults(devices, start_ns=0, end_ns=YEAR, per_device_year=4.0, seed=1)

    assert [(f.time_ns, f.kind, f.device) for f in drawn] == [(f.time_ns, f.kind, f.device) for f in again]
    assert 150 < len(drawn) < 250
    assert all(0 <= fault.time_ns < YEAR for fault in drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_without_telling_how_much(kind: str) -> None:
    drawn = drawn_at([Rate(kind, 4.0)], SUBJECTS, start_ns=0, end_ns=YEAR, seed=3)

    befallen = {fault.device[:3] for fault in drawn}
    asked = {"exceptions": {"air"}, "saving": {"gas"}, "clock_jump": {"gas"}}
    assert befallen == asked.get(kind, {"gas", "air"})
    assert 2.5 < len(drawn) / (20 * len(befallen)) < 5.5
    assert all(fault.kind == kind and fault.seconds >= 3600.0 for fault in drawn)


def test_what_a_rate_tells_is_not_drawn() -> None:
    rate = Rate("drift", 50.0, device="gas-3", point="ch4", amount=-1.5, seconds=600.0)

    drawn = drawn_at([rate], SUBJECTS, start_ns=0, end_ns=YEAR, seed=3)

    assert len(drawn) > 25
    assert {(f.device, f.point, f.amount, f.seconds) for f in drawn} == {("gas-3", "ch4", -1.5, 600.0)}


def test_a_size_that_is_drawn_goes_by_what_the_point_shows() -> None:
    drawn = drawn_at([Rate("drift", 20.0, point="ch4")], SUBJECTS, start_ns=0, end_ns=YEAR, seed=3)

    sizes = [abs(fault.amount) for fault in drawn if fault.device.startswith("gas")]
    assert 0.05 * 2.9 <= min(sizes) < max(sizes) <= 0.2 * 2.9


def test_one_more_device_changes_nothing_for_the_others() -> None:
    rates = [Rate("stuck", 6.0), Rate("late", 6.0)]
    few = {name: subject for name, subject in SUBJECTS.items() if name != "gas-0"}

    all_of_them = drawn_at(rates, SUBJECTS, start_ns=0, end_ns=YEAR, seed=1)
    some = drawn_at(rates, few, start_ns=0, end_ns=YEAR, seed=1)

    assert [str(fault) for fault in all_of_them if fault.device != "gas-0"] == [str(fault) for fault in some]


def test_another_seed_draws_others() -> None:
    rates = [Rate("stuck", 6.0)]

    one = drawn_at(rates, SUBJECTS, start_ns=0, end_ns=YEAR, seed=1)

    assert one != drawn_at(rates, SUBJECTS, start_ns=0, end_ns=YEAR, seed=2)


@pytest.mark.parametrize(
    ("rate", "reason"),
    [
        ({"kind": "melted", "per_device_year": 1.0}, "is no fault of an instrument"),
        ({"kind": "stuck", "per_device_year": 0.0}, "per_device_year must be above 0"),
        ({"kind": "dropout", "per_device_year": 1.0, "amount": 2.0}, "a share below 1"),
        ({"kind": "stuck", "per_device_year": 1.0, "seconds": -1.0}, "lasts must be above 0"),
    ],
)
def test_an_impossible_rate_is_refused(rate: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Rate(**rate)  # type: ignore[arg-type] # what a file may hold


def test_a_site_tells_what_may_befall_its_devices(district: Inventory) -> None:
    subjects = subjects_of(district)

    assert subjects["meter-1"].is_asked
    assert not subjects["gas-1"].is_asked
    assert subjects["gas-1"].points["ch4"] == pytest.approx(2.9)
