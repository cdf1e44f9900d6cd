"""The route that says how far each sensor passes QARTOD's tests: by its newest reading and the findings that stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, TypeAlias

from fastapi import APIRouter

from gateway.clock import to_iso
from gateway.duty_room.documents import Document
from gateway.duty_room.ports import DutyRoomPorts, LatestReading
from gateway.inventory import Channel
from gateway.model import Flag, Quality

TestName: TypeAlias = Literal["gross_range", "spike", "rate_of_change", "flat_line", "gap", "device_status", "clock"]

_NAMES: Mapping[str, TestName] = {
    "gross_range": "gross_range",
    "spike": "spike",
    "rate_of_change": "rate_of_change",
    "stuck": "flat_line",
    "silent": "gap",
    "device_status": "device_status",
    "clock": "clock",
}
"""Rule of a finding → the test's name."""
_SUSPECTED = frozenset({"spike", "rate_of_change", "clock"})
"""Tests that make readings suspect where the others fail them."""
_OF_SENSORS = frozenset({"sensor_fault", "sensor_silent"})
_MOST_WARNINGS = 10_000


class SensorDocument(Document):
    """One channel: QARTOD flags (1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing)."""

    channel: str
    time: str | None
    """Of the newest reading."""
    quality: int
    """Of the newest reading; 9 when there is none."""
    is_clamped: bool
    """Whether the newest reading is the edge of its span, for the sensor said more."""
    is_under_maintenance: bool
    tests: dict[TestName, int]
    worst: int
    """The worst of the tests."""


class SensorList(Document):
    """The sensors of the site."""

    sensors: list[SensorDocument]


def quality_routes(ports: DutyRoomPorts) -> APIRouter:
    """Return the route; it runs in a thread."""
    routes = APIRouter(prefix="/api/v1/quality")

    @routes.get("")
    def quality() -> SensorList:
        """Say how far each sensor passes its tests."""
        latest = ports.history.latest()
        standing = _standing(ports)
        return SensorList(
            sensors=[
                _sensor(channel, latest.get(ports.numbers.get(channel.id, -1)), standing[channel.id])
                for channel in ports.inventory.channels.values()
            ]
        )

    return routes


def _standing(ports: DutyRoomPorts) -> defaultdict[str, set[TestName]]:
    """Return the tests that each channel fails at present, by its findings."""
    channels = ports.inventory.channels
    of_device: defaultdict[str, list[str]] = defaultdict(list)
    for channel in channels.values():
        of_device[channel.device].append(channel.id)
    found: defaultdict[str, set[TestName]] = defaultdict(set)
    for warning in ports.ledger.warnings(limit=_MOST_WARNINGS):
        if warning.hazard not in _OF_SENSORS:
            continue
        for finding in warning.findings.values():
            name, known = _NAMES.get(finding.evidence.rule), channels.get(finding.evidence.channel)
            if name is None or known is None or not finding.level:
                continue
            # A clock is the device's, and one channel speaks for all.
            for each in of_device[known.device] if name == "clock" else [known.id]:
                found[each].add(name)
    return found


def _sensor(channel: Channel, newest: LatestReading | None, failing: set[TestName]) -> SensorDocument:
    flags = Flag.NONE if newest is None else Flag(newest.flags)
    evaluated: dict[TestName, bool] = {
        "gross_range": channel.span is not None and newest is not None,
        "spike": channel.spike_limit is not None,
        "rate_of_change": channel.rate_limit is not None,
        "flat_line": channel.stuck_seconds is not None,
        "gap": True,
        "device_status": newest is not None,
        "clock": newest is not None and not flags & Flag.NO_SOURCE_TIME,
    }
    tests: dict[TestName, int] = {}
    for name, is_evaluated in evaluated.items():
        bad = Quality.SUSPECT if name in _SUSPECTED else Quality.FAIL
        tests[name] = int(bad if name in failing else Quality.GOOD if is_evaluated else Quality.UNKNOWN)
    if flags & Flag.CLAMPED and tests["gross_range"] < Quality.SUSPECT:
        tests["gross_range"] = int(Quality.SUSPECT)
    if newest is None:
        tests["gap"] = int(Quality.MISSING)
    return SensorDocument(
        channel=channel.id,
        time=None if newest is None else to_iso(newest.time_ns),
        quality=int(Quality.MISSING) if newest is None else newest.quality,
        is_clamped=bool(flags & Flag.CLAMPED),
        is_under_maintenance=bool(flags & Flag.MAINTENANCE),
        tests=tests,
        worst=max(tests.values()),
    )
