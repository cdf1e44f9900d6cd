"""Ledgers to open, close and open again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.ledger import Ledger
from gateway.model import SECOND

NOW = 1_700_000_060 * SECOND


@pytest.fixture
def health() -> Health:
    """Return the conditions that the ledger reports."""
    return Health()


@pytest.fixture
def open_ledger(tmp_path: Path, health: Health) -> Iterator[Callable[[], Ledger]]:
    """Return a function that opens the ledger of this test, again and again; all are closed at the end."""
    opened: list[Ledger] = []

    def open_one() -> Ledger:
        ledger = Ledger.open(tmp_path / "ledger", site="demo", clock=FakeClock(NOW), health=health)
        opened.append(ledger)
        return ledger

    yield open_one
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger: Callable[[], Ledger]) -> Ledger:
    """Return an empty ledger."""
    return open_ledger()
