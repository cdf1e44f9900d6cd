"""Real brokers and a recording journal for the collectors' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from tests.gateway.collectors.rig import Broker, RecordingJournal, WatchedHealth


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request: pytest.FixtureRequest, need: Callable[[str], str], tmp_path: Path) -> Iterator[Broker]:
    """Each real broker in turn."""
    if request.param == "nats":
        with NatsBroker(tmp_path / "nats", ack_wait_seconds=2) as nats:
            yield nats
    else:
        with MosquittoBroker(need("mosquitto"), tmp_path / "mosquitto") as mosquitto:
            yield mosquitto


@pytest.fixture
async def health() -> WatchedHealth:
    return WatchedHealth()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
async def journal() -> RecordingJournal:
    return RecordingJournal()
