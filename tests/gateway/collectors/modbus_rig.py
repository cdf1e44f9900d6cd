"""Modbus devices with hand-made profiles, for the collectors' tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gateway.collectors import CollectedDevice
from gateway.inventory import Device, WriteRule
from gateway.profiles import ModbusHints, Point, Profile, RegisterKind, RegisterPlace, RegisterType
from tests.gateway.collectors.rig import RecordingJournal


def point(
    name: str, address: int, kind: RegisterKind = "holding", of: RegisterType = "uint16", words: int = 1, **more: object
) -> Point:
    place = RegisterPlace(kind, address, of, words=words)
    return Point(name, "count", "1", place, **more)  # type: ignore[arg-type] # a table of keywords


def profile(*points: Point, hints: ModbusHints | None = None, max_gap: int = 8) -> Profile:
    return Profile(
        id="water/made_up",
        title="",
        lifeline="water",
        protocol="modbus",
        source="made up",
        points={each.name: each for each in points},
        frames=(),
        max_gap_registers=max_gap,
        modbus=hints or ModbusHints(),
    )


def device(
    unit: int, model: Profile, *, station: str | None = None, writes: Mapping[str, WriteRule] | None = None
) -> CollectedDevice:
    """Device unit-<n>, whose channels are 10 x n + 1, 2, 3 in the order of its points that are numbers."""
    numbers = [each.name for each in model.points.values() if not each.is_text]
    return CollectedDevice(
        Device(f"unit-{unit}", model, "line", "P-1", unit, station, writes or {}),
        {name: 10 * unit + place for place, name in enumerate(numbers, start=1)},
    )


def seen(journal: RecordingJournal) -> Counter[int]:
    """How many rows of each channel are durable."""
    return Counter(channel for channel, _, _ in journal.rows)
