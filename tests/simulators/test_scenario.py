"""The demo's two days on the example site are quiet and alive; then its leak climbs the ladder."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.cli.demo import example_site
from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, Floats, Int64s
from gateway.settings import ModbusTcpSettings, MqttSettings, Site
from simulators.fleet import healthy_signals, utc_offset_seconds
from simulators.past import past_records
from simulators.recordings import dma_inflow
from simulators.scenario import leaking_channel, recorded_channel, staged_leak

START = 1_767_225_600 * SECOND
DAYS = 2 * 86_400


@pytest.fixture(scope="module")
def site() -> Site:
    return example_site()


@pytest.fixture(scope="module")
def inventory(site: Site) -> Inventory:
    return site.inventory


@pytest.fixture(scope="module")
def past(inventory: Inventory) -> dict[str, tuple[Int64s, Floats]]:
    """Channel → (times, values) of the two days, as the demo replays them."""
    signals = healthy_signals(inventory, at_ns=START)
    signals[recorded_channel(inventory).id] = dma_inflow(utc_offset_seconds(inventory, START))
    numbers = {channel: number for number, channel in enumerate(inventory.channels)}
    steps = past_records(inventory, signals, numbers, start_ns=START, end_ns=START + DAYS * SECOND)
    batches = [batch for _, (batch, _) in steps if isinstance(batch, Batch)]
    number = np.concatenate([batch.channel for batch in batches])
    time_ns = np.concatenate([batch.time_ns for batch in batches])
    value = np.concatenate([batch.value for batch in batches])
    return {name: (time_ns[number == mine], value[number == mine]) for name, mine in numbers.items()}


def test_the_district_is_large_enough_and_speaks_both_protocols(site: Site) -> None:
    assert len(site.inventory.channels) >= 60
    assert {asset.lifeline for asset in site.inventory.assets.values()} >= {
        "gas",
        "water",
        "drainage",
        "bridge",
        "tunnel",
    }
    assert any(isinstance(collector, MqttSettings) for collector in site.collectors.values())
    assert any(isinstance(collector, ModbusTcpSettings) for collector in site.collectors.values())


def test_no_value_of_two_days_touches_a_limit_or_leaves_its_span(
    inventory: Inventory, past: dict[str, tuple[Int64s, Floats]]
) -> None:
    for name, (_, value) in past.items():
        channel = inventory.channels[name]
        assert np.isfinite(value).all(), name
        if channel.span is not None:
            assert channel.span[0] <= value.min() <= value.max() <= channel.span[1], name
        for ladder in channel.ladders:
            for limit in ladder.rungs.values():
                if ladder.direction == "above":
                    assert value.max() < limit - ladder.deadband, (name, ladder.name)
                else:
                    assert value.min() > limit + ladder.deadband, (name, ladder.name)


def test_no_channel_of_two_days_is_stuck_or_silent(
    inventory: Inventory, past: dict[str, tuple[Int64s, Floats]]
) -> None:
    for name, (time_ns, value) in past.items():
        channel = inventory.channels[name]
        assert np.diff(time_ns).max() <= channel.report_seconds * SECOND, name
        if channel.stuck_seconds is not None:
            changed = time_ns[1:][np.diff(value) != 0.0]
            longest = np.diff(np.concatenate([time_ns[:1], changed, time_ns[-1:]])).max()
            assert longest < channel.stuck_seconds * SECOND, name


def test_the_leak_climbs_past_a_rung_and_stays_within_what_the_sensor_sees(inventory: Inventory) -> None:
    channel = leaking_channel(inventory)
    (ladder,) = (ladder for ladder in channel.ladders if ladder.hazard == "gas_leak")
    leak = staged_leak(channel, healthy_signals(inventory, at_ns=START)[channel.id], START)

    values = leak.at(START + np.arange(0, 120, 2, dtype=np.int64) * SECOND)

    assert values[0] < min(ladder.rungs.values())
    assert values[10:].min() > ladder.rungs["orange"] + ladder.deadband
    assert channel.span is not None
    assert values.max() <= channel.span[1]
