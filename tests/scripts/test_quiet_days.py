"""The demo's district on ordinary days: nobody on duty is told anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.demo import example_site
from gateway.detection import Detection
from gateway.early_warning import Finding
from gateway.health import Health
from gateway.journal import Entry
from gateway.model import SECOND
from simulators.fleet import healthy_signals, utc_offset_seconds
from simulators.past import past_records
from simulators.recordings import dma_inflow
from simulators.scenario import recorded_channel

NOW = 1_790_000_000 * SECOND
TWO_DAYS = 2 * 86_400 * SECOND


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["", "another"])
def test_two_healthy_days_of_the_demo_give_no_finding(tmp_path: Path, seed: str) -> None:
    inventory = example_site().inventory
    numbers = {name: number for number, name in enumerate(inventory.channels, 1)}
    signals = healthy_signals(inventory, at_ns=NOW, seed=seed)
    signals[recorded_channel(inventory).id] = dma_inflow(utc_offset_seconds(inventory, NOW))
    said: list[Finding] = []
    detection = Detection.open(
        tmp_path, inventory=inventory, numbers=numbers, record_findings=said.extend, health=Health()
    )

    position = 0
    for received_ns, records in past_records(inventory, signals, numbers, start_ns=NOW - TWO_DAYS, end_ns=NOW):
        entries = [Entry(position + number, record, received_ns) for number, record in enumerate(records, 1)]
        position += len(entries)
        detection.apply(entries)
    detection.close()

    assert said == []
