"""What is staged in the demo's district is seen by the whole chain of detection, and by the right hazard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.cli.demo import example_site
from gateway.detection import Detection
from gateway.early_warning import Finding
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.journal import Entry
from gateway.model import SECOND
from simulators.fleet import healthy_signals
from simulators.past import past_records
from simulators.staging import STORIES, Staging

NOW = 1_790_000_000 * SECOND
HOUR = 3600 * SECOND


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return example_site().inventory


def _hazards(folder: Path, inventory: Inventory, word: str) -> set[tuple[str, str]]:
    """Return the hazards that are found within three hours in which a story is staged after the first."""
    signals = healthy_signals(inventory, at_ns=NOW)
    bent, _ = Staging(inventory, signals).stage(word, NOW)
    numbers = {name: number for number, name in enumerate(inventory.channels, 1)}
    said: list[Finding] = []
    detection = Detection.open(
        folder, inventory=inventory, numbers=numbers, record_findings=said.extend, health=Health()
    )
    position = 0
    steps = past_records(
        inventory, signals | bent, numbers, start_ns=NOW - HOUR, end_ns=NOW + HOUR, period_seconds=10.0
    )
    for received_ns, records in steps:
        entries = [Entry(position + number, record, received_ns) for number, record in enumerate(records, 1)]
        position += len(entries)
        detection.apply(entries)
    detection.close()
    return {(finding.hazard, finding.asset) for finding in said}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "hazards"),
    [
        ("gas", {("gas_leak", "MH-0231")}),
        ("storm", {("waterlogging", "UP-1"), ("sewer_overflow", "SW-118")}),
        ("burst", {("pressure_abnormal", "P-17"), ("road_collapse", "RD-5")}),
    ],
)
def test_a_story_is_seen(inventory: Inventory, tmp_path: Path, word: str, hazards: set[tuple[str, str]]) -> None:
    assert hazards <= _hazards(tmp_path, inventory, word)


@pytest.mark.parametrize("word", STORIES)
def test_nothing_is_bent_before_its_time_and_all_stays_within_the_spans(inventory: Inventory, word: str) -> None:
    signals = healthy_signals(inventory, at_ns=NOW)
    before = NOW - np.arange(1, 600, 7, dtype=np.int64) * SECOND
    after = NOW + np.arange(0, 10_000, 60, dtype=np.int64) * SECOND

    bent, told = Staging(inventory, signals).stage(word, NOW)

    assert bent
    assert told
    for name, signal in bent.items():
        span = inventory.channels[name].span or (-np.inf, np.inf)
        values = signal.at(after)
        assert np.array_equal(signal.at(before), signals[name].at(before)), name
        assert span[0] <= values.min() <= values.max() <= span[1], name


def test_each_leak_takes_another_manhole(inventory: Inventory) -> None:
    staging = Staging(inventory, healthy_signals(inventory, at_ns=NOW))

    channels = [next(iter(staging.stage("gas", NOW)[0])) for _ in range(3)]

    assert len(set(channels)) == 3
