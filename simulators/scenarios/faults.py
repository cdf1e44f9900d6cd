"""The faults of a scenario's instruments: those that are written and those that are drawn, each of what there is.

A fault of a line befalls every device behind its Modbus connection, and has a window for each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from gateway.inventory import Inventory
from simulators.drawn_faults import Rate, Subject, can_have, drawn_at, drawn_faults, subjects_of
from simulators.instruments import OF_LINES, Fault

if TYPE_CHECKING:
    from simulators.scenarios.scenario import Scenario


def faults_of(scenario: Scenario, inventory: Inventory) -> list[Fault]:
    """Return every fault of a scenario; ConfigError names the line of one that cannot be."""
    subjects = subjects_of(inventory)
    for number, fault in enumerate(scenario.faults):
        _check(scenario, f"instruments.{number}", subjects, fault)
    for number, rate in enumerate(scenario.drawn):
        if rate.device is not None:
            _check(scenario, f"drawn.{number}", subjects, rate)
    span = {"start_ns": scenario.start_ns, "end_ns": scenario.end_ns, "seed": scenario.seed}
    points = {name: list(subject.points) for name, subject in subjects.items() if subject.points}
    common = drawn_faults(points, per_device_year=scenario.faults_per_device_year, **span)
    return list(_on_lines([*scenario.faults, *common, *drawn_at(scenario.drawn, subjects, **span)], inventory))


def _check(scenario: Scenario, place: str, subjects: Mapping[str, Subject], one: Fault | Rate) -> None:
    subject = subjects.get(one.device or "")
    if subject is None:
        raise scenario.fault(place, f"there is no device {one.device!r}; there are {', '.join(subjects)}")
    if one.point is not None and one.point not in subject.points:
        raise scenario.fault(place, f"{one.device} has no point {one.point!r}; it has {', '.join(subject.points)}")
    if not can_have(one.kind, subject):
        said = "is asked by the gateway" if subject.is_asked else "reports by itself"
        raise scenario.fault(place, f"{one.kind} cannot befall {one.device}, which {said}")


def _on_lines(faults: Iterable[Fault], inventory: Inventory) -> Iterator[Fault]:
    for fault in faults:
        device = inventory.devices[fault.device]
        yield fault
        if fault.kind in OF_LINES and device.profile.protocol == "modbus":
            for other in inventory.devices.values():
                if other.collector == device.collector and other.id != device.id:
                    yield dataclasses.replace(fault, device=other.id)
