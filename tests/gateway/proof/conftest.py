"""Entries of a journal that was never on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from gateway.journal import Entry
from gateway.model import SECOND, Batch, Instant, Quarantine, Tick, batch_of

NOON = 1_700_006_400 * SECOND
"""The beginning of an hour."""
Row: TypeAlias = tuple[int, float]
MakeEntries: TypeAlias = Callable[..., list[Entry]]


def batch(second: float, *rows: Row) -> Batch:
    """Return a batch received at a second, of (channel, second) rows."""
    received = Instant(NOON + round(second * SECOND), round(second * SECOND), "boot")
    return batch_of([(channel, NOON + round(at * SECOND), 1.0, 1, 0) for channel, at in rows], received)


@pytest.fixture
def story() -> list[Entry]:
    """Three hours of two channels once a minute with a tick each, two redeliveries and a rejected message."""
    records: list[Batch | Tick | Quarantine] = []
    for minute in range(180):
        second = 60.0 * minute
        records += [batch(second, (1, second), (2, second)), Tick(NOON + round(second) * SECOND)]
    records.insert(100, batch(3_000.0, (1, 120.0), (2, 180.0)))
    records.append(Quarantine("broker a/b", "json", "", b"{", NOON + 7_200 * SECOND))
    return [Entry(number, record, record.received_ns) for number, record in enumerate(records, 1)]
