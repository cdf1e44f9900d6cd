"""The past is the live fleet's curve, a batch and a tick a minute."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND, Batch, Quality, Tick
from simulators.devices import resolved
from simulators.fleet import healthy_signals
from simulators.past import past_records

NEW_YEAR = 1_767_225_600 * SECOND


@pytest.fixture
def numbers(district: Inventory) -> dict[str, int]:
    return {channel: number for number, channel in enumerate(district.channels, start=1)}


def test_each_minute_gives_every_channel_once_and_then_a_tick(district: Inventory, numbers: dict[str, int]) -> None:
    signals = healthy_signals(district, at_ns=NEW_YEAR)

    steps = list(past_records(district, signals, numbers, start_ns=NEW_YEAR, end_ns=NEW_YEAR + 600 * SECOND))

    assert [(received - NEW_YEAR) // SECOND for received, _ in steps] == [60 * minute for minute in range(1, 11)]
    for received, (batch, tick) in steps:
        assert isinstance(batch, Batch)
        assert tick == Tick(received)
        assert sorted(batch.channel.tolist()) == sorted(numbers.values())
        assert (batch.quality == Quality.GOOD).all()
        assert (np.diff(batch.time_ns) >= 0).all()
        assert batch.time_ns.max() <= received == batch.received_ns
        assert batch.time_ns.min() > received - 3 * SECOND


def test_it_holds_what_the_device_would_have_sent(district: Inventory, numbers: dict[str, int]) -> None:
    signals = healthy_signals(district, at_ns=NEW_YEAR)
    channel = "A-meter-1.meter-1.total"

    ((_, (batch, _)),) = past_records(district, signals, numbers, start_ns=NEW_YEAR, end_ns=NEW_YEAR + 60 * SECOND)

    assert isinstance(batch, Batch)
    row = batch.channel.tolist().index(numbers[channel])
    true = float(signals[channel].at(batch.time_ns[row : row + 1])[0])
    point = district.devices["meter-1"].profile.points["total"]
    assert batch.value[row] == resolved(point, true) == round(true)


def test_a_cut_past_is_the_same_past(district: Inventory, numbers: dict[str, int]) -> None:
    signals = healthy_signals(district, at_ns=NEW_YEAR)
    middle, end = NEW_YEAR + 300 * SECOND, NEW_YEAR + 600 * SECOND

    whole = list(past_records(district, signals, numbers, start_ns=NEW_YEAR, end_ns=end))
    halves = [
        *past_records(district, signals, numbers, start_ns=NEW_YEAR, end_ns=middle),
        *past_records(district, signals, numbers, start_ns=middle, end_ns=end),
    ]

    assert [received for received, _ in halves] == [received for received, _ in whole]
    for (_, (half, _)), (_, (full, _)) in zip(halves, whole, strict=True):
        assert isinstance(half, Batch)
        assert isinstance(full, Batch)
        assert half.value.tolist() == full.value.tolist()
        assert half.time_ns.tolist() == full.time_ns.tolist()
